/// ASCII text without locale: case folding, trimming, splitting, numbers, and making outside text printable.
///
/// Every function is pure and thread-safe. "Blank" is space or horizontal tab, as in RFC 5234's WSP.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace defender::text {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_alnum(char c) noexcept {
    return is_digit(c) || is_alpha(c);
}
[[nodiscard]] constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr bool is_space(char c) noexcept {
    return is_blank(c) || c == '\r' || c == '\n';
}
/// Space to tilde.
[[nodiscard]] constexpr bool is_printable(char c) noexcept {
    return c >= 0x20 && c <= 0x7e;
}
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A set of octets, which is asked without looking through it.
class OctetSet {
  public:
    constexpr explicit OctetSet(std::string_view octets) noexcept {
        for (const char c : octets) holds_[static_cast<unsigned char>(c)] = true;
    }
    /// Of those octets for which `holds(octet)` is true.
    template <std::predicate<char> Holds>
    constexpr explicit OctetSet(Holds holds) noexcept {
        for (std::size_t value = 0; value < holds_.size(); ++value)
            holds_[value] = holds(static_cast<char>(value));
    }

    [[nodiscard]] constexpr bool contains(char c) const noexcept {
        return holds_[static_cast<unsigned char>(c)];
    }

  private:
    std::array<bool, 256> holds_{};
};

/// A-Z folded to a-z; other octets as they are.
void lower(std::string& s) noexcept;
[[nodiscard]] std::string to_lower(std::string_view s);
/// Equality that ignores the case of A-Z.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;
/// Order by octets, in which A-Z count as a-z.
[[nodiscard]] bool iless(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] bool istarts_with(std::string_view s, std::string_view prefix) noexcept;

/// Without spaces, tabs, CR and LF at both ends.
[[nodiscard]] std::string_view trim(std::string_view s) noexcept;
/// Pieces between separators; empty pieces are kept ("" gives one empty piece).
[[nodiscard]] std::vector<std::string_view> split(std::string_view s, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// Decimal digits only, the whole text, no sign; nothing on overflow.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view s) noexcept;

/// Outside text for a log, a reply or a terminal: octets outside space..tilde become '?', and at most
/// `max_octets` are kept, "..." marking the cut.
[[nodiscard]] std::string printable(std::string_view s, std::size_t max_octets);

}  // namespace defender::text
