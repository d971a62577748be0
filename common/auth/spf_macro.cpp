#include "common/auth/spf_macro.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// More than a domain-spec can need for a name of 253 octets (RFC 1035 section 2.3.4, as text).
constexpr std::size_t max_spec_octets = 2048;
constexpr std::size_t max_name_octets = 253;
// More digits than a value can have parts: the count only has to stay comparable.
constexpr unsigned max_keep = 100000;
// Nothing further left than this can reach a name of 253 octets and its trailing dot.
constexpr std::size_t useful_octets = 512;
constexpr std::string_view letters = "slodipvh";
constexpr std::string_view delimiter_octets = ".-+,/_=";

bool is_macro_literal(char c) noexcept {
    return c > ' ' && text::is_printable(c) && c != '%';
}

// `body` is what stands between the braces.
std::optional<SpfMacroPiece> parse_macro(std::string_view body) {
    if (body.empty() || letters.find(text::to_lower(body.front())) == std::string_view::npos)
        return std::nullopt;
    SpfMacroPiece piece;
    piece.letter = text::to_lower(body.front());
    piece.url_escape = piece.letter != body.front();
    body.remove_prefix(1);
    const bool has_digits = !body.empty() && text::is_digit(body.front());
    while (!body.empty() && text::is_digit(body.front())) {
        piece.keep = std::min(max_keep, piece.keep * 10 + static_cast<unsigned>(body.front() - '0'));
        body.remove_prefix(1);
    }
    if (has_digits && piece.keep == 0) return std::nullopt;
    if (!body.empty() && text::to_lower(body.front()) == 'r') {
        piece.reverse = true;
        body.remove_prefix(1);
    }
    if (body.find_first_not_of(delimiter_octets) != std::string_view::npos) return std::nullopt;
    piece.delimiters = body;
    return piece;
}

void add_literal(SpfMacroString& macros, std::string_view literal) {
    if (macros.empty() || macros.back().letter != 0) macros.emplace_back();
    macros.back().literal += literal;
}

// Adds what stands behind a '%' and gives the octets used; 0 where it is no macro-expand.
std::size_t add_expand(SpfMacroString& macros, std::string_view rest) {
    if (rest.empty()) return 0;
    switch (rest.front()) {
        case '%':
            add_literal(macros, "%");
            return 1;
        case '_':
            add_literal(macros, " ");
            return 1;
        case '-':
            add_literal(macros, "%20");
            return 1;
        case '{':
            break;
        default:
            return 0;
    }
    const auto close = rest.find('}');
    if (close == std::string_view::npos) return 0;
    auto piece = parse_macro(rest.substr(1, close - 1));
    if (!piece) return 0;
    macros.push_back(std::move(*piece));
    return close + 1;
}

struct ParsedMacros {
    SpfMacroString macros;
    std::size_t tail = 0;  // where the literal text behind the last macro-expand begins
};

std::optional<ParsedMacros> parse(std::string_view text) {
    ParsedMacros parsed;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '%') {
            const auto used = add_expand(parsed.macros, text.substr(at + 1));
            if (used == 0) return std::nullopt;
            at += 1 + used;
            parsed.tail = at;
        } else if (is_macro_literal(text[at])) {
            add_literal(parsed.macros, text.substr(at, 1));
            ++at;
        } else {
            return std::nullopt;
        }
    }
    return parsed;
}

bool is_top_label(std::string_view label) {
    const auto is_ldh = [](char c) { return text::is_alnum(c) || c == '-'; };
    return !label.empty() && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), is_ldh) &&
           !std::all_of(label.begin(), label.end(), [](char c) { return text::is_digit(c); });
}

bool ends_in_top_label(std::string_view tail) {
    if (!tail.empty() && tail.back() == '.') tail.remove_suffix(1);
    const auto dot = tail.rfind('.');
    return dot != std::string_view::npos && is_top_label(tail.substr(dot + 1));
}

// %{i}: dotted decimal, or the 32 nibbles of an IPv6 address with dots between them.
std::string address_text(const IpAddress& address) {
    if (address.is_v4()) return address.to_string();
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (const unsigned octet : address.octets()) {
        if (!out.empty()) out += '.';
        out += hex[octet >> 4U];
        out += '.';
        out += hex[octet & 15U];
    }
    return out;
}

std::string value_of(char letter, const SpfMacroValues& values) {
    switch (letter) {
        case 's':
            return values.local_part + '@' + values.sender_domain;
        case 'l':
            return values.local_part;
        case 'o':
            return values.sender_domain;
        case 'd':
            return values.current_domain;
        case 'i':
            return address_text(values.client);
        case 'p':
            return values.validated_name;
        case 'v':
            return values.client.is_v4() ? "in-addr" : "ip6";
        default:
            return values.helo;
    }
}

std::vector<std::string> split_at_any(std::string_view value, std::string_view delimiters) {
    std::vector<std::string> parts;
    for (;;) {
        const auto at = value.find_first_of(delimiters);
        parts.emplace_back(value.substr(0, at));
        if (at == std::string_view::npos) return parts;
        value.remove_prefix(at + 1);
    }
}

std::string join_with_dots(const std::vector<std::string>& parts) {
    std::string out = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) out += '.' + parts[i];
    return out;
}

std::string escape_for_url(std::string_view value) {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : value) {
        if (text::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            const auto octet = static_cast<unsigned char>(c);
            out += '%';
            out += hex[octet >> 4U];
            out += hex[octet & 15U];
        }
    }
    return out;
}

std::string expand_piece(const SpfMacroPiece& piece, const SpfMacroValues& values) {
    if (piece.letter == 0) return piece.literal;
    auto value = value_of(piece.letter, values);
    if (piece.keep > 0 || piece.reverse || !piece.delimiters.empty()) {
        auto parts = split_at_any(value, piece.delimiters.empty() ? "." : std::string_view(piece.delimiters));
        if (piece.reverse) std::reverse(parts.begin(), parts.end());
        if (piece.keep > 0 && piece.keep < parts.size()) parts.erase(parts.begin(), parts.end() - piece.keep);
        value = join_with_dots(parts);
    }
    return piece.url_escape ? escape_for_url(value) : value;
}

}  // namespace

std::optional<SpfMacroString> parse_spf_macro_string(std::string_view text) {
    auto parsed = parse(text);
    if (!parsed) return std::nullopt;
    return std::move(parsed->macros);
}

std::optional<SpfMacroString> parse_spf_domain_spec(std::string_view text) {
    if (text.empty() || text.size() > max_spec_octets) return std::nullopt;
    auto parsed = parse(text);
    if (!parsed) return std::nullopt;
    const auto tail = text.substr(parsed->tail);
    const bool ends_in_macro = tail.empty() && parsed->tail > 0;
    if (!ends_in_macro && !ends_in_top_label(tail)) return std::nullopt;
    return std::move(parsed->macros);
}

bool uses_validated_name(const SpfMacroString& macros) noexcept {
    return std::any_of(macros.begin(), macros.end(), [](const auto& piece) { return piece.letter == 'p'; });
}

bool uses_local_part(const SpfMacroString& macros) noexcept {
    return std::any_of(macros.begin(), macros.end(),
                       [](const auto& piece) { return piece.letter == 's' || piece.letter == 'l'; });
}

std::string expand_spf_name(const SpfMacroString& macros, const SpfMacroValues& values) {
    std::string name;
    for (auto piece = macros.rbegin(); piece != macros.rend() && name.size() < useful_octets; ++piece) {
        name.insert(0, expand_piece(*piece, values));
    }
    if (!name.empty() && name.back() == '.') name.pop_back();
    if (name.size() > max_name_octets) {
        const auto dot = name.find('.', name.size() - max_name_octets - 1);
        name.erase(0, dot == std::string::npos ? 0 : dot + 1);
    }
    return name;
}

}  // namespace defender::auth
