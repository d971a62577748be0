/// DmarcDiscovery: finding the DMARC policy record that applies to an author domain.
///
/// Source: RFC 7489 section 6.6.3 (V30, V31, V37): _dmarc at the author domain, then at its organizational domain.
/// Both questions are asked at once; a failure at the author domain is temperror and never falls through.
/// Thread-safety: callable from any thread; the handler runs where the resolver's handlers run.
#pragma once

#include <functional>

#include "common/auth/evidence.hpp"
#include "common/auth/public_suffix_list.hpp"
#include "common/base/domain_name.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

/// Asks, and calls `handler` exactly once, by `deadline`.
void discover_dmarc_policy(dns::Resolver& resolver, const PublicSuffixList& suffixes, const DomainName& author_domain,
                           dns::Deadline deadline, std::function<void(PolicyEvidence)> handler);

}  // namespace defender::auth
