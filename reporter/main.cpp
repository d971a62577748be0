// defender-reporter: makes DMARC aggregate reports of what the milter recorded, and sends them.
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "common/base/utc_clock.hpp"
#include "common/config/settings_reader.hpp"
#include "common/log/line_counts.hpp"
#include "common/log/log.hpp"
#include "common/metrics/log_lines.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/stores.hpp"
#include "reporter/daemon.hpp"
#include "reporter/rounds.hpp"
#include "reporter/signals.hpp"

namespace {

using namespace defender;
using namespace defender::reporter;

constexpr int exit_done = 0;
constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;
constexpr int exit_try_again = 75;

struct Options {
    std::string settings_file = "/etc/defender/defender.toml";
    std::string now;
    bool once = false;
    bool check_only = false;
};

void configure_log(const config::LogSettings& settings) {
    static constexpr log::Level levels[] = {log::Level::debug, log::Level::info, log::Level::warning,
                                            log::Level::error};
    log::configure(
        levels[static_cast<std::size_t>(settings.level)],
        settings.target == config::LogTarget::journald ? log::Target::journald : log::Target::stderr_);
}

int status_of(const Error& error) {
    return store::store_may_recover(error) ? exit_try_again : exit_wrong;
}

int start_failed(const Error& error) {
    log::error("REPORTER_START_FAILED", {{"what", error.message}});
    return status_of(error);
}

int step_failed(const Error& error) {
    log::error("REPORTER_STEP_FAILED", {{"what", error.message}});
    return status_of(error);
}

/// All that is due, then the end; 75 where a mail is still on its way.
int run_once(const config::Settings& settings, UtcSeconds now, Signals& signals) {
    if (!settings.report.enabled) {
        std::cerr << "defender-reporter: report.enabled is false; there is nothing to do\n";
        return exit_done;
    }
    metrics::Metrics metrics;
    auto store = store::open_reports(settings.store, store::OpenMode::read_write);
    if (!store) return start_failed(store.error());
    auto reader = store::open_reports(settings.store, store::OpenMode::read_write);
    if (!reader) return start_failed(reader.error());
    auto tools = report::ReportingTools::make(settings, metrics.dns());
    if (!tools) return start_failed(tools.error());
    Rounds rounds((*tools)->parts(**store, **reader), settings, lease_owner(), metrics.reporter());
    auto done = rounds.run(now, [&signals] { return signals.pending(); });
    if (done && !signals.stop()) done = rounds.expire(now);
    if (!done) return step_failed(done.error());
    const auto counts = (*store)->counts();
    if (!counts) return step_failed(counts.error());
    if (rounds.counts().failed > 0) return exit_wrong;
    return counts->waiting > 0 || signals.stop() ? exit_try_again : exit_done;
}

/// Reports do not depend on the endpoint: null where it cannot be opened.
std::unique_ptr<metrics::MetricsEndpoint> open_metrics(const metrics::Metrics& metrics,
                                                       const std::string& listen) {
    if (listen.empty()) return nullptr;
    try {
        auto endpoint = std::make_unique<metrics::MetricsEndpoint>(metrics, listen);
        log::info("METRICS_LISTENING", {{"address", listen}});
        return endpoint;
    } catch (const std::exception& problem) {
        log::warning("REPORTER_METRICS_FAILED", {{"what", problem.what()}});
        return nullptr;
    }
}

/// Nothing where no service manager waits for word that the reporter lives.
std::optional<std::chrono::microseconds> heartbeat_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds / 4);
}

int run_daemon(const std::shared_ptr<const config::Settings>& settings, const std::string& settings_file,
               Signals& signals) {
    metrics::Metrics metrics;
    metrics::show_log_lines(log::line_counts);
    auto daemon = Daemon::make(
        settings, settings_file, metrics, signals, [](const char* state) { sd_notify(0, state); },
        heartbeat_interval());
    if (!daemon) return start_failed(daemon.error());
    const auto endpoint = open_metrics(metrics, settings->report.metrics_listen);
    (*daemon)->run();
    return exit_done;
}

int run(const Options& options, Signals& signals) {
    const auto reading = config::read_settings_file(options.settings_file);
    for (const auto& error : reading.errors) std::cerr << error.to_string() << '\n';
    if (!reading.settings) return exit_wrong;
    if (options.check_only) return exit_done;
    configure_log(reading.settings->log);
    if (!options.once) return run_daemon(reading.settings, options.settings_file, signals);
    return run_once(*reading.settings, parse_rfc3339(options.now).value_or(utc_now()), signals);
}

}  // namespace

int main(int argc, char** argv) {
    Signals signals;
    Options options;
    CLI::App app("Makes DMARC aggregate reports of what the milter recorded, and sends them.",
                 "defender-reporter");
    app.add_option("-c,--config", options.settings_file, "The settings")->capture_default_str();
    auto* once = app.add_flag("--once", options.once, "Do all that is due, then end");
    const CLI::Validator moment(
        [](const std::string& text) {
            return parse_rfc3339(text) ? std::string()
                                       : text + " is no RFC 3339 time such as 2026-05-01T00:00:00Z";
        },
        "RFC3339");
    app.add_option("--now", options.now, "Take this time for the present")->check(moment)->needs(once);
    app.add_flag("--check-config", options.check_only, "Check the settings and end");
    app.set_version_flag("--version", std::string("defender-reporter ") + DEFENDER_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    try {
        return run(options, signals);
    } catch (const std::exception& problem) {
        return start_failed(Error{problem.what()});
    }
}
