/// DKIM key records: which key a DNS answer holds for a signature, and whether it may be used for it.
///
/// Source: RFC 6376 sections 3.6.1, 3.6.2.2 and 6.1.2, RFC 8301 section 3.2, RFC 8463 section 4.2. Results:
///
///     the answer                                                          result
///     DNS failed                                                          temperror
///     no such name, no TXT record, no record that is a key record         permerror
///     several different key records that fit the signature                permerror
///     p= empty (revoked), missing, or no key                              permerror
///     k= unknown or not that of a=; h= without sha256; s= without email   permerror
///     t=s, and i= in a subdomain of d=                                    permerror
///     an RSA key longer than 729 octets, some 5,700 bits                  permerror
///     RSA of fewer bits than are accepted                                 policy
///
/// A record that is no tag list, or whose v= is not DKIM1 (or not first), is no key record: such text lies
/// under wildcards and is passed over. Unknown tags, hashes, services and flags are ignored. Pure functions,
/// thread-safe; nothing throws on account of the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/auth/dkim_signature.hpp"
#include "common/base/result.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

/// One key record as published. Tags that decide nothing (n=) are left out.
struct DkimKeyRecord {
    std::string key_type;           ///< k=, lower case; "rsa" where there is none
    std::string key_data;           ///< p= without white space; empty: revoked
    bool allows_sha256 = true;      ///< h=
    bool serves_email = true;       ///< s=
    bool testing = false;           ///< t=y
    bool same_domain_only = false;  ///< t=s
    bool operator==(const DkimKeyRecord&) const = default;
};

/// The error says why the text is no key record.
[[nodiscard]] Result<DkimKeyRecord> parse_dkim_key_record(std::string_view text);

/// The key for one signature, or why there is none.
struct DkimKey {
    std::optional<DkimFault> fault;
    unsigned bits = 0;     ///< 0 where no key was read
    bool testing = false;  ///< t=y
    std::string octets;    ///< where there is no fault: as VerifyingKey::read() takes them
};

[[nodiscard]] DkimKey choose_dkim_key(const dns::Answer& answer, const DkimSignature& signature,
                                      unsigned min_rsa_bits);

}  // namespace defender::auth
