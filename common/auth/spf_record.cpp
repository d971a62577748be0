#include "common/auth/spf_record.hpp"

#include <algorithm>
#include <utility>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::string_view version = "v=spf1";
// No TXT record is longer (RFC 1035 section 3.2.1: a length of 16 bits).
constexpr std::size_t max_record_octets = 65535;
constexpr std::size_t max_quoted_octets = 100;

std::optional<SpfMechanism> mechanism_named(std::string_view name) {
    static constexpr std::pair<std::string_view, SpfMechanism> names[] = {
        {"all", SpfMechanism::all}, {"include", SpfMechanism::include}, {"a", SpfMechanism::a},
        {"mx", SpfMechanism::mx},   {"ptr", SpfMechanism::ptr},         {"ip4", SpfMechanism::ip4},
        {"ip6", SpfMechanism::ip6}, {"exists", SpfMechanism::exists},
    };
    for (const auto& [known, mechanism] : names) {
        if (text::iequals(known, name)) return mechanism;
    }
    return std::nullopt;
}

std::optional<SpfQualifier> qualifier_of(char c) {
    switch (c) {
        case '+':
            return SpfQualifier::pass;
        case '-':
            return SpfQualifier::fail;
        case '~':
            return SpfQualifier::softfail;
        case '?':
            return SpfQualifier::neutral;
        default:
            return std::nullopt;
    }
}

std::optional<unsigned> parse_length(std::string_view digits, unsigned most) {
    if (digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    const auto value = text::parse_unsigned(digits);
    if (!value || *value > most) return std::nullopt;
    return static_cast<unsigned>(*value);
}

// Takes `separator` and a number off the end of `rest`. False where they are there but are no CIDR length.
bool take_length(std::string_view& rest, std::string_view separator, unsigned most, unsigned& length) {
    auto digits = rest.size();
    while (digits > 0 && text::is_digit(rest[digits - 1])) --digits;
    const bool present = digits < rest.size() && rest.substr(0, digits).ends_with(separator);
    if (!present) return true;
    const auto value = parse_length(rest.substr(digits), most);
    if (!value) return false;
    length = *value;
    rest.remove_suffix(rest.size() - digits + separator.size());
    return true;
}

bool take_dual_length(std::string_view& rest, SpfTerm& term) {
    return take_length(rest, "//", 128, term.ip6_length) && take_length(rest, "/", 32, term.ip4_length);
}

bool parse_optional_domain(std::string_view rest, SpfTerm& term) {
    if (rest.empty()) return true;
    if (rest.front() != ':') return false;
    term.domain = parse_spf_domain_spec(rest.substr(1));
    return term.domain.has_value();
}

bool parse_required_domain(std::string_view rest, SpfTerm& term) {
    return !rest.empty() && parse_optional_domain(rest, term);
}

bool set_network(const IpAddress& address, bool v6, SpfTerm& term) {
    const auto octets = address.octets();
    if (!v6) {
        std::copy(octets.begin(), octets.end(), term.network.begin());
        return address.is_v4();
    }
    // IpAddress makes IPv4 of a mapped address; as a network it is the IPv6 one that was written.
    if (address.is_v4()) term.network[10] = term.network[11] = 0xff;
    std::copy(octets.begin(), octets.end(), term.network.end() - static_cast<std::ptrdiff_t>(octets.size()));
    return true;
}

bool parse_network(std::string_view rest, SpfTerm& term) {
    const bool v6 = term.mechanism == SpfMechanism::ip6;
    if (rest.empty() || rest.front() != ':') return false;
    rest.remove_prefix(1);
    const bool length_ok =
        v6 ? take_length(rest, "/", 128, term.ip6_length) : take_length(rest, "/", 32, term.ip4_length);
    const bool has_colon = rest.find(':') != std::string_view::npos;
    const auto address = IpAddress::parse(rest);
    return length_ok && address && has_colon == v6 && set_network(*address, v6, term);
}

bool parse_arguments(std::string_view rest, SpfTerm& term) {
    switch (term.mechanism) {
        case SpfMechanism::all:
            return rest.empty();
        case SpfMechanism::include:
        case SpfMechanism::exists:
            return parse_required_domain(rest, term);
        case SpfMechanism::ptr:
            return parse_optional_domain(rest, term);
        case SpfMechanism::a:
        case SpfMechanism::mx:
            return take_dual_length(rest, term) && parse_optional_domain(rest, term);
        case SpfMechanism::ip4:
        case SpfMechanism::ip6:
            return parse_network(rest, term);
    }
    return false;
}

bool parse_mechanism(std::string_view text, SpfRecord& record) {
    SpfTerm term;
    if (const auto qualifier = qualifier_of(text.front())) {
        term.qualifier = *qualifier;
        text.remove_prefix(1);
    }
    const auto name_end = std::min(text.find_first_of(":/"), text.size());
    const auto mechanism = mechanism_named(text.substr(0, name_end));
    if (!mechanism) return false;
    term.mechanism = *mechanism;
    term.text = text;
    if (!parse_arguments(text.substr(name_end), term)) return false;
    record.terms.push_back(std::move(term));
    return true;
}

// Where the '=' of a modifier stands; npos for a mechanism.
std::size_t modifier_equals(std::string_view term) {
    const auto is_name = [](char c) { return text::is_alnum(c) || c == '-' || c == '_' || c == '.'; };
    const auto end = std::find_if_not(term.begin(), term.end(), is_name);
    if (end == term.end() || *end != '=' || end == term.begin() || !text::is_alpha(term.front())) {
        return std::string_view::npos;
    }
    return static_cast<std::size_t>(end - term.begin());
}

bool parse_modifier(std::string_view term, std::size_t equals, SpfRecord& record, bool& has_exp) {
    const auto name = term.substr(0, equals);
    const auto value = term.substr(equals + 1);
    if (text::iequals(name, "redirect")) {
        auto domain = parse_spf_domain_spec(value);
        if (!domain || record.redirect) return false;
        record.redirect = SpfRedirect{std::move(*domain), std::string(term)};
        return true;
    }
    if (text::iequals(name, "exp")) return !std::exchange(has_exp, true) && parse_spf_domain_spec(value);
    return parse_spf_macro_string(value).has_value();
}

bool same_prefix(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) {
    for (; bits >= 8; bits -= 8) {
        if (*a++ != *b++) return false;
    }
    return bits == 0 || ((*a ^ *b) >> (8 - bits)) == 0;
}

}  // namespace

bool is_spf_record(std::string_view text) noexcept {
    return text::istarts_with(text, version) &&
           (text.size() == version.size() || text[version.size()] == ' ');
}

Result<SpfRecord> parse_spf_record(std::string_view text) {
    if (text.size() > max_record_octets) return Error{"record over 65535 octets"};
    if (!std::all_of(text.begin(), text.end(), text::is_printable))
        return Error{"record not printable ASCII"};
    text.remove_prefix(version.size());
    SpfRecord record;
    bool has_exp = false;
    for (const auto term : text::split(text, ' ')) {
        if (term.empty()) continue;
        const auto equals = modifier_equals(term);
        const bool good = equals == std::string_view::npos ? parse_mechanism(term, record)
                                                           : parse_modifier(term, equals, record, has_exp);
        if (!good) return Error{"syntax error in term " + text::printable(term, max_quoted_octets)};
    }
    return record;
}

bool costs_lookup(SpfMechanism mechanism) noexcept {
    return mechanism != SpfMechanism::all && mechanism != SpfMechanism::ip4 && mechanism != SpfMechanism::ip6;
}

bool network_matches(const SpfTerm& term, const IpAddress& client) noexcept {
    if (term.mechanism == SpfMechanism::ip4) {
        return client.is_v4() && same_prefix(term.network.data(), client.octets().data(), term.ip4_length);
    }
    return term.mechanism == SpfMechanism::ip6 && client.is_v6() &&
           same_prefix(term.network.data(), client.octets().data(), term.ip6_length);
}

}  // namespace defender::auth
