#include "common/mail/line_ends.hpp"

namespace defender::mail {

std::string with_crlf(std::string_view octets) {
    std::string out;
    out.reserve(octets.size());
    while (!octets.empty()) {
        const auto line = octets.substr(0, octets.find('\n'));
        out += line;
        octets.remove_prefix(line.size());
        if (octets.empty()) break;
        out += line.ends_with('\r') ? "\n" : "\r\n";
        octets.remove_prefix(1);
    }
    return out;
}

}  // namespace defender::mail
