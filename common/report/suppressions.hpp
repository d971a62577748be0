/// Suppressions: destinations that get no report mail, for ever or for a time, for the sake of our
/// reputation.
///
/// report.never_send is the operator's, as are suppressions made by hand. The others are earned: an address
/// that refuses mail for good gets none for a day, and for twice as long each time that it does so again, to
/// 30 days; a success forgets them. Destinations are addresses, or domains with all below them.
/// Thread-safety: one thread at a time uses the store. Failure: an error is the store's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/report_store.hpp"

namespace defender::report {

/// The address itself, its domain and all domains above, in lower case.
[[nodiscard]] std::vector<std::string> destinations_of(std::string_view address);

/// Why nothing is to be sent there at `now`; nothing where it may.
[[nodiscard]] Result<std::optional<std::string>> reason_not_to_send(
    store::ReportStore& store, const std::vector<std::string>& never_send, std::string_view address,
    UtcSeconds now);

/// How long the n-th suppression (1, 2, …) lasts.
[[nodiscard]] std::chrono::hours suppression_after(unsigned strikes);
/// The address refused mail for good.
[[nodiscard]] Status suppress_for_a_time(store::ReportStore& store, std::string_view address, UtcSeconds now,
                                         const std::string& reason);
/// The address took a mail.
[[nodiscard]] Status forget_strikes(store::ReportStore& store, std::string_view address);

}  // namespace defender::report
