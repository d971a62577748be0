/// DNS messages: a query's octets, and what the octets of a response say to that query (RFC 1035 section 4).
///
/// The parser is strict: id, question and opcode must be those of the query, every record of every section
/// must be well formed, and nothing may follow the last one. CNAMEs inside the packet are followed; only
/// records owned by the end of the chain count. Compression pointers only lead backwards. Work is linear in
/// the packet's size. Negative answers live for min(SOA TTL, SOA MINIMUM) (RFC 2308 section 5), without a SOA
/// for 0 seconds. Pure functions; thread-safe. Octets that are no response to the query give an Error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/dns/resolver.hpp"

namespace defender::dns {

/// CNAMEs that are followed for one question, inside packets and from packet to packet.
inline constexpr unsigned max_aliases = 8;
/// The UDP size that EDNS offers (RFC 6891; avoids fragments on every usual path).
inline constexpr std::uint16_t edns_udp_octets = 1232;
/// The size of the OPT record that ends a query with EDNS.
inline constexpr std::size_t edns_record_octets = 11;

/// A query: its id, the name as sent (the case of letters may be mixed) and the type. Class is always IN.
struct Query {
    std::uint16_t id = 0;
    std::string name;
    RecordType type = RecordType::a;
};

/// The packet of a query that wants recursion, with an OPT record at its end where `edns` is set.
/// The name must satisfy can_be_asked().
[[nodiscard]] std::vector<std::uint8_t> make_query(const Query& query, bool edns);

/// What a response says.
struct Response {
    Answer answer;                ///< meaningless where `alias` is set
    std::string alias;            ///< the CNAME chain leaves the packet here: this name is to be asked for
    std::uint32_t alias_ttl = 0;  ///< least TTL of the chain up to `alias`
    unsigned aliases = 0;         ///< CNAMEs followed
    bool case_kept = false;       ///< the question came back with the letters' case as sent
    std::uint16_t rcode = 0;      ///< with the upper bits of EDNS
};

/// Response codes that decide more than the text of a failure.
inline constexpr std::uint16_t rcode_formerr = 1;
inline constexpr std::uint16_t rcode_notimp = 4;

[[nodiscard]] Result<Response> parse_response(std::span<const std::uint8_t> packet, const Query& query);

}  // namespace defender::dns
