/// The terminals of Authentication-Results that its encoder and its parser share.
///
/// Source: RFC 8601 section 2.2; token and value as RFC 2045 section 5.1, Keyword as RFC 5321 section 4.1.2,
/// domain-name as RFC 6376 section 3.5. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace defender::mail {

/// An octet of an RFC 2045 token: printable ASCII but blank and tspecials.
[[nodiscard]] bool is_token_octet(char c) noexcept;
/// An octet of a domain-name in ASCII, dots included.
[[nodiscard]] bool is_domain_octet(char c) noexcept;
/// An octet of an unquoted local part in ASCII, dots included.
[[nodiscard]] bool is_local_part_octet(char c) noexcept;
/// Whether no dot stands at either end or beside another. True for the empty text.
[[nodiscard]] bool is_dotted_well(std::string_view s) noexcept;

/// One form for one authserv-id: lower case, without blanks around it, A-labels where it is a domain.
[[nodiscard]] std::string comparable_authserv_id(std::string_view id);

}  // namespace defender::mail
