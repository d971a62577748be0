/// IpAddress, IpNetwork: IPv4 and IPv6 addresses as values, and CIDR blocks of them.
///
/// Text is RFC 5952 canonical form for IPv6 and dotted decimal for IPv4. IPv4-mapped IPv6 addresses become
/// IPv4 on the way in, so that one client has one form (RFC 7208 section 5). Thread-safety: plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace defender {

class IpAddress {
  public:
    /// The unspecified IPv4 address, 0.0.0.0.
    IpAddress() = default;

    /// Parses dotted decimal or RFC 4291 text; no zone identifiers, no brackets, no prefix length.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    /// From 4 or 16 octets in network order; nothing for other lengths.
    [[nodiscard]] static std::optional<IpAddress> from_octets(std::span<const std::uint8_t> octets);

    [[nodiscard]] bool is_v4() const noexcept { return v4_; }
    [[nodiscard]] bool is_v6() const noexcept { return !v4_; }
    [[nodiscard]] bool is_loopback() const noexcept;
    /// Network order, 4 or 16 octets.
    [[nodiscard]] std::span<const std::uint8_t> octets() const noexcept {
        return {octets_.data(), v4_ ? 4U : 16U};
    }
    [[nodiscard]] std::string to_string() const;
    /// The name under in-addr.arpa or ip6.arpa that holds its PTR records (RFC 1035 3.5, RFC 3596 2.5).
    [[nodiscard]] std::string reverse_name() const;

    auto operator<=>(const IpAddress&) const = default;

  private:
    bool v4_ = true;
    std::array<std::uint8_t, 16> octets_{};
};

class IpNetwork {
  public:
    /// "ADDRESS" or "ADDRESS/LENGTH"; host bits may be set and are ignored. An IPv4-mapped network
    /// ("::ffff:10.0.0.0/104") becomes the IPv4 network that it means ("10.0.0.0/8").
    [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text);
    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    [[nodiscard]] std::string to_string() const;
    bool operator==(const IpNetwork&) const = default;

  private:
    IpAddress base_;
    unsigned prefix_length_ = 0;
};

}  // namespace defender
