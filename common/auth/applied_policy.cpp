#include "common/auth/applied_policy.hpp"

#include <algorithm>

#include "common/auth/dmarc_tree_walk.hpp"

namespace defender::auth {

DiscoveryMethod discovery_of(config::DmarcStandard standard) noexcept {
    return standard == config::DmarcStandard::rfc9989 ? DiscoveryMethod::treewalk : DiscoveryMethod::psl;
}

PolicyEvidence policy_by(DiscoveryMethod discovery, const PolicyEvidence& author, const Evidence& evidence) {
    return discovery == DiscoveryMethod::treewalk ? tree_walk_policy(evidence.walked, author) : author;
}

std::optional<PolicyEvidence> applied_policy(const Evidence& evidence, const DomainJudgement& domain) {
    const auto author = std::find_if(
        evidence.policies.begin(), evidence.policies.end(),
        [&](const PolicyEvidence& policy) { return policy.author_domain == domain.author_domain; });
    if (author == evidence.policies.end()) return std::nullopt;
    auto policy = policy_by(domain.discovery, *author, evidence);
    if (policy.outcome != PolicyOutcome::found) return std::nullopt;
    return policy;
}

}  // namespace defender::auth
