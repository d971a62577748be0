#include "common/auth/rsa_public_key.hpp"

#include <bit>
#include <cstdint>

namespace defender::auth {
namespace {

constexpr char sequence_tag = 0x30;
constexpr char integer_tag = 0x02;
constexpr char bit_string_tag = 0x03;
/// The object identifier rsaEncryption (1.2.840.113549.1.1.1).
constexpr std::string_view rsa_encryption("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 11);
// Room for 16,384 bits, the most that OpenSSL takes (OPENSSL_RSA_MAX_MODULUS_BITS).
constexpr std::size_t max_der_octets = 4096;

/// Takes one element with `tag` off the front of `der` and gives its contents.
std::optional<std::string_view> take(std::string_view& der, char tag) {
    if (der.size() < 2 || der[0] != tag) return std::nullopt;
    std::size_t length = static_cast<unsigned char>(der[1]);
    std::size_t header = 2;
    if (length >= 0x80) {
        const std::size_t count = length - 0x80;
        if (count < 1 || count > 2 || der.size() < header + count) return std::nullopt;
        length = 0;
        for (std::size_t at = 0; at < count; ++at)
            length = (length << 8) | static_cast<unsigned char>(der[header + at]);
        header += count;
    }
    if (der.size() - header < length) return std::nullopt;
    const auto contents = der.substr(header, length);
    der.remove_prefix(header + length);
    return contents;
}

unsigned bit_length(std::string_view integer) {
    while (!integer.empty() && integer.front() == 0) integer.remove_prefix(1);
    if (integer.empty()) return 0;
    const auto first = static_cast<unsigned char>(integer.front());
    return static_cast<unsigned>((integer.size() - 1) * 8) + static_cast<unsigned>(std::bit_width(first));
}

/// The modulus' bits of an RSAPublicKey that fills the whole of `der`; 0 where it is none.
unsigned modulus_bits(std::string_view der) {
    auto numbers = take(der, sequence_tag);
    if (!numbers || !der.empty()) return 0;
    const auto modulus = take(*numbers, integer_tag);
    const auto exponent = modulus ? take(*numbers, integer_tag) : std::nullopt;
    if (!exponent || !numbers->empty() || modulus->empty() || (modulus->front() & 0x80) != 0) return 0;
    return bit_length(*exponent) == 0 ? 0 : bit_length(*modulus);
}

/// The RSAPublicKey inside a SubjectPublicKeyInfo.
std::optional<std::string_view> inner_key(std::string_view der) {
    auto info = take(der, sequence_tag);
    if (!info || !der.empty()) return std::nullopt;
    const auto algorithm = take(*info, sequence_tag);
    if (!algorithm || !algorithm->starts_with(rsa_encryption)) return std::nullopt;
    auto bits = take(*info, bit_string_tag);
    if (!bits || !info->empty() || bits->empty() || bits->front() != 0) return std::nullopt;
    return bits->substr(1);
}

}  // namespace

std::optional<RsaPublicKey> parse_rsa_public_key(std::string_view der) {
    if (der.size() > max_der_octets) return std::nullopt;
    const auto key = inner_key(der).value_or(der);
    const unsigned bits = modulus_bits(key);
    if (bits == 0) return std::nullopt;
    return RsaPublicKey{bits, std::string(key)};
}

}  // namespace defender::auth
