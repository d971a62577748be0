#include "common/base/ip_prefix.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "common/base/text.hpp"

namespace defender {
namespace {

unsigned bits_of(const IpAddress& address) {
    return address.is_v4() ? 32 : 128;
}

}  // namespace

IpPrefix IpPrefix::around(const IpAddress& address, unsigned length) {
    const auto octets = address.octets();
    const unsigned bits = std::min(length, bits_of(address));
    std::array<std::uint8_t, 16> masked{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto before = static_cast<unsigned>(8 * i);
        const unsigned kept = bits <= before ? 0 : std::min(bits - before, 8U);
        masked[i] = static_cast<std::uint8_t>(octets[i] & (0xff00U >> kept));
    }
    return {*IpAddress::from_octets(std::span(masked).first(octets.size())), bits};
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
    const auto network = IpNetwork::parse(text);
    if (!network) return std::nullopt;
    const auto plain = network->to_string();  // "ADDRESS/LENGTH", always
    const auto slash = plain.find('/');
    const auto base = IpAddress::parse(std::string_view(plain).substr(0, slash));
    const auto length = text::parse_unsigned(std::string_view(plain).substr(slash + 1));
    if (!base || !length) return std::nullopt;
    return around(*base, static_cast<unsigned>(*length));
}

std::string IpPrefix::to_string() const {
    const auto base = base_.to_string();
    return length_ == bits_of(base_) ? base : base + "/" + std::to_string(length_);
}

}  // namespace defender
