/// Parses an RFC 1035 master file into a Zone: $ORIGIN, $TTL, the records that this program asks for, and
/// others, whose data is skipped; besides, the pseudo type TEMPFAIL. $INCLUDE is refused. Before any $ORIGIN
/// the origin is the root, so that plain names are absolute. Where no TTL was given, the one given last
/// counts, at first 3600 seconds. Pure; thread-safe. An error names the line.
#pragma once

#include <string_view>

#include "common/base/result.hpp"
#include "common/dns/zone.hpp"

namespace defender::dns {

[[nodiscard]] Result<Zone> parse_zone(std::string_view text);

}  // namespace defender::dns
