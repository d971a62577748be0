/// Authentication-Results: the one encoder and the one parser of that header field.
///
/// Source: RFC 8601 section 2.2; RFC 8616 (UTF-8 in EAI messages). The encoder quotes or replaces every value
/// that comes from outside, so that no value can end its place, the field or the header. The parser is made
/// for finding out whose field it is: comments, quoting, folding and U-labels are seen through.
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

/// The field's value in the form of one line a method: " id;\r\n\tmethod=…;\r\n\tmethod=…" (leading blank
/// included, no final CRLF); " id; none" where there are no results. No line is over 998 octets: longer ones
/// are folded between properties. Values are cut at 256 octets, and octets that are not printable ASCII
/// become '?'. A value stands bare where it is a token, an address or a domain (RFC 8601's pvalue), and
/// otherwise in a quoted string, as header.b values with '/' or '=' must. A domain as authserv-id is written
/// as lower-case A-labels. Method, result, ptype and property are RFC 5321 Keywords of at most 64 octets;
/// what is none is made one.
[[nodiscard]] std::string encode(const AuthenticationResults& results);

/// Parses a field's value; nothing where it does not follow RFC 8601's grammar, or where the field or a
/// method in it is of a version other than 1 (which a reader has to ignore). Values come without quotes and
/// comments, except that an address keeps the quotes of its local part; the authserv-id keeps its case.
[[nodiscard]] std::optional<AuthenticationResults> parse_authentication_results(std::string_view value);

/// The authserv-id at the start of a value, unquoted, comments skipped, lower case and as A-labels where it
/// is a domain; nothing where the value starts with none. Works on values whose rest is malformed; control
/// characters count as blanks, so that they hide nothing.
[[nodiscard]] std::optional<std::string> authserv_id_of(std::string_view value);

/// Which Authentication-Results fields claim to be ours: 1-based positions among the fields of that name (as
/// libmilter's smfi_chgheader counts them: without case, blanks before the colon ignored), last first, so
/// that deleting one does not shift the next (RFC 8601 section 5).
[[nodiscard]] std::vector<unsigned> forged_positions(const HeaderFields& fields,
                                                     std::string_view our_authserv_id);

}  // namespace defender::mail
