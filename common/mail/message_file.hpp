/// A message file split into header fields and body.
///
/// Source: RFC 5322 section 2.1. Bare LF line ends become CRLF. A leading mbox "From " line is dropped.
/// Thread-safety: a pure function.
#pragma once

#include <string>
#include <string_view>

#include "common/mail/header_field.hpp"

namespace defender::mail {

struct MessageFile {
    HeaderFields fields;
    std::string body;
};

/// A line of the header that is neither a field nor a fold ends the header; it and the rest are body.
[[nodiscard]] MessageFile parse_message_file(std::string_view octets);

}  // namespace defender::mail
