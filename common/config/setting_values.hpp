/// The texts that settings are written in: sockets, addresses, paths, names. One codec for each.
///
/// Parsers only look at the text: no file is opened and no name is looked up, so a configuration can be
/// checked on another machine than the one it is for. Thread-safety: pure functions and constants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/domain_name.hpp"
#include "common/base/ip_address.hpp"
#include "common/config/setting_row.hpp"

namespace defender::config {

/// An IP address, and the port where one is given.
struct Endpoint {
    IpAddress address;
    std::optional<std::uint16_t> port;
};
/// "ADDRESS", "ADDRESS:PORT", "[V6]", "[V6]:PORT".
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);

/// The path of "unix:PATH"; empty for other sockets.
[[nodiscard]] std::string_view unix_path(std::string_view socket) noexcept;

/// Whether an SMTP server of smtp_url_text is reached without leaving the host.
[[nodiscard]] bool is_loopback_url(std::string_view url);

/// The token of RFC 2045 section 5.1, which an authserv-id can be without quoting (RFC 8601 section 2.2).
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// libmilter's notation.
extern const TextCodec<std::string> milter_socket_text;
/// An absolute path.
extern const TextCodec<std::string> path_text;
/// An absolute path, or empty.
extern const TextCodec<std::string> optional_path_text;
/// The path of a unix socket, or empty.
extern const TextCodec<std::string> optional_socket_path_text;
/// Octal permissions of a file.
extern const TextCodec<unsigned> file_mode_text;
/// A group of the system, or empty.
extern const TextCodec<std::string> optional_group_text;
/// An authserv-id (RFC 8601 section 2.5), or empty for the host's name; U-labels become A-labels.
extern const TextCodec<std::string> authserv_id_text;
/// A DNS server.
extern const TextCodec<std::string> dns_server_text;
/// A loopback address and a port, or empty.
extern const TextCodec<std::string> loopback_endpoint_text;
/// The name of a header field (RFC 5322 section 2.2).
extern const TextCodec<std::string> field_name_text;
/// A mail address, local@domain, or empty.
extern const TextCodec<std::string> optional_address_text;
/// A mail address, or a domain, in lower case.
extern const TextCodec<std::string> mail_destination_text;
/// An SMTP server as a URL.
extern const TextCodec<std::string> smtp_url_text;
/// A domain, or empty.
extern const TextCodec<std::string> optional_domain_text;
/// A DKIM selector (RFC 6376 section 3.1), or empty.
extern const TextCodec<std::string> optional_selector_text;
/// Words for people, of 255 octets at most, without control characters.
extern const TextCodec<std::string> words_text;
/// A List-Id without its angle brackets (RFC 2919), in lower case.
extern const TextCodec<std::string> list_id_text;
extern const TextCodec<DomainName> domain_text;
extern const TextCodec<IpNetwork> network_text;

}  // namespace defender::config
