/// Authentication-Results: the one encoder and the one parser of that header field.
///
/// Source: RFC 8601 section 2.2; RFC 8616 (UTF-8 in EAI messages). The encoder quotes or replaces every value that
/// comes from outside, so that no value can end its place, the field or the header. The parser is made for finding
/// out whose field it is (V50): comments, quoting, folding and U-labels are seen through.
/// Thread-safety: pure functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mail/header_field.hpp"

namespace defender::mail {

/// ptype.property=value, e.g. smtp.mailfrom=example.com.
struct ResultProperty {
    std::string type;
    std::string property;
    std::string value;
    bool operator==(const ResultProperty&) const = default;
};

/// method=result reason="…" properties…
struct MethodResult {
    std::string method;
    std::string result;
    std::string reason;  ///< left out where empty
    std::vector<ResultProperty> properties;
    bool operator==(const MethodResult&) const = default;
};

struct AuthenticationResults {
    std::string authserv_id;
    std::vector<MethodResult> results;
    bool operator==(const AuthenticationResults&) const = default;
};

/// The field's value in the form of one line a method: " id;\r\n\tmethod=…;\r\n\tmethod=…" (leading blank included,
/// no final CRLF). No line is over 998 octets; values are cut at 256 octets and made printable.
[[nodiscard]] std::string encode(const AuthenticationResults& results);

/// Parses a field's value; nothing where it does not follow RFC 8601's grammar.
[[nodiscard]] std::optional<AuthenticationResults> parse_authentication_results(std::string_view value);

/// The authserv-id at the start of a value, unquoted, comments skipped, lower case and as A-labels where it is a
/// domain; nothing where the value starts with none. Works on values whose rest is malformed.
[[nodiscard]] std::optional<std::string> authserv_id_of(std::string_view value);

/// Which Authentication-Results fields claim to be ours: 1-based positions among the fields of that name (as
/// libmilter's smfi_chgheader counts them), last first, so that deleting one does not shift the next (RFC 8601 5).
[[nodiscard]] std::vector<unsigned> forged_positions(const HeaderFields& fields, std::string_view our_authserv_id);

}  // namespace defender::mail
