/// IpPrefix: an IP network as a key, one value and one text for equal networks.
///
/// IpNetwork (ip_address.hpp) keeps an address and asks what it contains; here host bits are cleared, so that
/// networks can be compared, sorted and looked up. Thread-safety: plain values.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.hpp"

namespace defender {

class IpPrefix {
  public:
    /// The network of so many bits that the address is in; all its bits where it has no more than these.
    [[nodiscard]] static IpPrefix around(const IpAddress& address, unsigned length);
    /// As IpNetwork::parse().
    [[nodiscard]] static std::optional<IpPrefix> parse(std::string_view text);

    [[nodiscard]] const IpAddress& base() const noexcept { return base_; }
    [[nodiscard]] unsigned length() const noexcept { return length_; }
    /// "192.0.2.0/24"; a whole address stands without its length.
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const IpPrefix&) const = default;

  private:
    IpPrefix(const IpAddress& base, unsigned length) : base_(base), length_(length) {}
    IpAddress base_;
    unsigned length_;
};

}  // namespace defender
