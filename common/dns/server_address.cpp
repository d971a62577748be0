#include "common/dns/server_address.hpp"

#include "common/base/text.hpp"

namespace defender::dns {
namespace {

std::optional<ServerAddress> make(std::string_view host, std::optional<std::string_view> port) {
    const auto address = IpAddress::parse(host);
    if (!address) return std::nullopt;
    if (!port) return ServerAddress{*address, 53};
    const auto number = text::parse_unsigned(*port);
    if (!number || *number == 0 || *number > 65535) return std::nullopt;
    return ServerAddress{*address, static_cast<std::uint16_t>(*number)};
}

}  // namespace

std::optional<ServerAddress> ServerAddress::parse(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const auto host = text.substr(1, close - 1);
        const auto rest = text.substr(close + 1);
        if (host.find(':') == std::string_view::npos) return std::nullopt;
        if (rest.empty()) return make(host, std::nullopt);
        if (rest.front() != ':') return std::nullopt;
        return make(host, rest.substr(1));
    }
    const auto colon = text.find(':');
    // Two colons without brackets are an IPv6 address, which then has no port.
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
        return make(text, std::nullopt);
    }
    return make(text.substr(0, colon), text.substr(colon + 1));
}

std::string ServerAddress::to_string() const {
    const std::string host = address.to_string();
    return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace defender::dns
