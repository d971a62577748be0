#include "common/report/report_xml_text.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/store/record_row.hpp"

namespace defender::report {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

bool is_xml_control(char c) noexcept {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 && c != '\t' && c != '\n';
}

/// U+FFFE and U+FFFF, the only characters beyond the controls that UTF-8 can carry and XML cannot.
bool starts_with_noncharacter(std::string_view s) noexcept {
    return s.starts_with("\xEF\xBF\xBE") || s.starts_with("\xEF\xBF\xBF");
}

}  // namespace

std::string xml_text(std::string_view octets) {
    if (std::all_of(octets.begin(), octets.end(), text::is_printable)) return std::string(octets);
    const std::string utf8 = store::column_text(octets);
    std::string out;
    for (std::size_t at = 0; at < utf8.size(); ++at) {
        if (is_xml_control(utf8[at])) {
            out += replacement_character;
        } else if (starts_with_noncharacter(std::string_view(utf8).substr(at, 3))) {
            out += replacement_character;
            at += 2;
        } else {
            out += utf8[at];
        }
    }
    return out;
}

}  // namespace defender::report
