/// AppliedPolicy: which policy a message is judged by, by the standard that the settings name.
///
/// Evidence holds what both standards look at: PolicyEvidence as RFC 7489 section 6.6.3 finds it, and the
/// names of RFC 9989's tree walks. Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <optional>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

[[nodiscard]] DiscoveryMethod discovery_of(config::DmarcStandard standard) noexcept;

/// `author` is one of evidence.policies.
[[nodiscard]] PolicyEvidence policy_by(DiscoveryMethod discovery, const PolicyEvidence& author,
                                       const Evidence& evidence);

/// The policy that a domain was judged by; nothing where none was found.
[[nodiscard]] std::optional<PolicyEvidence> applied_policy(const Evidence& evidence,
                                                           const DomainJudgement& domain);

}  // namespace defender::auth
