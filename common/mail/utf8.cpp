#include "common/mail/utf8.hpp"

#include <cstddef>

namespace defender::mail {
namespace {

constexpr unsigned octet(std::string_view s, std::size_t at) noexcept {
    return at < s.size() ? static_cast<unsigned char>(s[at]) : 0U;
}

constexpr bool between(unsigned value, unsigned low, unsigned high) noexcept {
    return value >= low && value <= high;
}

/// Length of the well-formed sequence at the start of `s`, which is not empty; 0 where there is none.
std::size_t sequence_length(std::string_view s) noexcept {
    const unsigned first = octet(s, 0);
    const unsigned second = octet(s, 1);
    const bool third = between(octet(s, 2), 0x80, 0xbf);
    const bool fourth = between(octet(s, 3), 0x80, 0xbf);
    if (first < 0x80) return 1;
    if (between(first, 0xc2, 0xdf)) return between(second, 0x80, 0xbf) ? 2 : 0;
    if (between(first, 0xe0, 0xef)) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;   // shorter forms exist below it
        const unsigned high = first == 0xed ? 0x9f : 0xbf;  // above it stand the surrogates
        return between(second, low, high) && third ? 3 : 0;
    }
    if (between(first, 0xf0, 0xf4)) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;  // U+10FFFF is the last
        return between(second, low, high) && third && fourth ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view octets) noexcept {
    while (!octets.empty()) {
        const auto length = sequence_length(octets);
        if (length == 0) return false;
        octets.remove_prefix(length);
    }
    return true;
}

}  // namespace defender::mail
