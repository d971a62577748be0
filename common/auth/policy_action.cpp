#include "common/auth/policy_action.hpp"

#include "common/auth/arc_override.hpp"
#include "common/auth/citations.hpp"
#include "common/auth/indirect_mail.hpp"
#include "common/auth/policy_override.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

/// What a setting makes of what was wanted; `setting` names it for the trace and the reason.
struct Mapped {
    Action action = Action::accept;
    std::string setting;
    OverrideType reason = OverrideType::local_policy;  ///< where that is not what was wanted
};

Mapped map_quarantine(const config::PolicySettings& policy) {
    switch (policy.on_quarantine) {
        case config::OnQuarantine::hold:
            return {Action::hold, "policy.on_quarantine = hold"};
        case config::OnQuarantine::tag:
            return {Action::tag, "policy.on_quarantine = tag"};
        case config::OnQuarantine::reject:
            return {Action::reject, "policy.on_quarantine = reject"};
        case config::OnQuarantine::accept:
            return {Action::accept, "policy.on_quarantine = accept"};
    }
    return {};
}

Mapped quarantine_instead(const std::string& setting, const config::PolicySettings& policy) {
    auto mapped = map_quarantine(policy);
    mapped.setting = setting + ", " + mapped.setting;
    return mapped;
}

/// Refused, unless there is a sign of indirect mail.
Mapped judge_reject(const PolicyEvidence& policy, const Evidence& evidence, const JudgeSettings& settings,
                    std::vector<TraceStep>& trace) {
    const auto signs = signs_of_indirect_mail(policy, evidence, settings);
    std::string seen;
    for (const auto& sign : signs.found) seen += (seen.empty() ? "" : ", ") + sign.text;
    if (!signs.not_counted.empty()) seen = "do not count: " + signs.not_counted;
    trace.push_back({"RFC 9989 7.4", "signs of indirect mail: " + (seen.empty() ? "none" : seen)});
    if (signs.found.empty()) return {Action::reject, "policy.on_reject = judge"};
    const auto& sign = signs.found.front();
    auto mapped = quarantine_instead("policy.on_reject = judge (" + sign.text + ")", settings.policy);
    mapped.reason = sign.reason;
    return mapped;
}

/// What the setting means by the standard.
config::OnReject on_reject(const JudgeSettings& settings) {
    if (settings.policy.on_reject != config::OnReject::by_standard) return settings.policy.on_reject;
    return settings.standard == config::DmarcStandard::rfc9989 ? config::OnReject::judge
                                                               : config::OnReject::reject;
}

Mapped map_reject(const PolicyEvidence& policy, const Evidence& evidence, const JudgeSettings& settings,
                  std::vector<TraceStep>& trace) {
    switch (on_reject(settings)) {
        case config::OnReject::judge:
            return judge_reject(policy, evidence, settings, trace);
        case config::OnReject::tag:
            return {Action::tag, "policy.on_reject = tag"};
        case config::OnReject::accept:
            return {Action::accept, "policy.on_reject = accept"};
        case config::OnReject::quarantine:
            return quarantine_instead("policy.on_reject = quarantine", settings.policy);
        case config::OnReject::reject:
        case config::OnReject::by_standard:
            break;
    }
    return {Action::reject, "policy.on_reject = reject"};
}

Mapped map(Policy wanted, const PolicyEvidence& policy, const Evidence& evidence,
           const JudgeSettings& settings, std::vector<TraceStep>& trace) {
    switch (wanted) {
        case Policy::none:
            return {Action::accept, "p=none"};
        case Policy::quarantine:
            return map_quarantine(settings.policy);
        case Policy::reject:
            return map_reject(policy, evidence, settings, trace);
    }
    return {};
}

Disposition wanted_disposition(Policy wanted) {
    switch (wanted) {
        case Policy::none:
            return Disposition::none;
        case Policy::quarantine:
            return Disposition::quarantine;
        case Policy::reject:
            return Disposition::reject;
    }
    return Disposition::none;
}

/// Takes the action, and gives the reason where that is not what was wanted.
void take(PolicyAction& result, const Mapped& mapped, Disposition wanted, std::vector<TraceStep>& trace) {
    result.action = mapped.action;
    result.disposition = disposition_of(mapped.action);
    if (result.disposition != wanted) result.overrides.push_back({mapped.reason, mapped.setting});
    trace.push_back({mapped.setting.substr(0, mapped.setting.find(' ')),
                     mapped.setting + ": " + std::string(to_string(mapped.action)) + ", disposition " +
                         std::string(to_string(result.disposition))});
}

Policy sample(PolicyAction& result, Policy requested, unsigned percent, unsigned draw,
              std::vector<TraceStep>& trace) {
    if (requested == Policy::none || percent >= 100) return requested;
    const std::string said = "draw " + std::to_string(draw) + " of 0..99, pct=" + std::to_string(percent);
    if (draw < percent) {
        trace.push_back({"RFC 7489 6.6.4", said + ": sampled, the policy applies"});
        return requested;
    }
    const auto milder = one_step_down(requested);
    result.overrides.push_back({OverrideType::sampled_out, "pct=" + std::to_string(percent)});
    trace.push_back({"RFC 7489 6.6.4", said + ": not sampled, " + std::string(to_string(milder)) +
                                           " instead of " + std::string(to_string(requested))});
    return milder;
}

Policy test(PolicyAction& result, const DomainJudgement& domain, std::vector<TraceStep>& trace) {
    if (!domain.testing || domain.requested == Policy::none) return domain.requested;
    const auto milder = one_step_down(domain.requested);
    result.overrides.push_back({OverrideType::policy_test_mode, "t=y"});
    trace.push_back({std::string(citations(config::DmarcStandard::rfc9989).lowered),
                     "t=y, the policy is being tested: " + std::string(to_string(milder)) + " instead of " +
                         std::string(to_string(domain.requested))});
    return milder;
}

/// What is left to do of the policy: sampling for RFC 7489, test mode for RFC 9989, which has no sampling.
Policy lower(PolicyAction& result, const DomainJudgement& domain, const PolicyEvidence& policy,
             const Evidence& evidence, std::vector<TraceStep>& trace) {
    if (domain.discovery == DiscoveryMethod::treewalk) return test(result, domain, trace);
    return sample(result, domain.requested, policy.record.percent, evidence.draw, trace);
}

std::string_view to_string(config::OverrideAction action) noexcept {
    switch (action) {
        case config::OverrideAction::accept:
            return "accept";
        case config::OverrideAction::tag:
            return "tag";
        case config::OverrideAction::quarantine:
            return "quarantine";
        case config::OverrideAction::reject:
            return "reject";
    }
    return "?";
}

PolicyAction apply_override(const config::PolicyOverride& entry, std::size_t index,
                            const config::PolicySettings& policy, std::vector<TraceStep>& trace) {
    PolicyAction result;
    const std::string said = std::string(to_string(entry.action)) + ", reason " +
                             std::string(auth::to_string(override_type(entry.reason)));
    result.overrides.push_back({override_type(entry.reason), entry.comment});
    trace.push_back({"policy.override",
                     "entry " + std::to_string(index + 1) + " matches: " + said +
                         (entry.comment.empty() ? "" : " (" + text::printable(entry.comment, 256) + ")")});
    switch (entry.action) {
        case config::OverrideAction::accept:
            take(result, {Action::accept, "policy.override action accept"}, Disposition::none, trace);
            break;
        case config::OverrideAction::tag:
            take(result, {Action::tag, "policy.override action tag"}, Disposition::quarantine, trace);
            break;
        case config::OverrideAction::quarantine:
            take(result, map_quarantine(policy), Disposition::quarantine, trace);
            break;
        case config::OverrideAction::reject:
            take(result, {Action::reject, "policy.override action reject"}, Disposition::reject, trace);
            break;
    }
    return result;
}

/// Lets the message in where a chain of trusted sealers vouches for it (RFC 8617 section 7.2). Says nothing
/// where the policy asks for nothing.
std::optional<PolicyAction> apply_arc(const DomainJudgement& domain, const Evidence& evidence,
                                      const JudgeSettings& settings, std::vector<TraceStep>& trace) {
    if (domain.requested == Policy::none) return std::nullopt;
    auto trust = arc_trust(evidence.arc, settings.trust.arc_sealers, domain.author_domain);
    if (!trust.explanation.empty()) trace.push_back({"RFC 8617 7.2", std::move(trust.explanation)});
    if (!trust.passed) return std::nullopt;
    PolicyAction result;
    result.overrides.push_back({OverrideType::local_policy, std::move(trust.comment)});
    take(result, {Action::accept, "trust.arc_sealers"}, Disposition::none, trace);
    return result;
}

PolicyAction apply_to_failure(const DomainJudgement& domain, const PolicyEvidence& policy,
                              const Evidence& evidence, const JudgeSettings& settings,
                              std::vector<TraceStep>& trace) {
    const auto& overrides = settings.policy.overrides;
    if (const auto index = find_override(overrides, domain.author_domain, evidence, settings.partial_body)) {
        return apply_override(overrides[*index], *index, settings.policy, trace);
    }
    if (auto vouched_for = apply_arc(domain, evidence, settings, trace)) return std::move(*vouched_for);
    PolicyAction result;
    const auto wanted = lower(result, domain, policy, evidence, trace);
    if (wanted == Policy::none) {
        trace.push_back({std::string(citations(settings.standard).action),
                         "no action is asked for: accept, disposition none"});
        return result;
    }
    take(result, map(wanted, policy, evidence, settings, trace), wanted_disposition(wanted), trace);
    return result;
}

Mapped map_malformed(const config::PolicySettings& policy) {
    switch (policy.on_malformed_from) {
        case config::OnMalformedFrom::reject:
            return {Action::reject, "policy.on_malformed_from = reject"};
        case config::OnMalformedFrom::tag:
            return {Action::tag, "policy.on_malformed_from = tag"};
        case config::OnMalformedFrom::accept:
            return {Action::accept, "policy.on_malformed_from = accept"};
        case config::OnMalformedFrom::quarantine:
            break;
    }
    return quarantine_instead("policy.on_malformed_from = quarantine", policy);
}

}  // namespace

Disposition disposition_of(Action action) noexcept {
    switch (action) {
        case Action::accept:
        case Action::tempfail:
            return Disposition::none;
        case Action::tag:
        case Action::hold:
            return Disposition::quarantine;
        case Action::reject:
            return Disposition::reject;
    }
    return Disposition::none;
}

Policy one_step_down(Policy policy) noexcept {
    return policy == Policy::reject ? Policy::quarantine : Policy::none;
}

PolicyAction apply_policy(const DomainJudgement& domain, const PolicyEvidence& policy,
                          const Evidence& evidence, const JudgeSettings& settings,
                          std::vector<TraceStep>& trace) {
    switch (domain.result) {
        case DmarcResult::fail:
            return apply_to_failure(domain, policy, evidence, settings, trace);
        case DmarcResult::temperror:
            return apply_on_temperror(settings.policy, trace);
        case DmarcResult::none:
        case DmarcResult::pass:
        case DmarcResult::permerror:
            break;
    }
    return {};
}

PolicyAction apply_on_temperror(const config::PolicySettings& policy, std::vector<TraceStep>& trace) {
    PolicyAction result;
    const bool later = policy.on_temperror == config::OnTemperror::tempfail;
    result.action = later ? Action::tempfail : Action::accept;
    trace.push_back({"policy.on_temperror", std::string("no policy is applied after a temporary error: ") +
                                                (later ? "tempfail" : "accept")});
    return result;
}

PolicyAction apply_on_malformed_from(const config::PolicySettings& policy, const std::string& reason,
                                     std::vector<TraceStep>& trace) {
    PolicyAction result;
    const auto mapped = map_malformed(policy);
    take(result, mapped, disposition_of(mapped.action), trace);
    result.overrides.push_back({OverrideType::local_policy, reason});
    return result;
}

void only_monitor(PolicyAction& action, std::vector<TraceStep>& trace) {
    if (action.action != Action::accept) {
        trace.push_back({"policy.mode", "monitor: accept; enforce would have given " +
                                            std::string(to_string(action.action))});
    }
    if (action.disposition != Disposition::none) {
        action.overrides.push_back({OverrideType::local_policy, "monitor mode"});
    }
    action.action = Action::accept;
    action.disposition = Disposition::none;
}

}  // namespace defender::auth
