/// SpfMacro: macro-strings of SPF records, parsed once and expanded for each domain that they are met in.
///
/// Source: RFC 7208 section 7 (and 8616 for what is not ASCII). The letters of domain-specs and modifiers are
/// known: s l o d i p v h. Those that only explanation texts may have (c r t) are errors here, as in
/// section 7.2. A domain-spec is at most 2048 octets: a name has 253, and what is longer costs time without
/// meaning more. Failure: text outside the grammar gives nothing. Thread-safety: pure functions of plain
/// values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip_address.hpp"

namespace defender::auth {

/// A run of literal text, or one macro.
struct SpfMacroPiece {
    std::string literal;      ///< used where `letter` is 0
    char letter = 0;          ///< lower case
    bool url_escape = false;  ///< the letter was upper case
    bool reverse = false;
    unsigned keep = 0;       ///< right-hand parts to keep; 0: all
    std::string delimiters;  ///< empty: "."
    bool operator==(const SpfMacroPiece&) const = default;
};
using SpfMacroString = std::vector<SpfMacroPiece>;

[[nodiscard]] std::optional<SpfMacroString> parse_spf_macro_string(std::string_view text);
/// A macro-string that ends as a domain-spec must: in a macro, or in a dot and a top label.
[[nodiscard]] std::optional<SpfMacroString> parse_spf_domain_spec(std::string_view text);

/// What the letters stand for.
struct SpfMacroValues {
    std::string local_part;      ///< l
    std::string sender_domain;   ///< o; s is local_part@sender_domain
    std::string current_domain;  ///< d
    std::string helo;            ///< h
    IpAddress client;            ///< i, v
    std::string validated_name;  ///< p
};

[[nodiscard]] bool uses_validated_name(const SpfMacroString& macros) noexcept;
[[nodiscard]] bool uses_local_part(const SpfMacroString& macros) noexcept;

/// The expansion as a domain name to look up: without a trailing dot, and without so many left-hand labels
/// that at most 253 octets are left (section 7.3). May be a name that cannot be asked for.
[[nodiscard]] std::string expand_spf_name(const SpfMacroString& macros, const SpfMacroValues& values);

}  // namespace defender::auth
