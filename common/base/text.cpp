#include "common/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace defender::text {

void lower(std::string& s) noexcept {
    for (char& c : s) c = to_lower(c);
}

std::string to_lower(std::string_view s) {
    std::string out(s);
    lower(out);
    return out;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool iless(std::string_view a, std::string_view b) noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return to_lower(x) < to_lower(y); });
}

bool istarts_with(std::string_view s, std::string_view prefix) noexcept {
    return s.size() >= prefix.size() && iequals(s.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view s) noexcept {
    while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
    while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
    return s;
}

std::vector<std::string_view> split(std::string_view s, char separator) {
    std::vector<std::string_view> pieces;
    constexpr std::size_t usual_pieces = 8;
    pieces.reserve(usual_pieces);
    for (;;) {
        const auto at = s.find(separator);
        pieces.push_back(s.substr(0, at));
        if (at == std::string_view::npos) return pieces;
        s.remove_prefix(at + 1);
    }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view s) noexcept {
    std::uint64_t value = 0;
    if (s.empty() || !std::all_of(s.begin(), s.end(), [](char c) { return is_digit(c); }))
        return std::nullopt;
    const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (code != std::errc{} || end != s.data() + s.size()) return std::nullopt;
    return value;
}

std::string printable(std::string_view s, std::size_t max_octets) {
    static constexpr std::string_view mark = "...";
    const bool cut = s.size() > max_octets;
    std::string out(cut ? s.substr(0, max_octets - std::min(max_octets, mark.size())) : s);
    for (char& c : out) {
        if (!is_printable(c)) c = '?';
    }
    if (cut) out += mark.substr(0, max_octets);
    return out;
}

}  // namespace defender::text
