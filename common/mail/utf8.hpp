/// is_utf8: whether octets are well-formed UTF-8.
///
/// Source: RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. ASCII is UTF-8; NUL
/// counts as ASCII. Thread-safety: a pure function. Time is linear.
#pragma once

#include <string_view>

namespace defender::mail {

[[nodiscard]] bool is_utf8(std::string_view octets) noexcept;

}  // namespace defender::mail
