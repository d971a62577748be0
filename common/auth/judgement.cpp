#include "common/auth/judgement.hpp"

namespace defender::auth {

std::string_view to_string(DmarcResult result) noexcept {
    switch (result) {
        case DmarcResult::none:
            return "none";
        case DmarcResult::pass:
            return "pass";
        case DmarcResult::fail:
            return "fail";
        case DmarcResult::temperror:
            return "temperror";
        case DmarcResult::permerror:
            return "permerror";
    }
    return "?";
}

std::string_view to_string(DiscoveryMethod method) noexcept {
    switch (method) {
        case DiscoveryMethod::psl:
            return "psl";
        case DiscoveryMethod::treewalk:
            return "treewalk";
    }
    return "?";
}

std::string_view to_string(Disposition disposition) noexcept {
    switch (disposition) {
        case Disposition::none:
            return "none";
        case Disposition::quarantine:
            return "quarantine";
        case Disposition::reject:
            return "reject";
    }
    return "?";
}

std::string_view to_string(Action action) noexcept {
    switch (action) {
        case Action::accept:
            return "accept";
        case Action::tag:
            return "tag";
        case Action::hold:
            return "hold";
        case Action::reject:
            return "reject";
        case Action::tempfail:
            return "tempfail";
    }
    return "?";
}

std::string_view to_string(Exemption exemption) noexcept {
    switch (exemption) {
        case Exemption::no:
            return "no";
        case Exemption::trusted_network:
            return "trusted_network";
        case Exemption::authenticated:
            return "authenticated";
        case Exemption::local_client:
            return "local_client";
    }
    return "?";
}

std::string_view to_string(OverrideType type) noexcept {
    switch (type) {
        case OverrideType::forwarded:
            return "forwarded";
        case OverrideType::sampled_out:
            return "sampled_out";
        case OverrideType::trusted_forwarder:
            return "trusted_forwarder";
        case OverrideType::mailing_list:
            return "mailing_list";
        case OverrideType::local_policy:
            return "local_policy";
        case OverrideType::other:
            return "other";
        case OverrideType::policy_test_mode:
            return "policy_test_mode";
    }
    return "?";
}

}  // namespace defender::auth
