// The encoder of log lines: pure text, no sink.
#include <algorithm>

#include "common/base/text.hpp"
#include "common/log/log.hpp"

namespace defender::log {
namespace {

bool needs_no_quotes(char c) {
    return text::is_printable(c) && c != ' ' && c != '"' && c != '=' && c != '\\';
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"':
        case '\\':
            out += '\\';
            out += c;
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (text::is_printable(c)) {
        out += c;
        return;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += "\\x";
    out += hex[octet >> 4U];
    out += hex[octet & 0x0fU];
}

void append_value(std::string& out, std::string_view value) {
    const bool cut = value.size() > max_value_octets;
    value = value.substr(0, max_value_octets);
    const bool bare = !value.empty() && std::all_of(value.begin(), value.end(), needs_no_quotes);
    if (!bare) out += '"';
    for (const char c : value) append_escaped(out, c);
    if (cut) out += "...";
    if (!bare) out += '"';
}

}  // namespace

std::string format_line(std::string_view id, const Fields& fields) {
    std::string line(id);
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    return line;
}

}  // namespace defender::log
