/// SignedInput: a fuzz input of a key record and a message: the record's text on the first line, then the
/// message's header, an empty line and the body. Header lines end with LF or CRLF.
#pragma once

#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/header_field.hpp"

namespace defender::fuzz {

struct SignedInput {
    std::string_view record;
    mail::HeaderFields fields;
    std::string_view body;
};

inline std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

inline SignedInput split_input(std::string_view rest) {
    SignedInput input;
    input.record = take_line(rest);
    while (!rest.empty()) {
        auto line = take_line(rest);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (text::is_blank(line.front()) && !input.fields.empty()) {
            input.fields.back().value.append("\r\n").append(line);
        } else if (colon != std::string_view::npos) {
            input.fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
        }
    }
    input.body = rest;
    return input;
}

}  // namespace defender::fuzz
