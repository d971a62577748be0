/// parse_address_list: the addresses in a list of mailboxes and groups, as in From, Sender, To and Cc.
///
/// Source: RFC 5322 sections 3.4 and 4.4, RFC 6532, RFC 6854 (groups in From). Obsolete forms are read: CFWS
/// between any two tokens, source routes (dropped), empty list elements, dots in display names. Display names
/// and comments are skipped and may hold any octets but NUL, bare CR and bare LF, also such as are not UTF-8.
/// Beyond the grammar this is allowed: a display name that starts with a dot; in an unquoted local part a dot
/// at either end or several in a row (some carriers give out such addresses); one dot at the end of a domain,
/// which is dropped; and an address in angle brackets without a domain, so that the caller can say what is
/// missing. Time is linear in the input; one address is held at a time. Thread-safety: pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace defender::mail {

/// One addr-spec. Both parts are UTF-8, unfolded, without comments, blanks around them and quotes.
struct AddressSpec {
    std::string local_part;
    std::string
        domain;  ///< as written, U-labels included; a literal with its brackets; empty where there is none
};

/// Hands each address to `sink`, in order, those in groups included. An error, after perhaps some addresses,
/// where the text is not an address list; success without a single address where it holds empty groups only.
[[nodiscard]] Status parse_address_list(std::string_view text, const std::function<void(AddressSpec)>& sink);

}  // namespace defender::mail
