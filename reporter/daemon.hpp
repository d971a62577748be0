/// Daemon: the reporter's life, from READY to SIGTERM, round after round.
///
/// SIGHUP reads the settings again; where they have an error, those in force stay. A step that fails (most
/// often as the store cannot be used) is logged once and tried again until it succeeds. Thread-safety: one
/// thread. Logged: REPORTER_….
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"
#include "common/report/reporting_tools.hpp"
#include "common/store/report_store.hpp"
#include "reporter/heartbeat.hpp"
#include "reporter/rounds.hpp"
#include "reporter/signals.hpp"

namespace defender::reporter {

class Daemon {
  public:
    /// The error says why it cannot begin: the store, or a file that the settings name. `heartbeat` as the
    /// interval of Heartbeat.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> make(
        std::shared_ptr<const config::Settings> settings, std::string settings_file,
        metrics::Metrics& metrics, Signals& signals, Notify notify,
        std::optional<std::chrono::microseconds> heartbeat = std::nullopt);

    /// Until SIGTERM.
    void run();

  private:
    Daemon(std::string settings_file, metrics::Metrics& metrics, Signals& signals, Notify notify,
           std::optional<std::chrono::microseconds> heartbeat);

    [[nodiscard]] std::shared_ptr<const config::Settings> with_open_store(
        const config::Settings& settings) const;
    [[nodiscard]] Status take(std::shared_ptr<const config::Settings> settings);
    void reload();
    /// True where it found something to do.
    [[nodiscard]] bool round();
    [[nodiscard]] Status steps();
    [[nodiscard]] std::chrono::seconds wait_for(bool busy);

    std::string settings_file_;
    metrics::Metrics& metrics_;
    Signals& signals_;
    Notify notify_;
    Heartbeat heartbeat_;
    std::shared_ptr<const config::Settings> settings_;
    std::unique_ptr<store::ReportStore> store_;
    std::unique_ptr<store::ReportStore> reader_;  ///< the same by another connection
    std::unique_ptr<report::ReportingTools> tools_;
    std::optional<Rounds> rounds_;  ///< nothing where report.enabled is false
    UtcSeconds expired_at_ = 0;
    bool failing_ = false;
};

/// Who holds leases: this host and process.
[[nodiscard]] std::string lease_owner();

}  // namespace defender::reporter
