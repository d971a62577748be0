/// A DKIM-Signature field, parsed and checked, before any DNS question.
///
/// Source: RFC 6376 sections 3.5 and 6.1.1, RFC 8301, RFC 8463, RFC 8616 section 5; results as RFC 8601
/// section 2.7.1. A fault that can be seen in the field alone is decided here:
///
///     fault                                                                         result
///     the value is no tag list (stray octets, a tag twice, no "=")                  neutral
///     a known tag's value does not have its syntax (b bh c h i l t x)               neutral
///     b= in a form that verifiers do not hash alike (see parse)                     neutral
///     v= is not 1; a required tag (v a b bh d h s) is missing                       permerror
///     a= unknown; q= without dns/txt                                                permerror
///     d= or s= no domain name (quote, parenthesis, blank …); i= not in d=; a NUL    permerror
///     From not in h=; h= over 256 names or 4,000 octets; a field over 64 KiB        permerror
///     i= with a bare @ in its local part; h= with DKIM-Signature over 10 times      permerror
///     x= not after t=; t= before DKIM was; t= far ahead, x= past (time_fault)       permerror
///     l= larger than any body                                                       fail
///     a=rsa-sha1                                                                    policy
///
/// Unknown tags are ignored. Pure functions, thread-safe; nothing throws on account of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"
#include "common/base/utc_time.hpp"

namespace defender::auth {

/// a=, as far as it is verified.
enum class DkimAlgorithm { rsa_sha256, ed25519_sha256 };

/// Why a signature (or its key) cannot pass.
struct DkimFault {
    DkimResult result = DkimResult::permerror;
    std::string reason;  ///< printable
};

/// A signature that is worth verifying.
struct DkimSignature {
    DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
    DomainName domain;
    DomainName identity_domain;                   ///< of i=; the same as `domain` where there is no i=
    std::string key_name;                         ///< where the key is: selector._domainkey.domain, A-labels
    std::vector<std::string> signed_fields = {};  ///< h=, in lower case and in its order
    bool relaxed_header = false;                  ///< c=
    bool relaxed_body = false;
    std::optional<std::uint64_t> body_length = {};  ///< l=
    std::optional<UtcSeconds> signed_at = {};       ///< t=
    std::optional<UtcSeconds> expires_at = {};      ///< x=
    std::string body_hash = {};                     ///< the 32 octets of bh=
    std::string signature = {};                     ///< the octets of b=
};

struct ParsedDkimSignature {
    /// domain, selector, identity, algorithm and signature_prefix as far as they could be read; result and
    /// reason are those of the fault where there is no `signature`.
    DkimEvidence evidence;
    std::optional<DkimSignature> signature;
};

/// `value` is everything after the field's colon. A tag "b" with a blank before its "=", or another tag that
/// ends in "b", is a fault: libopendkim, for one, does not hash such a field as RFC 6376 section 3.7 has it.
[[nodiscard]] ParsedDkimSignature parse_dkim_signature(std::string_view value);

/// Whether the signature can count at `now` (RFC 6376 section 3.5, x=). A signature expires at x= itself.
/// t= in the future is allowed, up to 1,000,000,000 seconds, some thirty years.
[[nodiscard]] std::optional<DkimFault> time_fault(const DkimSignature& signature, UtcSeconds now);

}  // namespace defender::auth
