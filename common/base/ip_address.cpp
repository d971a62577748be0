#include "common/base/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/base/text.hpp"

namespace defender {
namespace {

/// As inet_ntop() does, in a fraction of its time.
std::string dotted_decimal(std::span<const std::uint8_t, 4> octets) {
    std::array<char, INET_ADDRSTRLEN> text{};
    auto* end = text.data();
    for (const unsigned octet : octets) {
        if (end != text.data()) *end++ = '.';
        end = std::to_chars(end, text.data() + text.size(), octet).ptr;
    }
    return {text.data(), end};
}

std::string hexadecimal(unsigned value) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return {digits.data(), end};
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string terminated(text);
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1) return from_octets({octets.data(), 4});
    if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) return from_octets(octets);
    return std::nullopt;
}

std::optional<IpAddress> IpAddress::from_octets(std::span<const std::uint8_t> octets) {
    static constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (octets.size() == 16 && std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin())) {
        octets = octets.subspan(mapped_prefix.size());
    }
    if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
    IpAddress address;
    address.v4_ = octets.size() == 4;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

bool IpAddress::is_loopback() const noexcept {
    if (v4_) return octets_[0] == 127;
    return octets_.back() == 1 &&
           std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; });
}

std::string IpAddress::to_string() const {
    if (v4_) return dotted_decimal(std::span(octets_).first<4>());
    // inet_ntop writes ::/96 in dotted decimal, which RFC 5952 section 5 keeps for prefixes known to hold
    // IPv4.
    const bool compatible = std::all_of(octets_.begin(), octets_.begin() + 12, [](auto o) { return o == 0; });
    const unsigned high = octets_[12] * 256U + octets_[13], low = octets_[14] * 256U + octets_[15];
    if (compatible && high != 0) return "::" + hexadecimal(high) + ":" + hexadecimal(low);
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(AF_INET6, octets_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::string IpAddress::reverse_name() const {
    std::string name;
    const auto all = octets();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        if (v4_) {
            name += std::to_string(*it) + '.';
        } else {
            static constexpr std::string_view hex = "0123456789abcdef";
            for (const unsigned nibble : {*it & 15U, unsigned{*it} >> 4U}) {
                name += hex[nibble];
                name += '.';
            }
        }
    }
    return name + (v4_ ? "in-addr.arpa" : "ip6.arpa");
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto base = IpAddress::parse(text.substr(0, slash));
    if (!base) return std::nullopt;
    IpNetwork network;
    network.base_ = *base;
    network.prefix_length_ = base->is_v4() ? 32 : 128;
    if (slash == std::string_view::npos) return network;
    const auto length = text::parse_unsigned(text.substr(slash + 1));
    // A mapped network counts its bits as IPv6; one wider than the mapped prefix would be no IPv4 network.
    const bool mapped = base->is_v4() && text.find(':') != std::string_view::npos;
    const unsigned skipped = mapped ? 96 : 0;
    if (!length || *length < skipped || *length - skipped > network.prefix_length_) return std::nullopt;
    network.prefix_length_ = static_cast<unsigned>(*length - skipped);
    return network;
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
    if (address.is_v4() != base_.is_v4()) return false;
    const auto a = address.octets();
    const auto b = base_.octets();
    unsigned left = prefix_length_;
    for (std::size_t i = 0; i < a.size() && left > 0; ++i) {
        const unsigned bits = std::min(left, 8U);
        const unsigned mask = 0xffU & (0xff00U >> bits);
        if ((a[i] & mask) != (b[i] & mask)) return false;
        left -= bits;
    }
    return true;
}

std::string IpNetwork::to_string() const {
    return base_.to_string() + "/" + std::to_string(prefix_length_);
}

}  // namespace defender
