/// HeaderField: one header field of a message, with its exact octets.
///
/// Source: RFC 5322 section 2.2. Thread-safety: a plain value.
#pragma once

#include <string>
#include <vector>

namespace defender::mail {

struct HeaderField {
    std::string name;  ///< as received, without the colon; may hold trailing blanks ("From ")
    std::string
        value;  ///< everything after the colon, leading blank included; folds as CRLF + blank, no final CRLF
    bool operator==(const HeaderField&) const = default;
};

using HeaderFields = std::vector<HeaderField>;

}  // namespace defender::mail
