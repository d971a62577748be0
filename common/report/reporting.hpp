/// Reporting: the steps from records to delivered reports, each durable before the next begins.
///
/// What the reporter does all day and what `defenderctl report send` does once. Time comes from the caller,
/// so that a day can be closed without waiting for it; only how long a lease has been held is measured. Any
/// number of reporters may work on one store; each step is taken by one of them, and what one leaves undone
/// when it dies another takes over. Thread-safety: one thread uses an object. Failure: an error is the
/// store's, and nothing is half done. Logged: REPORT_… and DELIVERY_….
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/config/settings.hpp"
#include "common/report/document_maker.hpp"
#include "common/report/outbox.hpp"
#include "common/report/reporting_parts.hpp"

namespace defender::report {

/// How far a long piece of work is: done of all.
using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// Records folded by one step, at most: some ten seconds of work. The more there are, the more of them find
/// their row among those in memory.
inline constexpr std::uint64_t fold_at_once = 3000000;

class Reporting {
  public:
    /// `settings` outlive it. `owner` names the holder of leases: host and process.
    Reporting(ReportingParts parts, const config::Settings& settings, std::string owner);
    Reporting(const Reporting&) = delete;
    Reporting& operator=(const Reporting&) = delete;

    /// Folds all that is there. `progress` may be empty, and so may `stop`, which ends early where it is
    /// true.
    [[nodiscard]] Status fold(const Progress& progress, const std::function<bool()>& stop = {});
    /// Closes every report that is due at `now`; those of days before oldest_report without documents. `stop`
    /// is asked between groups of some; true: ends early. A report whose documents cannot be made or stored
    /// is logged, and holds up no other.
    [[nodiscard]] Status close_due(UtcSeconds now, const std::function<bool()>& stop);
    /// Takes every delivery that is due at `now` to its end or to its next wait, as outbox.hpp says. `stop`
    /// is asked before each; true: ends early.
    [[nodiscard]] Status deliver_due(UtcSeconds now, const std::function<bool()>& stop);
    [[nodiscard]] const ReportingCounts& counts() const noexcept { return counts_; }

  private:
    [[nodiscard]] Result<bool> take_due(UtcSeconds now, std::chrono::steady_clock::time_point began,
                                        DocumentMaker& maker);
    [[nodiscard]] Status finish(const Closing& closing);
    [[nodiscard]] Result<std::vector<std::int64_t>> finish_each(const Closing& closing);
    void note_failure(const store::Report& report, const Error& error);

    ReportingParts parts_;
    const config::Settings& settings_;
    std::string owner_;
    ReportingCounts counts_;
    Outbox outbox_;
};

}  // namespace defender::report
