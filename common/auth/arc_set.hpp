/// ARC sets: the three ARC header fields of each instance, parsed, and put in order as a chain.
///
/// Source: RFC 8617 sections 4.1, 4.2 and 5.2, steps 1 to 3. The instance of an ARC-Authentication-Results
/// field is its first tag, with comments where RFC 5322 allows them; in the other two it stands anywhere in
/// their tag lists, as any tag of DKIM. What makes the whole chain fail is told from what only makes an older
/// ARC-Message-Signature worthless (5.2, step 5). ARC-Message-Signature fields that sign ARC-Seal are
/// refused: that field did not exist when they were made. Other names in h= that section 4.1.2 forbids
/// signers are verified as they stand, since signatures over them are in use and prove the same. Bounded: h=
/// as DKIM's (256 names, 4,000 octets); of fields that make no set nothing is kept. Pure functions,
/// thread-safe; nothing throws on account of the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/canonicalization.hpp"
#include "common/auth/evidence.hpp"
#include "common/auth/signature_tags.hpp"
#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// RFC 8617 section 4.2.1.
inline constexpr unsigned max_arc_instance = 50;

enum class ArcField { authentication_results, message_signature, seal };
/// Which ARC field this name is, without case and trailing blanks; nothing for other names.
[[nodiscard]] std::optional<ArcField> arc_field(std::string_view name);

/// The field's instance, 1 to 99; nothing where it has none.
[[nodiscard]] std::optional<unsigned> arc_instance(ArcField field, std::string_view value);

/// An ARC-Message-Signature that is worth verifying.
struct ArcMessageSignature {
    DkimAlgorithm algorithm{};
    KeyOwner key;
    std::string signature;  ///< octets of b=
    std::string body_hash;  ///< octets of bh=
    CanonicalizationPair canonicalization;
    std::vector<std::string> signed_fields;    ///< h=, in lower case and in its order
    std::optional<std::uint64_t> body_length;  ///< l=
    std::optional<UtcSeconds> expires_at;      ///< x=
};
[[nodiscard]] Result<ArcMessageSignature> parse_arc_message_signature(std::string_view value);

/// An ARC-Seal that is worth verifying.
struct ArcSeal {
    DkimAlgorithm algorithm{};
    KeyOwner key;
    std::string signature;     ///< octets of b=
    std::string chain_status;  ///< cv=: "none", "pass" or "fail"
};
[[nodiscard]] Result<ArcSeal> parse_arc_seal(std::string_view value);

/// What an ARC-Authentication-Results field says behind its instance, as the value of an
/// Authentication-Results field; empty where there is no instance.
[[nodiscard]] std::string_view sealed_results(std::string_view value);

/// One set of a chain whose structure is sound. Positions are those of the fields in the header.
struct ArcSet {
    std::size_t authentication_results = 0;
    std::size_t message_signature = 0;
    std::size_t seal = 0;
    Result<ArcMessageSignature> parsed_signature;
    ArcSeal parsed_seal;
};

struct ArcChain {
    bool present = false;      ///< there is an ARC field
    std::string fault;         ///< why the chain fails before any signature is looked at; empty where sound
    bool too_long = false;     ///< the fault is that there are more sets than are verified
    bool ended = false;        ///< the newest seal says cv=fail: nobody is to seal this message again
    unsigned highest = 0;      ///< the highest instance of any ARC field
    std::vector<ArcSet> sets;  ///< instances 1 to N; empty where there is a fault
    /// What can be told of each instance, verdicts not yet in; also of a faulty chain, then as far as it is
    /// readable and of at most 50 instances.
    std::vector<ArcSetEvidence> evidence;
};

/// `max_sets` is 50 at most.
[[nodiscard]] ArcChain find_arc_chain(const mail::HeaderFields& header, unsigned max_sets);

}  // namespace defender::auth
