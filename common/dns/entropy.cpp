#include "common/dns/entropy.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

#include "common/base/text.hpp"

namespace defender::dns {

std::uint8_t Entropy::next8() {
    if (used_ == block_.size()) {
        // Up to 256 octets come whole or not at all.
        if (getrandom(block_.data(), block_.size(), 0) != static_cast<ssize_t>(block_.size())) {
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        used_ = 0;
    }
    return block_[used_++];
}

std::uint16_t Entropy::next16() {
    const unsigned high = next8();
    return static_cast<std::uint16_t>((high << 8) | next8());
}

std::string Entropy::mixed_case(std::string_view name) {
    std::string out = text::to_lower(name);
    unsigned bits = 0;
    unsigned left = 0;
    for (char& c : out) {
        if (!text::is_alpha(c)) continue;
        if (left == 0) {
            bits = next8();
            left = 8;
        }
        if ((bits & 1U) != 0) c = static_cast<char>(c - 'a' + 'A');
        bits >>= 1;
        --left;
    }
    return out;
}

}  // namespace defender::dns
