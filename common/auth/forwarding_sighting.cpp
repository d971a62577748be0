#include "common/auth/forwarding_sighting.hpp"

#include <algorithm>

#include "common/auth/alignment.hpp"

namespace defender::auth {
namespace {

constexpr unsigned bits_of_ipv4_address = 32;
constexpr unsigned bits_of_ipv6_subnet = 64;

bool aligned_in_relaxed_mode(const Identifier& identifier, const Identifier& author) {
    return aligned(identifier, author, AlignmentMode::relaxed);
}

/// The envelope names the author's domain, but the client may not send for it. A null sender says nothing of
/// the author: what is checked for it is the client's own name (RFC 7208 section 2.4).
bool fails_spf(const Evidence& evidence, const Identifier& author) {
    if (evidence.mail_from.empty()) return false;
    return std::any_of(evidence.spf.begin(), evidence.spf.end(), [&](const SpfEvidence& spf) {
        const bool fails = spf.result == SpfResult::fail || spf.result == SpfResult::softfail;
        return fails && spf.scope == SpfScope::mail_from && aligned_in_relaxed_mode(identifier(spf), author);
    });
}

bool passes_dkim(const Evidence& evidence, const Identifier& author, config::PartialBody partial_body) {
    return std::any_of(evidence.dkim.begin(), evidence.dkim.end(), [&](const DkimEvidence& dkim) {
        return authenticates(dkim, partial_body) && aligned_in_relaxed_mode(identifier(dkim), author);
    });
}

}  // namespace

IpPrefix forwarder_network(const IpAddress& client) {
    return IpPrefix::around(client, client.is_v4() ? bits_of_ipv4_address : bits_of_ipv6_subnet);
}

std::optional<ForwardingSighting> forwarding_sighting(const Evidence& evidence,
                                                      const JudgeSettings& settings) {
    if (!settings.indirect.enabled || evidence.author_status != mail::AuthorStatus::ok) return std::nullopt;
    if (exemption_of(evidence.client, settings.trust) != Exemption::no) return std::nullopt;
    for (const auto& policy : evidence.policies) {
        const auto author = identifier(policy);
        if (author.organizational_domain.empty() || !fails_spf(evidence, author)) continue;
        if (!passes_dkim(evidence, author, settings.partial_body)) continue;
        return ForwardingSighting{forwarder_network(evidence.client.address).to_string(),
                                  policy.organizational_domain, UtcDay::of(evidence.received_at)};
    }
    return std::nullopt;
}

}  // namespace defender::auth
