/// Indirect mail: signs that a failing message came by a mailing list or a forwarder, where a policy of
/// reject ought not to be taken at its word.
///
/// Source: RFC 9989 sections 5.4 and 7.4: a receiver does not refuse solely because of p=reject, but by other
/// knowledge as well. Thread-safety: a pure function on values. Failure: none.
#pragma once

#include <string>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

/// The first sign found, in words: a List-Id; a signature of an aligned domain that was changed on the way
/// (result fail), which a forger of the address has no reason to add. Empty where there is none. `policy` is
/// the one by the standard (applied_policy.hpp).
[[nodiscard]] std::string sign_of_indirect_mail(const PolicyEvidence& policy, const Evidence& evidence,
                                                config::DmarcStandard standard);

}  // namespace defender::auth
