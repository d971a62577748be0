/// SpfCheck: the SPF verdict for one identity, by libspf2 inside a guard.
///
/// Source: RFC 7208. The record tree is fetched ahead level by level: as a TXT record arrives, everything
/// that it refers to is asked for at once. libspf2 then runs from those answers without waiting. It sees no
/// text from DNS: each record is parsed strictly, its macros expanded, and written out again with names of
/// our own. Thread-safety: callable from any thread; the handler runs where the resolver's handlers run.
#pragma once

#include <functional>
#include <string>

#include "common/auth/evidence.hpp"
#include "common/base/ip_address.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

/// What is checked. For the null sender give scope mail_from, local part "postmaster" and the HELO name as
/// domain (RFC 7208 section 2.4).
struct SpfIdentity {
    SpfScope scope = SpfScope::mail_from;
    IpAddress client;
    std::string helo;        ///< as given, for %{h}
    std::string local_part;  ///< for %{l}; "postmaster" where the sender has none (RFC 7208 4.3)
    std::string domain;      ///< as given; what is no multi-label domain name has the result none (4.3)
};

/// Starts the check and calls `handler` exactly once, by `deadline`. `organizational_domain` is left empty.
void check_spf(dns::Resolver& resolver, SpfIdentity identity, dns::Deadline deadline,
               std::function<void(SpfEvidence)> handler);

}  // namespace defender::auth
