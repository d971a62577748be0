#include "common/mail/line_ends.hpp"

namespace defender::mail {

std::string with_crlf(std::string_view octets) {
    std::string out;
    out.reserve(octets.size());
    char previous = '\0';
    for (const char c : octets) {
        if (c == '\n' && previous != '\r') out += '\r';
        out += c;
        previous = c;
    }
    return out;
}

}  // namespace defender::mail
