/// What a chain that passes is worth to the judgement: whose sealed results may stand in for our own.
///
/// Source: RFC 8617 section 7.2. A seal proves who sealed, not that he is honest; whom to believe is the
/// operator's to say (trust.arc_sealers). Whoever handled the message after a hop may have changed it, so a
/// sealer's word counts only where everyone after him is trusted as well. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"

namespace defender::auth {

/// Whether the newest seal of a chain that passes is by one of `domains` (that very name).
[[nodiscard]] bool newest_sealer_is(const ArcEvidence& arc, const std::vector<DomainName>& domains);

struct ArcTrust {
    bool passed = false;      ///< a trusted sealer saw the author domain pass, and only trusted ones followed
    std::string comment;      ///< where passed: for records and reports, as section 7.2.2 has it
    std::string explanation;  ///< for the trace; empty where there is no chain, or nobody is trusted
};

/// Of the unbroken run of trusted sealers at the chain's end, the first to say anything of the author domain
/// decides (sealed_verdict() in sealed_results.hpp).
[[nodiscard]] ArcTrust arc_trust(const ArcEvidence& arc, const std::vector<DomainName>& trusted,
                                 std::string_view author_domain);

}  // namespace defender::auth
