#include "common/auth/evidence.hpp"

namespace defender::auth {

std::string_view to_string(SpfResult result) noexcept {
    switch (result) {
        case SpfResult::none:
            return "none";
        case SpfResult::neutral:
            return "neutral";
        case SpfResult::pass:
            return "pass";
        case SpfResult::fail:
            return "fail";
        case SpfResult::softfail:
            return "softfail";
        case SpfResult::temperror:
            return "temperror";
        case SpfResult::permerror:
            return "permerror";
    }
    return "?";
}

std::string_view to_string(SpfScope scope) noexcept {
    switch (scope) {
        case SpfScope::mail_from:
            return "mfrom";
        case SpfScope::helo:
            return "helo";
    }
    return "?";
}

std::string_view to_string(DkimResult result) noexcept {
    switch (result) {
        case DkimResult::pass:
            return "pass";
        case DkimResult::fail:
            return "fail";
        case DkimResult::neutral:
            return "neutral";
        case DkimResult::policy:
            return "policy";
        case DkimResult::temperror:
            return "temperror";
        case DkimResult::permerror:
            return "permerror";
    }
    return "?";
}

std::string_view to_string(PolicyOutcome outcome) noexcept {
    switch (outcome) {
        case PolicyOutcome::found:
            return "found";
        case PolicyOutcome::none:
            return "none";
        case PolicyOutcome::temperror:
            return "temperror";
    }
    return "?";
}

std::string_view to_string(DomainExistence existence) noexcept {
    switch (existence) {
        case DomainExistence::not_known:
            return "not_known";
        case DomainExistence::exists:
            return "exists";
        case DomainExistence::does_not_exist:
            return "does_not_exist";
        case DomainExistence::failed:
            return "failed";
    }
    return "?";
}

std::string_view to_string(WalkAnswer answer) noexcept {
    switch (answer) {
        case WalkAnswer::nothing:
            return "nothing";
        case WalkAnswer::discarded:
            return "discarded";
        case WalkAnswer::record:
            return "record";
        case WalkAnswer::record_without_policy:
            return "record_without_policy";
        case WalkAnswer::failed:
            return "failed";
        case WalkAnswer::not_known:
            return "not_known";
    }
    return "?";
}

std::string_view to_string(ArcResult result) noexcept {
    switch (result) {
        case ArcResult::none:
            return "none";
        case ArcResult::pass:
            return "pass";
        case ArcResult::fail:
            return "fail";
        case ArcResult::temperror:
            return "temperror";
    }
    return "?";
}

std::string_view to_string(ArcVerdict verdict) noexcept {
    switch (verdict) {
        case ArcVerdict::unchecked:
            return "unchecked";
        case ArcVerdict::pass:
            return "pass";
        case ArcVerdict::fail:
            return "fail";
        case ArcVerdict::temperror:
            return "temperror";
    }
    return "?";
}

std::string_view to_string(ForwarderStatus status) noexcept {
    switch (status) {
        case ForwarderStatus::unknown:
            return "unknown";
        case ForwarderStatus::learned:
            return "learned";
        case ForwarderStatus::confirmed:
            return "confirmed";
        case ForwarderStatus::denied:
            return "denied";
    }
    return "?";
}

}  // namespace defender::auth
