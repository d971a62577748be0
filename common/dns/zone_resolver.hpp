/// ZoneResolver: answers from an RFC 1035 zone text in memory, for `defenderctl check --zone` and for tests.
///
/// Master file format of RFC 1035 section 5: $ORIGIN, $TTL, comments, parentheses, quoted strings, \DDD
/// escapes, A AAAA MX TXT PTR CNAME SOA NS, wildcards (RFC 4592), and empty non-terminals. Everything outside
/// the zone's records is nxdomain. Besides, the pseudo type TEMPFAIL makes a name answer tempfail:
/// `slow.example. TEMPFAIL`. Immutable after parsing; thread-safe. Handlers run before ask() returns.
#pragma once

#include <memory>
#include <string_view>

#include "common/base/result.hpp"
#include "common/dns/resolver.hpp"

namespace defender::dns {

/// The error names the line.
[[nodiscard]] Result<std::unique_ptr<Resolver>> make_zone_resolver(std::string_view zone_text);

}  // namespace defender::dns
