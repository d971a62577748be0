#include "common/auth/signature_tags.hpp"

#include <algorithm>
#include <limits>

#include "common/auth/base64.hpp"
#include "common/auth/tag_list.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t sha256_octets = 32;
// RFC 6376 section 3.5: times up to 10^12 must be taken, and l= has up to 76 digits.
constexpr std::size_t max_time_digits = 12;
constexpr std::size_t max_length_digits = 76;

bool is_number(std::string_view value, std::size_t max_digits) {
    return !value.empty() && value.size() <= max_digits &&
           std::all_of(value.begin(), value.end(), text::is_digit);
}

std::optional<Canonicalization> parse_one(std::string_view name) {
    if (text::iequals(name, "relaxed")) return Canonicalization::relaxed;
    if (text::iequals(name, "simple")) return Canonicalization::simple;
    return std::nullopt;
}

bool is_field_name(std::string_view name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return text::is_printable(c) && c != ' '; });
}

}  // namespace

std::optional<DkimAlgorithm> parse_algorithm(std::string_view value) {
    if (text::iequals(value, "rsa-sha256")) return DkimAlgorithm::rsa_sha256;
    if (text::iequals(value, "ed25519-sha256")) return DkimAlgorithm::ed25519_sha256;
    return std::nullopt;
}

std::string_view to_string(DkimAlgorithm algorithm) noexcept {
    return algorithm == DkimAlgorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

/// A selector alone is no DomainName where its last label is all digits, so the whole name is what is parsed.
Result<KeyOwner> parse_key_owner(std::string_view domain, std::string_view selector) {
    const auto parsed = DomainName::parse(domain);
    if (!parsed) return Error{"d= is no domain name"};
    const std::string suffix = "._domainkey." + parsed->text();
    const auto key_name = DomainName::parse(std::string(selector) + suffix);
    if (selector.empty() || !key_name) return Error{"s= is no selector"};
    return KeyOwner{*parsed, key_name->text().substr(0, key_name->text().size() - suffix.size()),
                    key_name->text()};
}

std::optional<std::string> parse_signature_octets(std::string_view value) {
    auto base64 = remove_white_space(value);
    while (base64.size() % 4 != 0) base64.push_back('=');
    auto octets = decode_base64(base64);
    if (!octets || octets->empty()) return std::nullopt;
    return octets;
}

std::optional<std::string> parse_body_hash(std::string_view value) {
    auto octets = decode_base64(remove_white_space(value));
    if (!octets || octets->size() != sha256_octets) return std::nullopt;
    return octets;
}

std::optional<CanonicalizationPair> parse_canonicalization(std::string_view value) {
    const auto slash = value.find('/');
    const auto header = parse_one(value.substr(0, slash));
    const auto body = slash == std::string_view::npos ? std::optional(Canonicalization::simple)
                                                      : parse_one(value.substr(slash + 1));
    if (!header || !body) return std::nullopt;
    return CanonicalizationPair{*header, *body};
}

std::optional<std::vector<std::string>> parse_field_names(std::string_view value) {
    std::vector<std::string> names;
    for (const auto name : colon_list(value)) {
        if (!is_field_name(name)) return std::nullopt;
        names.push_back(text::to_lower(name));
    }
    return names;
}

std::optional<std::uint64_t> parse_body_length(std::string_view value) {
    if (!is_number(value, max_length_digits)) return std::nullopt;
    return text::parse_unsigned(value).value_or(std::numeric_limits<std::uint64_t>::max());
}

std::optional<UtcSeconds> parse_signature_time(std::string_view value) {
    if (!is_number(value, max_time_digits)) return std::nullopt;
    return static_cast<UtcSeconds>(text::parse_unsigned(value).value_or(0));
}

}  // namespace defender::auth
