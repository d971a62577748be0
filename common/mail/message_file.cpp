#include "common/mail/message_file.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "common/base/text.hpp"
#include "common/mail/line_ends.hpp"

namespace defender::mail {
namespace {

/// RFC 5322 3.6.8.
bool is_ftext(char c) {
    return text::is_printable(c) && c != ' ' && c != ':';
}

/// The next line of `octets` from `at` on, without its CRLF or LF; `at` then stands at the line after it.
std::string_view take_line(std::string_view octets, std::size_t& at) {
    const auto rest = octets.substr(at);
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
        at = octets.size();
        return rest;
    }
    at += end + 1;
    const auto line = rest.substr(0, end);
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// Where the colon of a field's first line stands: behind a name and perhaps blanks.
std::optional<std::size_t> colon_of(std::string_view line) {
    const auto name_end = std::find_if_not(line.begin(), line.end(), is_ftext);
    const auto colon = std::find_if_not(name_end, line.end(), text::is_blank);
    if (name_end == line.begin() || colon == line.end() || *colon != ':') return std::nullopt;
    return static_cast<std::size_t>(colon - line.begin());
}

/// Drops a first line as mbox files have it, "From u@d Thu Jan  1 00:00:00 1970".
void drop_mbox_line(std::string_view& octets) {
    std::size_t next = 0;
    const auto line = take_line(octets, next);
    if (line.starts_with("From ") && !colon_of(line)) octets.remove_prefix(next);
}

}  // namespace

MessageFile parse_message_file(std::string_view octets) {
    drop_mbox_line(octets);
    MessageFile message;
    std::size_t at = 0;
    while (at < octets.size()) {
        std::size_t next = at;
        const auto line = take_line(octets, next);
        if (line.empty()) {
            at = next;
            break;
        }
        if (text::is_blank(line.front()) && !message.fields.empty()) {
            message.fields.back().value.append("\r\n").append(line);
        } else if (const auto colon = colon_of(line)) {
            message.fields.push_back(
                {std::string(line.substr(0, *colon)), std::string(line.substr(*colon + 1))});
        } else {
            break;
        }
        at = next;
    }
    message.body = with_crlf(octets.substr(at));
    return message;
}

}  // namespace defender::mail
