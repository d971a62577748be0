/// Base64 as DKIM uses it (RFC 4648 section 4): strict, and in one form only.
///
/// Padding must be there and unused bits must be zero, so that the text of some octets is always the same;
/// white space is the caller's to remove. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace defender::auth {

/// Nothing where the text is not the canonical base64 of any octets. "" gives "".
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view octets);

}  // namespace defender::auth
