/// SpfEngine: one evaluation by libspf2, from answers that are there already.
///
/// Source: RFC 7208 sections 4.6 to 6. libspf2 sees no name and no text from outside: each record is written
/// out anew with placeholder names ("v=spf1 include:q3.invalid -a:q4.invalid/24 redirect=q5.invalid"), and
/// its look-ups of placeholders are answered from SpfLookups. Networks that do not hold the client are left
/// out; one that does, "all", "ptr" and lengths of 0 become an "exists" whose answer is worked out here.
/// "exp" never goes in. What the library lacks is done at its look-ups: the limits of section 4.6.4, and
/// errors. It asks in the order of evaluation and any error ends an evaluation, so the first error that a
/// look-up meets is the verdict. Thread-safety: evaluations of different SpfLookups may run at once; the
/// library's handlers are set once. Failure: what libspf2 itself reports as fatal is thrown as
/// std::runtime_error.
#pragma once

#include <optional>
#include <string>

#include "common/auth/evidence.hpp"
#include "common/auth/spf_lookups.hpp"

namespace defender::auth {

struct SpfVerdict {
    SpfResult result = SpfResult::none;
    std::string reason;
    unsigned terms = 0;         ///< that cost a look-up
    unsigned void_lookups = 0;  ///< of these, those without an answer
    bool skipped_failure =
        false;  ///< a temporary failure was passed over, as the RFC has it for "ptr" and %{p}
};

/// A verdict, or the questions that have to be answered before there is one.
struct SpfEngineRun {
    std::optional<SpfVerdict> verdict;
    MissingQuestions missing;
};

[[nodiscard]] SpfEngineRun run_spf_engine(SpfLookups& lookups);

}  // namespace defender::auth
