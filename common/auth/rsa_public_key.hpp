/// RSA public keys as DKIM publishes them: DER, in either of the two forms that are in use.
///
/// RFC 6376 section 3.6.1 speaks of an RSAPublicKey (RFC 8017 appendix A.1.1), while nearly everybody
/// publishes a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) around one. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace defender::auth {

struct RsaPublicKey {
    unsigned bits = 0;  ///< of the modulus, exactly
    std::string der;    ///< the RSAPublicKey
};

/// Nothing where the octets are no RSA public key, or have anything behind it.
[[nodiscard]] std::optional<RsaPublicKey> parse_rsa_public_key(std::string_view der);

}  // namespace defender::auth
