/// Line ends of mail: CRLF (RFC 5322 section 2.1), whatever they were.
///
/// Thread-safety: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace defender::mail {

/// Each LF without a CR in front gets one; bare CRs stay.
[[nodiscard]] std::string with_crlf(std::string_view octets);

}  // namespace defender::mail
