/// Failure reporting: from a judged message to the failure reports that its author domains ask for.
///
/// Joins what decides (failure_options.hpp) and what composes (failure_report.hpp). Thread-safety: pure
/// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"
#include "common/report/failure_options.hpp"
#include "common/report/failure_report.hpp"
#include "common/store/record.hpp"

namespace defender::report {

/// A message that failed, with what the record does not keep of it.
struct FailedMessage {
    store::Record record;  ///< not redacted
    std::string header;    ///< as received
    std::string body;      ///< empty unless failure.body is true
};

/// One failure report that was asked for, told of the message.
[[nodiscard]] FailureReport failure_report_of(const FailedMessage& message, const FailureAsked& asked);

/// As a document with its deliveries.
[[nodiscard]] store::NewDocument new_failure_report(const FailureReport& report, const FailureAsked& asked,
                                                    const config::Settings& settings,
                                                    std::string_view redaction_key, UtcSeconds now);

}  // namespace defender::report
