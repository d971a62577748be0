/// Rounds: what is done again and again: fold, close what is due, deliver what is due, and expire.
///
/// Counts go into the metrics as they grow. Thread-safety: one thread uses an object. Failure: an error is
/// the store's; the next round goes on where this one ended.
#pragma once

#include <functional>
#include <string>

#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"
#include "common/report/reporting.hpp"

namespace defender::reporter {

class Rounds {
  public:
    /// All outlive it.
    Rounds(report::ReportingParts parts, const config::Settings& settings, const std::string& owner,
           metrics::ReporterMetrics& metrics);

    /// All that is due at `now`. `stop` is asked between two steps; true: ends early.
    [[nodiscard]] Status run(UtcSeconds now, const std::function<bool()>& stop);
    /// Deletes records older than store.keep, reports older than report.keep, and forwarding sightings that
    /// do not count any more.
    [[nodiscard]] Status expire(UtcSeconds now);
    [[nodiscard]] const report::ReportingCounts& counts() const noexcept { return reporting_.counts(); }

  private:
    [[nodiscard]] Status steps(UtcSeconds now, const std::function<bool()>& stop);
    void publish();

    store::ReportStore& store_;
    const config::Settings& settings_;
    metrics::ReporterMetrics& metrics_;
    report::Reporting reporting_;
    report::ReportingCounts published_;
};

}  // namespace defender::reporter
