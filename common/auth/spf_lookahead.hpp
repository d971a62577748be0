/// SpfLookahead: the questions that an SPF evaluation may come to, as far as the answers so far tell.
///
/// Source: RFC 7208 section 4.6.4, whose limit of 10 terms bounds it: the records are walked in the order of
/// evaluation, as though nothing matched but the networks and "all", and no further than the 11th term that
/// costs a look-up. Asking these at once makes an evaluation wait for its longest chain of look-ups and not
/// for their sum. Failure: none. Thread-safety: as SpfLookups.
#pragma once

#include "common/auth/spf_lookups.hpp"

namespace defender::auth {

/// Most terms that cost a look-up (section 4.6.4).
constexpr unsigned max_spf_terms = 10;
/// Most exchanges of one "mx" (section 4.6.4).
constexpr std::size_t max_spf_exchanges = 10;

/// May name a question more than once.
[[nodiscard]] MissingQuestions questions_ahead(SpfLookups& lookups);

}  // namespace defender::auth
