/// What of a message libopendkim gets to see: which signatures, and which header fields for them.
///
/// libopendkim has no limits of its own, and its work grows with fields times signatures. So it gets the
/// signatures that were chosen, and of the other fields only those that can be hashed for one of them: RFC
/// 6376 section 5.4.2 takes fields of one name from the bottom up, so for a name that h= lists n times the
/// last n are enough. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/auth/dkim_signature.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// Which signatures to verify, `aligned` saying of each whether it could align with the author domain. All
/// where there are no more than `max`; otherwise the aligned ones first, then the others, each in their
/// order. The result has one entry for each signature.
[[nodiscard]] std::vector<bool> choose_signatures(const std::vector<bool>& aligned, std::size_t max);

/// A chosen signature and where its field stands in the header.
struct PlacedSignature {
    std::size_t position = 0;
    const DkimSignature* signature = nullptr;
};

struct SelectedFields {
    std::vector<std::size_t>
        positions;  ///< in the header's order; the chosen signatures' own fields among them
    /// For each chosen signature: whether it covers no field that libopendkim hashes otherwise than RFC 6376
    /// has it (a NUL, a bare CR or LF, a vertical tab or form feed in the value, a tab before the colon).
    std::vector<bool> hashable;
};

[[nodiscard]] SelectedFields select_fields(const mail::HeaderFields& header,
                                           std::span<const PlacedSignature> chosen);

}  // namespace defender::auth
