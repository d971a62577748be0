/// Failure options: which of a message's author domains ask for a failure report about it.
///
/// A domain asks by ruf and fo in its policy record: "0" where no mechanism gave an aligned pass, "1" where
/// any gave something else, "d" where a signature failed, "s" where SPF failed, both whatever their
/// alignment. Source: RFC 7489 sections 6.3 and 7.3; RFC 9991. Nothing is reported of messages that were not
/// judged, of mail of our own reporting, of the null sender (whose answers would be reported in their turn),
/// and of a domain whose policy could not be found out. Thread-safety: a pure function.
#pragma once

#include <cstddef>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::report {

/// What failed, as the report names it (Auth-Failure of RFC 6591 section 3.1 and RFC 7489 section 7.3).
enum class FailureKind { dmarc, dkim, spf };

struct FailureAsked {
    std::size_t domain = 0;  ///< index into Judgement::domains
    FailureKind kind{};
    auth::PolicyEvidence policy;  ///< the one that the domain was judged by
};

/// At most one for each policy domain, in the order of the author domains.
[[nodiscard]] std::vector<FailureAsked> failures_asked_for(const auth::Evidence& evidence,
                                                           const auth::Judgement& judgement);

}  // namespace defender::report
