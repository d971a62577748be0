/// Which signatures of a message are verified, and which of them can be.
///
/// The work of verifying grows with the number of signatures, so it is bounded, and so that nobody can push
/// out the signature that counts. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/auth/dkim_signature.hpp"
#include "common/auth/signed_header.hpp"

namespace defender::auth {

/// Which signatures to verify, `aligned` saying of each whether it could align with the author domain. All
/// where there are no more than `max`; otherwise the aligned ones first, then the others, each in their
/// order. The result has one entry for each signature.
[[nodiscard]] std::vector<bool> choose_signatures(const std::vector<bool>& aligned, std::size_t max);

/// For each chosen signature: whether the fields that it covers are fields as RFC 5322 section 2.2 has them.
/// Verifiers differ in how they hash others (a NUL, a bare CR or LF, a vertical tab or form feed in the
/// value, a tab before the colon). Of a name that some chosen signature lists n times the last n fields are
/// looked at (RFC 6376 section 5.4.2); of DKIM-Signature one more, as no signature covers its own field.
[[nodiscard]] std::vector<bool> which_are_hashable(const SignedHeader& header,
                                                   std::span<const DkimSignature* const> chosen);

}  // namespace defender::auth
