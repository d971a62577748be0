#include "common/config/setting_values.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::config {
namespace {

/// What sockaddr_un holds, its NUL left out.
constexpr std::size_t longest_socket_path = 107;
constexpr std::size_t longest_path = 4095;

std::string same(const std::string& text) {
    return text;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto number = text::parse_unsigned(text);
    if (!number || *number > 65535 || text.size() > 5) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

Result<std::string> parse_path_up_to(std::string_view text, std::size_t longest) {
    if (text.empty()) return Error{"which names no file"};
    if (text.front() != '/') return Error{"a path that does not begin with /"};
    if (has_control(text)) return Error{"a path with a control character in it"};
    if (text.size() > longest) return Error{"a path of more than " + std::to_string(longest) + " octets"};
    return std::string(text);
}

Result<std::string> parse_path(std::string_view text) {
    return parse_path_up_to(text, longest_path);
}

Result<std::string> parse_optional_path(std::string_view text) {
    return text.empty() ? Result<std::string>(std::string()) : parse_path(text);
}

Result<std::string> parse_optional_socket_path(std::string_view text) {
    if (text.empty()) return std::string();
    return parse_path_up_to(text, longest_socket_path);
}

/// Why HOST cannot stand behind "inet:" or "inet6:"; nothing where it can.
std::optional<std::string> host_fault(std::string_view host, bool v6) {
    if (const auto address = IpAddress::parse(host)) {
        if (v6 && address->is_v4()) return "an IPv4 address behind inet6:";
        if (!v6 && address->is_v6()) return "an IPv6 address behind inet:";
        return std::nullopt;
    }
    if (DomainName::parse(host)) return std::nullopt;
    return "whose host is neither an address nor a name";
}

Result<std::string> parse_inet_socket(std::string_view whole, std::string_view rest, bool v6) {
    const auto at = rest.find('@');
    if (at == std::string_view::npos) return Error{"which has no @HOST"};
    const auto port = parse_port(rest.substr(0, at));
    if (!port || *port == 0) return Error{"whose port is not a number from 1 to 65535"};
    if (const auto fault = host_fault(rest.substr(at + 1), v6)) return Error{*fault};
    return std::string(whole);
}

Result<std::string> parse_milter_socket(std::string_view text) {
    const auto colon = text.find(':');
    const auto scheme = text.substr(0, colon);
    const auto rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (colon == std::string_view::npos) return Error{"which begins with no kind of socket"};
    if (scheme == "unix") {
        const auto path = parse_path_up_to(rest, longest_socket_path);
        return path ? Result<std::string>(std::string(text)) : Result<std::string>(path.error());
    }
    if (scheme == "inet" || scheme == "inet6") return parse_inet_socket(text, rest, scheme == "inet6");
    return Error{"an unknown kind of socket"};
}

Result<unsigned> parse_file_mode(std::string_view text) {
    const bool octal = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
    const bool sized = text.size() == 3 || (text.size() == 4 && text.front() == '0');
    if (!octal || !sized) return Error{"which is no octal file mode"};
    unsigned mode = 0;
    for (const char c : text) mode = mode * 8U + static_cast<unsigned>(c - '0');
    return mode;
}

std::string show_file_mode(const unsigned& mode) {
    std::string out = "0";
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + ((mode >> shift) & 7U));
    return out;
}

Result<std::string> parse_optional_group(std::string_view text) {
    const auto fits = [](char c) { return text::is_alnum(c) || c == '_' || c == '-' || c == '.'; };
    if (text.empty()) return std::string();
    if (text.size() > 32) return Error{"a group name of more than 32 octets"};
    if (text.front() == '-' || !std::all_of(text.begin(), text.end(), fits)) {
        return Error{"which is no name of a group"};
    }
    return std::string(text);
}

Result<std::string> parse_authserv_id(std::string_view text) {
    if (text.empty() || is_token(text)) {
        return text.size() > 253 ? Result<std::string>(Error{"which has more than 253 octets"})
                                 : Result<std::string>(std::string(text));
    }
    if (const auto domain = DomainName::parse(text)) return domain->text();
    return Error{"which is no authserv-id of RFC 8601"};
}

Result<std::string> parse_dns_server(std::string_view text) {
    const auto endpoint = parse_endpoint(text);
    if (!endpoint) return Error{"which is no IP address, or has a bad port"};
    if (endpoint->port && *endpoint->port == 0) return Error{"whose port is 0"};
    return std::string(text);
}

Result<std::string> parse_loopback_endpoint(std::string_view text) {
    if (text.empty()) return std::string();
    const auto endpoint = parse_endpoint(text);
    if (!endpoint || !endpoint->port) return Error{"which is no IP address and port"};
    if (!endpoint->address.is_loopback()) return Error{"which is no loopback address"};
    return std::string(text);
}

Result<std::string> parse_field_name(std::string_view text) {
    const auto fits = [](char c) { return text::is_printable(c) && c != ' ' && c != ':'; };
    if (text.empty() || text.size() > 76) return Error{"which has not 1 to 76 characters"};
    if (!std::all_of(text.begin(), text.end(), fits)) return Error{"which is no name of a header field"};
    return std::string(text);
}

/// dot-atom of RFC 5322 section 3.2.3, which is what an operator's own address is made of.
bool is_dot_atom(std::string_view text) {
    constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~";
    for (const auto atom : text::split(text, '.')) {
        const auto fits = [&](char c) { return text::is_alnum(c) || specials.find(c) != specials.npos; };
        if (atom.empty() || !std::all_of(atom.begin(), atom.end(), fits)) return false;
    }
    return true;
}

Result<std::string> parse_optional_address(std::string_view text) {
    if (text.empty()) return std::string();
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) return Error{"which has no @"};
    if (at > 64 || !is_dot_atom(text.substr(0, at))) return Error{"whose part before the @ is not usable"};
    const auto domain = DomainName::parse(text.substr(at + 1));
    if (!domain) return Error{"whose part behind the @ is no domain"};
    return std::string(text.substr(0, at + 1)) + domain->text();
}

Result<std::string> parse_mail_destination(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
        const auto address = parse_optional_address(text);
        return address ? Result<std::string>(text::to_lower(*address)) : address;
    }
    const auto domain = DomainName::parse(text);
    return domain ? Result<std::string>(domain->text())
                  : Result<std::string>(Error{"which is neither a mail address nor a domain"});
}

Result<std::string> parse_optional_domain(std::string_view text) {
    if (text.empty()) return std::string();
    const auto domain = DomainName::parse(text);
    return domain ? Result<std::string>(domain->text()) : Result<std::string>(Error{"which is no domain"});
}

Result<std::string> parse_optional_selector(std::string_view text) {
    if (text.empty()) return std::string();
    // Behind a letter's label even a selector of digits alone is a name that DNS can have.
    if (!DomainName::parse(std::string(text) + "._domainkey")) return Error{"which is no selector"};
    return std::string(text);
}

/// HOST or HOST:PORT, an IPv6 host in brackets.
bool is_host_and_port(std::string_view text) {
    if (const auto endpoint = parse_endpoint(text)) {
        const bool bare_v6 = endpoint->address.is_v6() && text.front() != '[';
        return !bare_v6 && endpoint->port != std::uint16_t{0};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return DomainName::parse(text).has_value();
    const auto port = parse_port(text.substr(colon + 1));
    return port && *port != 0 && DomainName::parse(text.substr(0, colon)).has_value();
}

Result<std::string> parse_smtp_url(std::string_view text) {
    for (const std::string_view scheme : {"smtp://", "smtps://"}) {
        if (!text.starts_with(scheme)) continue;
        if (is_host_and_port(text.substr(scheme.size()))) return std::string(text);
        return Error{"whose host or port is not usable"};
    }
    return Error{"which begins with neither smtp:// nor smtps://"};
}

Result<std::string> parse_words(std::string_view text) {
    if (has_control(text)) return Error{"which has a control character in it"};
    if (text.size() > 255) return Error{"which has more than 255 octets"};
    return std::string(text);
}

Result<std::string> parse_list_id(std::string_view text) {
    const auto fits = [](char c) { return text::is_printable(c) && c != ' ' && c != '<' && c != '>'; };
    if (text.empty() || text.size() > 255 || !std::all_of(text.begin(), text.end(), fits)) {
        return Error{"which is no List-Id"};
    }
    return text::to_lower(text);
}

Result<DomainName> parse_domain(std::string_view text) {
    auto domain = DomainName::parse(text);
    return domain ? Result<DomainName>(std::move(*domain)) : Result<DomainName>(Error{"which is no domain"});
}

Result<IpNetwork> parse_network(std::string_view text) {
    const auto network = IpNetwork::parse(text);
    if (!network) return Error{"which is no IP address or CIDR block"};
    return *network;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    if (const auto address = IpAddress::parse(text)) return Endpoint{*address, std::nullopt};
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    const auto address = IpAddress::parse(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
    if (!address || (bracketed && text.substr(1, end - 1).find(':') == std::string_view::npos)) {
        return std::nullopt;
    }
    const auto rest = bracketed ? text.substr(end + 1) : text.substr(end);
    if (rest.empty()) return Endpoint{*address, std::nullopt};
    const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
    if (!port) return std::nullopt;
    return Endpoint{*address, port};
}

std::string_view unix_path(std::string_view socket) noexcept {
    constexpr std::string_view scheme = "unix:";
    return socket.starts_with(scheme) ? socket.substr(scheme.size()) : std::string_view();
}

bool is_loopback_url(std::string_view url) {
    const auto scheme = url.find("://");
    const auto host = url.substr(scheme == std::string_view::npos ? 0 : scheme + 3);
    if (const auto endpoint = parse_endpoint(host)) return endpoint->address.is_loopback();
    return text::iequals(host.substr(0, host.find(':')), "localhost");
}

bool is_token(std::string_view text) noexcept {
    constexpr std::string_view specials = "()<>@,;:\\\"/[]?= ";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return text::is_printable(c) && specials.find(c) == std::string_view::npos;
    });
}

constinit const TextCodec<std::string> milter_socket_text{
    "unix:PATH, inet:PORT@HOST or inet6:PORT@HOST",
    "write unix:PATH with an absolute path of at most 107 octets, inet:PORT@HOST or inet6:PORT@HOST",
    parse_milter_socket, same};
constinit const TextCodec<std::string> path_text{"an absolute path", "write the whole path, from / on",
                                                 parse_path, same};
constinit const TextCodec<std::string> optional_path_text{"an absolute path, or empty",
                                                          "write the whole path, from / on, or \"\" for none",
                                                          parse_optional_path, same};
constinit const TextCodec<std::string> optional_socket_path_text{
    "an absolute path of at most 107 octets, or empty",
    "write the whole path, from / on, at most 107 octets long, or \"\" for none", parse_optional_socket_path,
    same};
constinit const TextCodec<unsigned> file_mode_text{"octal digits, such as 0660",
                                                   "write three octal digits behind a 0, such as \"0660\"",
                                                   parse_file_mode, show_file_mode};
constinit const TextCodec<std::string> optional_group_text{
    "the name of a group, or empty",
    "write the name of a group of this system, or \"\" for the process's own", parse_optional_group, same};
constinit const TextCodec<std::string> authserv_id_text{
    "a host name, or empty",
    "write a host name such as \"mx.example.net\", or \"\" for the name of this host", parse_authserv_id,
    same};
constinit const TextCodec<std::string> dns_server_text{
    "ADDRESS, ADDRESS:PORT or [IPV6-ADDRESS]:PORT",
    "write an IP address, with a port behind it if need be: \"127.0.0.1:5353\", \"[::1]:5353\"",
    parse_dns_server, same};
constinit const TextCodec<std::string> loopback_endpoint_text{
    "LOOPBACK-ADDRESS:PORT, or empty",
    "write a loopback address with a port, such as \"127.0.0.1:9464\" or \"[::1]:9464\", or \"\" for none",
    parse_loopback_endpoint, same};
constinit const TextCodec<std::string> field_name_text{
    "the name of a header field",
    "write letters, digits and hyphens, such as \"X-Defender-Disposition\", without a colon",
    parse_field_name, same};
constinit const TextCodec<std::string> optional_address_text{
    "a mail address, or empty",
    "write a mail address such as \"dmarc-reports@example.net\", or \"\" for none", parse_optional_address,
    same};
constinit const TextCodec<std::string> smtp_url_text{"smtp://HOST:PORT or smtps://HOST:PORT",
                                                     "write a URL such as \"smtp://127.0.0.1:25\"",
                                                     parse_smtp_url, same};
constinit const TextCodec<std::string> mail_destination_text{
    "a mail address or a domain",
    "write a mail address such as \"reports@example.com\", or a domain for all addresses in it and below",
    parse_mail_destination, same};
constinit const TextCodec<std::string> optional_domain_text{
    "a domain, or empty", "write a domain name such as \"example.net\", or \"\" for none",
    parse_optional_domain, same};
constinit const TextCodec<std::string> optional_selector_text{
    "a DKIM selector, or empty", "write a selector such as \"reports\", or \"\" for none",
    parse_optional_selector, same};
constinit const TextCodec<std::string> words_text{
    "text of at most 255 octets", "write at most 255 octets on one line, without control characters",
    parse_words, same};
constinit const TextCodec<std::string> list_id_text{
    "a List-Id",
    "write the list's id as it stands between the angle brackets of List-Id, such as "
    "\"users.lists.example.org\"",
    parse_list_id, same};
constinit const TextCodec<DomainName> domain_text{"a domain", "write a domain name such as \"example.com\"",
                                                  parse_domain,
                                                  [](const DomainName& domain) { return domain.text(); }};
constinit const TextCodec<IpNetwork> network_text{
    "an IP address or a CIDR block",
    "write an address or a block such as \"192.0.2.0/24\" or \"2001:db8::/32\"", parse_network,
    [](const IpNetwork& network) { return network.to_string(); }};

}  // namespace defender::config
