// defender-milter: the milter's wiring. Reads the settings, puts the parts together, serves until SIGTERM.
#include <malloc.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "common/config/settings_reader.hpp"
#include "common/log/line_counts.hpp"
#include "common/log/log.hpp"
#include "common/metrics/log_lines.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/record_mover.hpp"
#include "common/store/stores.hpp"
#include "milter/asio_frontend.hpp"
#include "milter/descriptors.hpp"
#include "milter/failure_reports.hpp"
#include "milter/forwarder_refresh.hpp"
#include "milter/frontend.hpp"
#include "milter/gateway.hpp"
#include "milter/libmilter_frontend.hpp"
#include "milter/reload.hpp"
#include "milter/signals.hpp"
#include "milter/status_server.hpp"
#include "milter/watchdog.hpp"

namespace {

using namespace defender;
using namespace defender::milter;

constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;
// Beyond the longest message deadline that matters in practice; then the MTA tries the message again.
constexpr std::chrono::seconds drain_patience{60};

void configure_log(const config::LogSettings& settings) {
    static constexpr log::Level levels[] = {log::Level::debug, log::Level::info, log::Level::warning,
                                            log::Level::error};
    log::configure(
        levels[static_cast<std::size_t>(settings.level)],
        settings.target == config::LogTarget::journald ? log::Target::journald : log::Target::stderr_);
}

void print_errors(const config::SettingsReading& reading) {
    for (const auto& error : reading.errors) std::cerr << error.to_string() << '\n';
}

std::unique_ptr<Frontend> make_frontend(Gateway& gateway, const config::MilterSettings& settings) {
    if (settings.frontend == config::MilterFrontend::asio) {
        return std::make_unique<AsioFrontend>(gateway, settings);
    }
    return std::make_unique<LibmilterFrontend>(gateway, settings);
}

/// The front end's loop, on a thread of its own.
class FrontendThread {
  public:
    explicit FrontendThread(Frontend& frontend)
        : frontend_(frontend), thread_([this] {
              try {
                  frontend_.run();
              } catch (const std::exception& problem) {
                  log::error("MILTER_FRONTEND_FAILED", {{"what", problem.what()}});
                  failed_ = true;
              }
              done_.set_value();
              request_stop();
          }) {}
    /// Where serving failed, nobody has stopped the front end yet, and what it works with is about to go.
    ~FrontendThread() {
        if (!thread_.joinable()) return;
        frontend_.stop();
        if (!join(std::chrono::steady_clock::now() + drain_patience)) std::_Exit(exit_wrong);
    }
    FrontendThread(const FrontendThread&) = delete;
    FrontendThread& operator=(const FrontendThread&) = delete;

    /// False where it did not come to its end in time.
    [[nodiscard]] bool join(std::chrono::steady_clock::time_point deadline) {
        if (ended_.wait_until(deadline) != std::future_status::ready) return false;
        thread_.join();
        return true;
    }
    /// It ended by itself.
    [[nodiscard]] bool failed() const noexcept { return failed_; }

  private:
    Frontend& frontend_;
    std::atomic<bool> failed_{false};
    std::promise<void> done_;
    std::future<void> ended_ = done_.get_future();
    std::thread thread_;
};

/// How often to look whether all goes well; nothing where no service manager waits for word of it.
std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds / 4);
}

void serve_until_stopped(Gateway& gateway, ForwarderRefresh& forwarders, metrics::Metrics& metrics,
                         const std::string& settings_file) {
    const auto interval = watchdog_interval();
    Watchdog watchdog(gateway, [](const char* state) { sd_notify(0, state); });
    auto next_look = std::chrono::steady_clock::now();
    for (;;) {
        // Not after each reload as well, as threads need some time to answer between two looks.
        if (interval && std::chrono::steady_clock::now() >= next_look) {
            watchdog.look();
            next_look = std::chrono::steady_clock::now() + *interval;
        }
        const auto event = next_event(interval);
        if (event == Event::stop) return;
        if (event != Event::reload) continue;
        sd_notify(0, "RELOADING=1");
        if (const auto settings = reload(gateway, metrics, settings_file)) {
            configure_log(settings->log);
            forwarders.read_again();
        }
        sd_notify(0, "READY=1");
    }
}

/// Lets messages in flight end. False where a connection of an MTA or the front end's loop is still there.
bool drain(Gateway& gateway, Frontend& frontend, FrontendThread& thread) {
    sd_notify(0, "STOPPING=1");
    log::info("MILTER_STOPPING", {{"in_flight", gateway.in_flight()}});
    const auto deadline = std::chrono::steady_clock::now() + drain_patience;
    frontend.stop();
    const bool ended = thread.join(deadline);
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - std::chrono::steady_clock::now());
    const bool idle = gateway.wait_until_idle(left);
    return idle && ended && gateway.connections() == 0;
}

/// Null where the file is the whole store.
std::unique_ptr<store::RecordMover> make_mover(const config::StoreSettings& settings,
                                               metrics::Metrics& metrics) {
    if (settings.postgresql.empty()) return nullptr;
    return std::make_unique<store::RecordMover>(settings, metrics.store());
}

store::RecordWriter::OpenStore journal_opener(const config::StoreSettings& settings,
                                              store::RecordMover* mover) {
    return [settings, mover] {
        return store::open_journal(settings, [mover](std::uint64_t records) {
            if (mover) mover->appended(records);
        });
    };
}

/// The endpoints for operators, which mail does not depend on.
struct Endpoints {
    Endpoints(Gateway& gateway, metrics::Metrics& metrics, const config::Settings& settings,
              const store::RecordMover* mover) {
        if (!settings.metrics.listen.empty()) {
            metrics_.emplace(metrics, settings.metrics.listen);
            log::info("METRICS_LISTENING", {{"address", settings.metrics.listen}});
        }
        if (settings.milter.status_socket.empty()) return;
        try {
            status_.emplace(gateway, settings.milter.status_socket, mover);
        } catch (const std::exception& problem) {
            log::warning("STATUS_SOCKET_FAILED", {{"what", problem.what()}});
        }
    }

  private:
    std::optional<metrics::MetricsEndpoint> metrics_;
    std::optional<StatusServer> status_;
};

/// The exit status.
int serve(const std::shared_ptr<const config::Settings>& settings, const std::string& settings_file) {
    metrics::Metrics metrics;
    metrics::show_log_lines(log::line_counts);
    auto configuration = make_configuration(settings, nullptr, metrics);
    if (!configuration) throw std::runtime_error(configuration.error().message);
    // Outlives the gateway, whose last records it moves.
    const auto mover = make_mover(settings->store, metrics);
    Gateway gateway(std::move(*configuration), journal_opener(settings->store, mover.get()), metrics,
                    make_failure_reports(settings->store));
    const auto forwarders = make_forwarder_refresh(gateway, settings->store);
    Endpoints endpoints(gateway, metrics, *settings, mover.get());
    const auto frontend = make_frontend(gateway, settings->milter);
    FrontendThread thread(*frontend);
    log::info("MILTER_READY", {{"socket", settings->milter.socket}, {"version", DEFENDER_VERSION}});
    sd_notify(0, "READY=1");

    serve_until_stopped(gateway, *forwarders, metrics, settings_file);

    const bool clean = drain(gateway, *frontend, thread);
    const int status = thread.failed() ? exit_wrong : 0;
    log::info("MILTER_STOPPED", {{"clean", clean}});
    // A connection that an MTA still holds has a thread of the front end behind it, which must not see the
    // gateway go. Nothing is lost once the last records are on disk: an MTA tries a message again that has
    // had no reply.
    if (!clean) {
        gateway.writer().end();
        std::_Exit(status);
    }
    return status;
}

/// What is freed of large pieces goes back to the system. By itself glibc raises the size from which they are
/// taken from there to that of the largest that was ever freed (mallopt(3), M_MMAP_THRESHOLD): after an
/// outage of PostgreSQL room for several batches of records would stay.
void give_large_pieces_back() {
    constexpr int large = 1 << 20;
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, 4 * large);
}

}  // namespace

int main(int argc, char** argv) {
    block_signals();
    give_large_pieces_back();
    std::string settings_file = "/etc/defender/defender.toml";
    bool check_only = false;
    CLI::App app("Judges mail by SPF, DKIM and DMARC for Postfix and Sendmail.", "defender-milter");
    app.add_option("-c,--config", settings_file, "The settings")->capture_default_str();
    app.add_flag("--check-config", check_only, "Check the settings and end");
    app.set_version_flag("--version", std::string("defender-milter ") + DEFENDER_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }

    const auto reading = config::read_settings_file(settings_file);
    if (!reading.settings) {
        print_errors(reading);
        return exit_wrong;
    }
    if (check_only) return 0;
    configure_log(reading.settings->log);
    raise_descriptor_limit();
    try {
        return serve(reading.settings, settings_file);
    } catch (const std::exception& problem) {
        log::error("MILTER_START_FAILED", {{"what", problem.what()}});
        return exit_wrong;
    }
}
