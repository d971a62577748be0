/// EaiSignatures: the DKIM signatures of one message that libopendkim cannot read, as their fields are not
/// ASCII.
///
/// Source: RFC 8616 section 5: in internationalized mail d=, s= and i= hold U-labels and UTF-8, and the field
/// is hashed as it stands. Hashes and keys are as RFC 6376 section 3.7 has them, by the same code that
/// verifies ARC. The fields have been parsed before (dkim_signature.hpp), and so have the keys
/// (dkim_key.hpp). Verdicts: pass with an empty reason, or `fail`. Order of calls: add()*, body()*,
/// end_of_body(), verdict()*. Thread-safety: for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/body_hashes.hpp"
#include "common/auth/dkim_signature.hpp"
#include "common/auth/signed_header.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

class EaiSignatures {
  public:
    /// Whether the signature in this field is one of these.
    [[nodiscard]] static bool is_one(const mail::HeaderField& field);

    /// `field` is the signature's own, one of those of `header`.
    void add(const DkimSignature& signature, const mail::HeaderField& field, SignedHeader& header);
    [[nodiscard]] bool empty() const noexcept { return signatures_.empty(); }
    void body(std::span<const char> octets) { hashes_.add(octets); }
    void end_of_body() { hashes_.finish(); }
    /// On the signature that was added as number `at`, from 0. `key` is as verify_signature() takes it.
    [[nodiscard]] DkimFault verdict(std::size_t at, std::string_view key) const;

  private:
    struct Signature {
        DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
        Canonicalization body = Canonicalization::simple;
        std::optional<std::uint64_t> body_length;
        std::string header_digest;
        std::string body_hash;  ///< of bh=
        std::string value;      ///< of b=
    };

    std::vector<Signature> signatures_;
    BodyHashes hashes_;
};

}  // namespace defender::auth
