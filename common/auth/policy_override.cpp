#include "common/auth/policy_override.hpp"

#include <algorithm>

#include "common/auth/alignment.hpp"
#include "common/auth/arc_override.hpp"

namespace defender::auth {
namespace {

bool author_matches(const std::vector<DomainName>& domains, std::string_view author_domain) {
    const auto author = DomainName::parse(author_domain);
    return author && std::any_of(domains.begin(), domains.end(),
                                 [&](const DomainName& domain) { return author->is_within(domain); });
}

bool network_matches(const std::vector<IpNetwork>& networks, const IpAddress& client) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const IpNetwork& network) { return network.contains(client); });
}

bool signature_matches(const std::vector<DomainName>& domains, const std::vector<DkimEvidence>& signatures,
                       config::PartialBody partial_body) {
    return std::any_of(signatures.begin(), signatures.end(), [&](const DkimEvidence& signature) {
        return authenticates(signature, partial_body) &&
               std::any_of(domains.begin(), domains.end(),
                           [&](const DomainName& domain) { return domain.text() == signature.domain; });
    });
}

bool list_matches(const std::vector<std::string>& list_ids, const std::string& list_id) {
    return !list_id.empty() && std::find(list_ids.begin(), list_ids.end(), list_id) != list_ids.end();
}

bool matches(const config::PolicyOverride& entry, std::string_view author_domain, const Evidence& evidence,
             config::PartialBody partial_body) {
    return (entry.author_domains.empty() || author_matches(entry.author_domains, author_domain)) &&
           (entry.networks.empty() || network_matches(entry.networks, evidence.client.address)) &&
           (entry.dkim_domains.empty() ||
            signature_matches(entry.dkim_domains, evidence.dkim, partial_body)) &&
           (entry.list_ids.empty() || list_matches(entry.list_ids, evidence.list_id)) &&
           (entry.arc_sealers.empty() || newest_sealer_is(evidence.arc, entry.arc_sealers));
}

}  // namespace

std::optional<std::size_t> find_override(std::span<const config::PolicyOverride> entries,
                                         std::string_view author_domain, const Evidence& evidence,
                                         config::PartialBody partial_body) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (matches(entries[i], author_domain, evidence, partial_body)) return i;
    }
    return std::nullopt;
}

OverrideType override_type(config::OverrideReason reason) noexcept {
    switch (reason) {
        case config::OverrideReason::forwarded:
            return OverrideType::forwarded;
        case config::OverrideReason::trusted_forwarder:
            return OverrideType::trusted_forwarder;
        case config::OverrideReason::mailing_list:
            return OverrideType::mailing_list;
        case config::OverrideReason::local_policy:
            return OverrideType::local_policy;
        case config::OverrideReason::other:
            return OverrideType::other;
    }
    return OverrideType::other;
}

}  // namespace defender::auth
