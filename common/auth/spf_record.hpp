/// SpfRecord: one "v=spf1" text, parsed strictly.
///
/// Source: RFC 7208 sections 4.5, 4.6.1, 5, 6 and 12. Any error anywhere makes the whole record an error
/// (section 4.6). "exp" and unknown modifiers are checked and left out: no verdict depends on them. Numbers
/// of a CIDR length have no leading zeros. A record is at most 65535 octets, as TXT data is. Failure: an
/// Error that names the term. Thread-safety: pure functions of plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/spf_macro.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"

namespace defender::auth {

enum class SpfQualifier { pass, fail, softfail, neutral };
enum class SpfMechanism { all, include, a, mx, ptr, ip4, ip6, exists };

/// One mechanism as published.
struct SpfTerm {
    SpfQualifier qualifier = SpfQualifier::pass;
    SpfMechanism mechanism = SpfMechanism::all;
    std::optional<SpfMacroString> domain;    ///< absent: the current domain
    unsigned ip4_length = 32;                ///< a, mx, ip4
    unsigned ip6_length = 128;               ///< a, mx, ip6
    std::array<std::uint8_t, 16> network{};  ///< ip4 (its first 4 octets), ip6
    std::string text;                        ///< as published, without the qualifier
};

struct SpfRedirect {
    SpfMacroString domain;
    std::string text;  ///< as published
};

struct SpfRecord {
    std::vector<SpfTerm> terms;
    std::optional<SpfRedirect> redirect;  ///< of no effect where a term is "all" (section 6.1)
};

/// True where the text is a version spf1 record, well-formed or not (section 4.5).
[[nodiscard]] bool is_spf_record(std::string_view text) noexcept;
/// `text` is one for which is_spf_record() holds.
[[nodiscard]] Result<SpfRecord> parse_spf_record(std::string_view text);

/// True for the mechanisms that cost a look-up (section 4.6.4).
[[nodiscard]] bool costs_lookup(SpfMechanism mechanism) noexcept;
/// True where an ip4 or ip6 term has the client in its network. A client that is IPv4 never matches ip6.
[[nodiscard]] bool network_matches(const SpfTerm& term, const IpAddress& client) noexcept;

}  // namespace defender::auth
