/// DmarcDiscovery: finding the DMARC policy record that applies to an author domain.
///
/// Source: RFC 7489 section 6.6.3: _dmarc at the author domain, then at its organizational domain where the
/// author domain publishes no DMARC record. Both questions are asked at once (one, where both are the same
/// name), but the organizational domain's answer counts only when the author domain's is a certain "there is
/// none", NODATA and NXDOMAIN alike. Hence:
///   - texts that are not v=DMARC1 do not count (steps 2 and 4);
///   - a DNS failure at the author domain is temperror and never falls through to the organizational domain;
///   one at
///     the organizational domain is temperror where that answer counts;
///   - two or more DMARC records at the name that counts end the search without a policy (step 5), also at
///   the author
///     domain: the organizational domain's record then does not apply;
///   - one DMARC record that gives no policy ends it likewise (step 6.2).
/// Thread-safety: callable from any thread; the handler runs where the resolver's handlers run, or before the
/// call returns, as soon as the outcome is certain. Failure: a verdict in the evidence; nothing throws.
#pragma once

#include <functional>

#include "common/auth/evidence.hpp"
#include "common/auth/public_suffix_list.hpp"
#include "common/base/domain_name.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

/// Asks, and calls `handler` exactly once, by `deadline`.
void discover_dmarc_policy(dns::Resolver& resolver, const PublicSuffixList& suffixes,
                           const DomainName& author_domain, dns::Deadline deadline,
                           std::function<void(PolicyEvidence)> handler);

}  // namespace defender::auth
