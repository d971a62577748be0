/// SHA-256 (FIPS 180-4), through libcrypto.
///
/// Thread-safety: a pure function. Failure: an exception where libcrypto has no memory or no SHA-256.
#pragma once

#include <string>
#include <string_view>

namespace defender::store {

/// The 32 octets of the digest.
[[nodiscard]] std::string sha256(std::string_view octets);

}  // namespace defender::store
