/// Values of the tags that DKIM-Signature, ARC-Message-Signature and ARC-Seal have in common.
///
/// Source: RFC 6376 section 3.5, RFC 8617 section 4.1. Each function takes a tag's value as TagList gives it
/// and gives nothing, or an Error, where it does not have its syntax. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/canonicalization.hpp"
#include "common/auth/dkim_signature.hpp"
#include "common/base/domain_name.hpp"
#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"

namespace defender::auth {

/// a=, as far as it is verified.
[[nodiscard]] std::optional<DkimAlgorithm> parse_algorithm(std::string_view value);
[[nodiscard]] std::string_view to_string(DkimAlgorithm algorithm) noexcept;

/// d= and s=: whose key it is, and where that stands. All in lower-case A-labels.
struct KeyOwner {
    DomainName domain;
    std::string selector;
    std::string key_name;  ///< selector._domainkey.domain
};
[[nodiscard]] Result<KeyOwner> parse_key_owner(std::string_view domain, std::string_view selector);

/// The octets of b=; padding may be missing. Never empty.
[[nodiscard]] std::optional<std::string> parse_signature_octets(std::string_view value);
/// The 32 octets of bh=.
[[nodiscard]] std::optional<std::string> parse_body_hash(std::string_view value);

/// c=, of the header and of the body.
struct CanonicalizationPair {
    Canonicalization header = Canonicalization::simple;
    Canonicalization body = Canonicalization::simple;
};
[[nodiscard]] std::optional<CanonicalizationPair> parse_canonicalization(std::string_view value);

/// Far beyond the h= of honest signers; both bound the work that one signature can cause.
inline constexpr std::size_t max_signed_names = 256;
inline constexpr std::size_t max_signed_names_octets = 4000;

/// h=, in lower case and in its order; nothing where it is no list of field names.
[[nodiscard]] std::optional<std::vector<std::string>> parse_field_names(std::string_view value);

/// l=, up to 76 digits; numbers beyond 2^64 - 1 are given as that.
[[nodiscard]] std::optional<std::uint64_t> parse_body_length(std::string_view value);

/// t= and x=.
[[nodiscard]] std::optional<UtcSeconds> parse_signature_time(std::string_view value);

}  // namespace defender::auth
