/// FailureReports: makes the failure reports that judged messages ask for, off the messages' way.
///
/// One thread. What is offered is composed and put into the outbox of the journal; where the reports are made
/// in PostgreSQL it moves on to the outbox there, each exactly once, as soon as that can be reached. Limits
/// for each domain and hour hold for this gateway. A message is never held up: where too much is waiting, or
/// the outbox cannot be written, the report is left out, and that is logged. Logged: FAILURE_REPORT_MADE,
/// FAILURE_REPORT_LOST, FAILURE_REPORTS_WAITING. Thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "common/dns/resolver.hpp"
#include "common/report/failure_reporting.hpp"
#include "common/store/report_store.hpp"

namespace defender::milter {

class FailureReports {
  public:
    using OpenStore = std::function<Result<std::unique_ptr<store::ReportStore>>()>;

    /// `open_journal` gives the outbox of this host; `open_reports` the one that reports are sent from, empty
    /// where that is the same.
    FailureReports(OpenStore open_journal, OpenStore open_reports);
    /// Makes what was offered, then ends.
    ~FailureReports();
    FailureReports(const FailureReports&) = delete;
    FailureReports& operator=(const FailureReports&) = delete;

    /// A message that at least one author domain asks for a report about. `resolver` is asked for the SPF
    /// records that a report tells.
    void offer(report::FailedMessage message, std::shared_ptr<const config::Settings> settings,
               std::shared_ptr<dns::Resolver> resolver);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// For the stores that the settings name.
[[nodiscard]] std::unique_ptr<FailureReports> make_failure_reports(const config::StoreSettings& settings);

}  // namespace defender::milter
