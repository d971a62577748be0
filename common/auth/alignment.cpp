#include "common/auth/alignment.hpp"

#include "common/auth/dmarc_tree_walk.hpp"

namespace defender::auth {
namespace {

/// What bars a signature from ever authenticating its domain, whatever its verdict.
bool barred(const DkimEvidence& dkim, config::PartialBody partial_body) noexcept {
    const bool partial = dkim.unsigned_octets.value_or(0) > 0;
    return dkim.testing || (partial && partial_body == config::PartialBody::policy);
}

}  // namespace

Identifier identifier(const SpfEvidence& spf) noexcept {
    return {spf.domain, spf.organizational_domain};
}

Identifier identifier(const DkimEvidence& dkim) noexcept {
    return {dkim.domain, dkim.organizational_domain};
}

Identifier identifier(const PolicyEvidence& author) noexcept {
    return {author.author_domain, author.organizational_domain};
}

bool aligned(const Identifier& authenticated, const Identifier& author, AlignmentMode mode) noexcept {
    if (authenticated.domain.empty() || author.domain.empty()) return false;
    if (authenticated.domain == author.domain) return true;
    return mode == AlignmentMode::relaxed && !author.organizational_domain.empty() &&
           authenticated.organizational_domain == author.organizational_domain;
}

AlignmentResult alignment(const Identifier& authenticated, const PolicyEvidence& policy, AlignmentMode mode,
                          const Evidence& evidence, config::DmarcStandard standard) {
    if (mode == AlignmentMode::relaxed && standard == config::DmarcStandard::rfc9989)
        return tree_walk_alignment(evidence.walked, authenticated.domain, policy.author_domain);
    return aligned(authenticated, identifier(policy), mode) ? AlignmentResult::yes : AlignmentResult::no;
}

bool authenticates(const SpfEvidence& spf) noexcept {
    return spf.scope == SpfScope::mail_from && spf.result == SpfResult::pass;
}

bool authenticates(const DkimEvidence& dkim, config::PartialBody partial_body) noexcept {
    return dkim.result == DkimResult::pass && dkim.verified && !barred(dkim, partial_body);
}

bool might_authenticate(const SpfEvidence& spf) noexcept {
    return spf.scope == SpfScope::mail_from && spf.result == SpfResult::temperror;
}

bool might_authenticate(const DkimEvidence& dkim, config::PartialBody partial_body) noexcept {
    return dkim.result == DkimResult::temperror && !barred(dkim, partial_body);
}

}  // namespace defender::auth
