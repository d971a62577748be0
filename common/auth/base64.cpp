#include "common/auth/base64.hpp"

#include <array>
#include <cstdint>

namespace defender::auth {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each octet as a digit; no_digit for those that are none.
constexpr std::uint8_t no_digit = 64;
constexpr auto digit_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t at = 0; at < alphabet.size(); ++at)
        values[static_cast<unsigned char>(alphabet[at])] = static_cast<std::uint8_t>(at);
    return values;
}();

std::uint8_t digit_value(char c) {
    return digit_values[static_cast<unsigned char>(c)];
}

std::size_t padding_of(std::string_view text) {
    if (text.ends_with("==")) return 2;
    return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const auto digits = text.substr(0, text.size() - padding_of(text));
    std::string octets(digits.size() * 3 / 4, '\0');
    auto next = octets.begin();
    std::size_t at = 0;
    for (; at + 4 <= digits.size(); at += 4) {
        const std::uint32_t first = digit_value(digits[at]);
        const std::uint32_t second = digit_value(digits[at + 1]);
        const std::uint32_t third = digit_value(digits[at + 2]);
        const std::uint32_t fourth = digit_value(digits[at + 3]);
        if (((first | second | third | fourth) & no_digit) != 0) return std::nullopt;
        *next++ = static_cast<char>((first << 2) | (second >> 4));
        *next++ = static_cast<char>((second << 4) | (third >> 2));
        *next++ = static_cast<char>((third << 6) | fourth);
    }
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : digits.substr(at)) {
        const auto value = digit_value(c);
        if (value == no_digit) return std::nullopt;
        bits = (bits << 6) | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        *next++ = static_cast<char>((bits >> count) & 0xff);
    }
    const bool unused_bits_are_zero = (bits & ((1U << count) - 1U)) == 0;
    if (!unused_bits_are_zero) return std::nullopt;
    return octets;
}

std::string encode_base64(std::string_view octets) {
    std::string text;
    text.reserve((octets.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : octets) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) text.push_back(alphabet[(bits >> (count - 6)) & 0x3f]);
    }
    if (count > 0) text.push_back(alphabet[(bits << (6 - count)) & 0x3f]);
    while (text.size() % 4 != 0) text.push_back('=');
    return text;
}

}  // namespace defender::auth
