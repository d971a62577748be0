#include "reporter/daemon.hpp"

#include <unistd.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "common/base/utc_clock.hpp"
#include "common/config/host_name.hpp"
#include "common/config/settings_checks.hpp"
#include "common/config/settings_reader.hpp"
#include "common/log/log.hpp"
#include "common/store/stores.hpp"

namespace defender::reporter {
namespace {

constexpr std::chrono::seconds longest_wait{30};
constexpr std::chrono::seconds shortest_wait{5};
// A round that has more to do makes room for new records and for what has fallen due meanwhile.
constexpr std::chrono::seconds longest_round{60};
constexpr UtcSeconds seconds_per_day = 86400;

}  // namespace

std::string lease_owner() {
    return config::host_name() + " defender-reporter " + std::to_string(::getpid());
}

Daemon::Daemon(std::string settings_file, metrics::Metrics& metrics, Signals& signals, Notify notify,
               std::optional<std::chrono::microseconds> heartbeat)
    : settings_file_(std::move(settings_file)),
      metrics_(metrics),
      signals_(signals),
      notify_(std::move(notify)),
      heartbeat_(notify_, heartbeat) {}

Result<std::unique_ptr<Daemon>> Daemon::make(std::shared_ptr<const config::Settings> settings,
                                             std::string settings_file, metrics::Metrics& metrics,
                                             Signals& signals, Notify notify,
                                             std::optional<std::chrono::microseconds> heartbeat) {
    std::unique_ptr<Daemon> daemon(
        new Daemon(std::move(settings_file), metrics, signals, std::move(notify), heartbeat));
    if (auto taken = daemon->take(std::move(settings)); !taken) return taken.error();
    return daemon;
}

/// Only a restart opens another store; what is expired has to be in the same.
std::shared_ptr<const config::Settings> Daemon::with_open_store(const config::Settings& settings) const {
    auto kept = std::make_shared<config::Settings>(settings);
    kept->store.path = settings_->store.path;
    kept->store.postgresql = settings_->store.postgresql;
    return kept;
}

/// Makes all that the settings ask for, or changes nothing.
Status Daemon::take(std::shared_ptr<const config::Settings> settings) {
    std::unique_ptr<report::ReportingTools> tools;
    if (store_) settings = with_open_store(*settings);
    if (settings->report.enabled) {
        if (!store_) {
            auto store = store::open_reports(settings->store, store::OpenMode::read_write);
            if (!store) return store.error();
            auto reader = store::open_reports(settings->store, store::OpenMode::read_write);
            if (!reader) return reader.error();
            store_ = std::move(*store);
            reader_ = std::move(*reader);
        }
        auto made = report::ReportingTools::make(*settings, metrics_.dns(), tools_.get());
        if (!made) return made.error();
        tools = std::move(*made);
    }
    rounds_.reset();
    tools_ = std::move(tools);
    settings_ = std::move(settings);
    if (tools_) {
        rounds_.emplace(tools_->parts(*store_, *reader_), *settings_, lease_owner(), metrics_.reporter());
    } else {
        log::info("REPORTER_DISABLED");
    }
    return Done{};
}

void Daemon::reload() {
    notify_("RELOADING=1");
    const auto before = settings_;
    const auto reading = config::read_settings_file(settings_file_);
    for (const auto& error : reading.errors) {
        log::error("REPORTER_RELOAD_FAILED", {{"what", error.to_string()}});
    }
    if (reading.settings) {
        if (auto taken = take(reading.settings); !taken) {
            log::error("REPORTER_RELOAD_FAILED", {{"what", taken.error().message}});
        } else {
            const auto waiting = config::changes_needing_restart(*before, *reading.settings);
            log::info("REPORTER_RELOADED",
                      {{"file", settings_file_},
                       {"after_restart", waiting.empty() ? "none" : text::join(waiting, ",")}});
        }
    }
    notify_("READY=1");
}

void Daemon::run() {
    log::info("REPORTER_READY", {{"version", DEFENDER_VERSION}});
    notify_("READY=1");
    while (!signals_.stop()) {
        heartbeat_.beat();
        if (signals_.take_reload()) reload();
        const bool busy = round();
        if (!signals_.pending()) signals_.wait(heartbeat_.bounded(wait_for(busy)));
    }
    notify_("STOPPING=1");
    log::info("REPORTER_STOPPED");
}

bool Daemon::round() {
    if (!rounds_) return false;
    const auto before = rounds_->counts().folded;
    const auto done = steps();
    if (!done && !failing_) log::error("REPORTER_STEP_FAILED", {{"what", done.error().message}});
    if (done && failing_) log::info("REPORTER_STEP_RECOVERED");
    failing_ = !done;
    return done && rounds_->counts().folded > before;
}

Status Daemon::steps() {
    const auto begin = std::chrono::steady_clock::now();
    const auto stop = [&] {
        heartbeat_.beat();
        return signals_.pending() || std::chrono::steady_clock::now() - begin > longest_round;
    };
    const auto now = utc_now();
    if (auto done = rounds_->run(now, stop); !done) return done;
    if (now - expired_at_ < seconds_per_day || signals_.pending()) return Done{};
    if (auto done = rounds_->expire(now); !done) return done;
    expired_at_ = now;
    return Done{};
}

/// A short wait while records come in, else until something falls due.
std::chrono::seconds Daemon::wait_for(bool busy) {
    if (busy) return shortest_wait;
    if (!rounds_ || failing_) return longest_wait;
    const auto& settings = settings_->report;
    const auto due = store_->next_due(settings.delay.count(), settings.spread.count());
    if (!due || !*due) return longest_wait;
    return std::clamp(std::chrono::seconds(**due - utc_now()), shortest_wait, longest_wait);
}

}  // namespace defender::reporter
