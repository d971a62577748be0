/// The DMARC result for one author domain: what aligned, and what the domain asks for.
///
/// Source: RFC 7489 section 6.6.2, steps 2 to 5; RFC 9989 sections 4.10.1, 4.10.2 and 5.3.5. What is then
/// done about a failure is policy_action.hpp's. Thread-safety: pure functions on values. Failure: none.
#pragma once

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

/// Fills everything but disposition and overrides, and explains itself in `trace`; `policy` is the one by the
/// standard (applied_policy.hpp):
///   - no policy found: none; the look-up failed: temperror. Alignment is a question of a policy's terms, so
///     spf_aligned and dkim_aligned stay false, though with RFC 7489 the trace tells what would align in
///     relaxed mode;
///   - one aligned identifier: pass, whatever else failed or timed out;
///   - none, and a temporary error where an aligned one might have been: temperror;
///   - none, and it is not known whether np or another policy applies: temperror;
///   - otherwise fail.
[[nodiscard]] DomainJudgement judge_author_domain(const PolicyEvidence& policy, const Evidence& evidence,
                                                  const JudgeSettings& settings,
                                                  std::vector<TraceStep>& trace);

}  // namespace defender::auth
