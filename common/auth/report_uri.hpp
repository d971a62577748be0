/// Report URIs: the lists of rua and ruf in a DMARC record.
///
/// Source: RFC 7489 sections 6.2 and 6.4; RFC 3986 for URIs, RFC 6068 for mailto. Sizes are octets; units are
/// powers of two, and a size beyond 64 bits is the largest there is. A URI is kept as published, without its
/// "!size". Thread-safety: pure functions on values. Failure: what cannot be parsed is left out; nothing
/// throws.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/auth/dmarc_record.hpp"

namespace defender::auth {

/// At most so many URIs of one list are kept (RFC 7489 section 6.2 lets a receiver set a limit, two or more).
inline constexpr std::size_t max_report_uris = 50;

/// The URIs of one tag's value, in order. A mailto URI must name a mailbox at a domain, an http or https URI
/// a host; other schemes are kept where they are URIs at all, for whoever can serve them.
[[nodiscard]] std::vector<ReportUri> parse_report_uris(std::string_view value);

}  // namespace defender::auth
