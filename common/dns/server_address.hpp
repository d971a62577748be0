/// ServerAddress: where a DNS server listens.
///
/// Written as "ADDRESS", "ADDRESS:PORT", "[V6]", "[V6]:PORT"; port 53 where none is given. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.hpp"

namespace defender::dns {

struct ServerAddress {
    IpAddress address;
    std::uint16_t port = 53;

    /// Nothing where the text is no address, or the port is 0 or beyond 65535.
    [[nodiscard]] static std::optional<ServerAddress> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    bool operator==(const ServerAddress&) const = default;
};

}  // namespace defender::dns
