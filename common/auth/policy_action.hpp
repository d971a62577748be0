/// From a result to an action, in enforce mode: overrides, sampling, and the operator's on_… settings.
///
/// Source: RFC 7489 sections 6.6.2 (step 6), 6.6.4 and 6.7; RFC 9989 sections 4.7 (t), 5.3.6 and 7.4. The
/// disposition always says what was done, never
/// what was asked for: reject for a refusal, quarantine for hold and tag, none for what is let in (and for a
/// temporary refusal, after which the message comes again). Where it differs from what the policy asks, there
/// is a reason for it: an override entry's, sampled_out, policy_test_mode, or local_policy naming the
/// setting. Thread-safety:
/// pure functions on values. Failure: none.
#pragma once

#include <vector>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

/// What is done about one author domain, or about a message without a usable one.
struct PolicyAction {
    Action action = Action::accept;
    Disposition disposition = Disposition::none;
    std::vector<OverrideApplied> overrides;
};

[[nodiscard]] Disposition disposition_of(Action action) noexcept;

/// Quarantine for reject, none for the others.
[[nodiscard]] Policy one_step_down(Policy policy) noexcept;

/// For one domain. Overrides apply to failing messages only: what passes, or has no policy, is accepted, and
/// refusing it all the same is not DMARC's business. An override entry takes the policy's place altogether,
/// sampling (RFC 7489) and test mode (RFC 9989) included; where none matches, a chain of trusted ARC sealers
/// may do the same. `policy` is the one by the standard. No policy is
/// applied after a temporary error; policy.on_temperror decides.
[[nodiscard]] PolicyAction apply_policy(const DomainJudgement& domain, const PolicyEvidence& policy,
                                        const Evidence& evidence, const JudgeSettings& settings,
                                        std::vector<TraceStep>& trace);

/// policy.on_temperror's action.
[[nodiscard]] PolicyAction apply_on_temperror(const config::PolicySettings& policy,
                                              std::vector<TraceStep>& trace);

/// policy.on_malformed_from's action; the reason is recorded as local_policy whatever the action, because
/// there is no policy of a domain behind it.
[[nodiscard]] PolicyAction apply_on_malformed_from(const config::PolicySettings& policy,
                                                   const std::string& reason, std::vector<TraceStep>& trace);

/// Monitor mode in an action's place: accepted, disposition none, and local_policy "monitor mode" where the
/// disposition would have been another.
void only_monitor(PolicyAction& action, std::vector<TraceStep>& trace);

}  // namespace defender::auth
