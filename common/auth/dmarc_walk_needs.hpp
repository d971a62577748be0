/// DmarcWalkNeeds: which names have still to be asked for before RFC 9989 can judge a message.
///
/// Source: RFC 9989 sections 4.10.1 and 4.10.2. A walk's names are known as soon as its start is, so they are
/// needed all at once. Left out is what cannot change the result:
///   - names above a record with psd=y or psd=n, once it is known;
///   - the organizational domain of an author domain with a record of its own, where no identifier has need
///   of it;
///   - identifiers: every walk of one that is the author domain itself, whose alignment is strict, or that is
///   not
///     within a domain that may be the author domain's organizational domain; all of them without a policy;
///   - whether the author domain exists, unless a policy from above it has np.
/// Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"

namespace defender::auth {

/// The domains of one message, as far as they are known.
struct WalkSubjects {
    std::vector<DomainName> authors;
    std::vector<DomainName> spf;
    std::vector<DomainName> dkim;
};

/// What has been answered so far: only answers, and failures among them; what is under way is not there.
struct WalkAnswers {
    std::vector<WalkedName> walked;                   ///< by add_walked()
    std::map<DomainName, DomainExistence> existence;  ///< of author domains
};

struct WalkNeeds {
    std::vector<DomainName> names;      ///< whose DMARC record counts and is not there yet; each once
    std::vector<DomainName> existence;  ///< author domains of which it counts whether they exist
    [[nodiscard]] bool empty() const noexcept { return names.empty() && existence.empty(); }
};

[[nodiscard]] WalkNeeds walk_needs(const WalkSubjects& subjects, const WalkAnswers& answers);

}  // namespace defender::auth
