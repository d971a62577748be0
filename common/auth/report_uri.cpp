#include "common/auth/report_uri.hpp"

#include <algorithm>
#include <limits>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

bool is_hex(char c) {
    return text::is_digit(c) || (text::to_lower(c) >= 'a' && text::to_lower(c) <= 'f');
}

/// RFC 3986's characters, without "!" and ",", which must be percent-encoded here, and ";", which ends the
/// tag.
bool is_uri_octet(char c) {
    return text::is_alnum(c) ||
           (c != '\0' && std::string_view("-._~:/?#[]@$&'()*+=").find(c) != std::string_view::npos);
}

bool is_uri_text(std::string_view s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '%') {
            if (i + 2 >= s.size() || !is_hex(s[i + 1]) || !is_hex(s[i + 2])) return false;
            i += 2;
        } else if (!is_uri_octet(s[i])) {
            return false;
        }
    }
    return true;
}

bool is_scheme(std::string_view s) {
    return !s.empty() && text::is_alpha(s.front()) && std::all_of(s.begin(), s.end(), [](char c) {
        return text::is_alnum(c) || c == '+' || c == '-' || c == '.';
    });
}

bool names_a_mailbox(std::string_view rest) {
    const auto address = rest.substr(0, rest.find('?'));
    const auto at = address.rfind('@');
    return at != std::string_view::npos && at > 0 && DomainName::parse(address.substr(at + 1)).has_value();
}

bool names_a_host(std::string_view rest) {
    if (!rest.starts_with("//")) return false;
    const auto authority = rest.substr(2, rest.find_first_of("/?#", 2) - 2);
    return !authority.empty();
}

bool is_report_uri(std::string_view uri) {
    const auto colon = uri.find(':');
    if (colon == std::string_view::npos) return false;
    const auto scheme = uri.substr(0, colon);
    const auto rest = uri.substr(colon + 1);
    if (!is_scheme(scheme) || rest.empty() || !is_uri_text(rest)) return false;
    if (text::iequals(scheme, "mailto")) return names_a_mailbox(rest);
    if (text::iequals(scheme, "http") || text::iequals(scheme, "https")) return names_a_host(rest);
    return true;
}

/// How many bits a unit shifts; nothing where `c` is no unit.
std::optional<unsigned> unit_bits(char c) {
    switch (text::to_lower(c)) {
        case 'k':
            return 10;
        case 'm':
            return 20;
        case 'g':
            return 30;
        case 't':
            return 40;
        default:
            return std::nullopt;
    }
}

std::optional<std::uint64_t> parse_size(std::string_view size) {
    unsigned bits = 0;
    if (!size.empty()) {
        if (const auto unit = unit_bits(size.back())) {
            bits = *unit;
            size.remove_suffix(1);
        }
    }
    const auto number = text::parse_unsigned(size);
    if (!number) return std::nullopt;
    return *number > (no_limit >> bits) ? no_limit : *number << bits;
}

std::optional<ReportUri> parse_report_uri(std::string_view item) {
    ReportUri result;
    const auto mark = item.find('!');
    if (mark != std::string_view::npos) {
        result.max_octets = parse_size(item.substr(mark + 1));
        if (!result.max_octets) return std::nullopt;
    }
    const auto uri = item.substr(0, mark);
    if (!is_report_uri(uri)) return std::nullopt;
    result.uri = uri;
    return result;
}

}  // namespace

std::vector<ReportUri> parse_report_uris(std::string_view value) {
    std::vector<ReportUri> uris;
    for (const auto item : text::split(value, ',')) {
        if (uris.size() == max_report_uris) break;
        if (auto uri = parse_report_uri(text::trim(item))) uris.push_back(std::move(*uri));
    }
    return uris;
}

}  // namespace defender::auth
