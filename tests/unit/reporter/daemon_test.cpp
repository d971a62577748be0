#include "reporter/daemon.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <sys/wait.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "common/base/utc_clock.hpp"
#include "common/config/settings_reader.hpp"
#include "common/store/sqlite_store.hpp"
#include "tests/support/reporting_world.hpp"
#include "tests/support/smtp_sink.hpp"

namespace defender::reporter {
namespace {

using test::ReportingWorld;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::chrono::seconds patience{60};

class ReporterDaemon : public ::testing::Test {
  protected:
    /// Yesterday had one message.
    ReporterDaemon() {
        world_.judge("example.com", "v=DMARC1; p=none; rua=mailto:d@example.com", 1, utc_now() - 86400);
    }

    std::string write_settings(bool enabled, const std::string& server) {
        const auto path = folder_.file("defender.toml");
        std::ofstream(path) << "[store]\npath = \"" << world_.settings.store.path << "\"\n"
                            << "[report]\nenabled = " << (enabled ? "true" : "false")
                            << "\norg_name = \"Example\"\nemail = \"reports@example.net\"\n"
                            << "delay = 0\nspread = 0\nsmtp = \"" << server << "\"\n";
        return path;
    }

    static void run_until(Daemon& daemon, const std::function<bool()>& enough) {
        std::thread ending([&] {
            const auto end = std::chrono::steady_clock::now() + patience;
            while (!enough() && std::chrono::steady_clock::now() < end) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
            kill(getpid(), SIGTERM);
        });
        daemon.run();
        ending.join();
    }
    /// Runs the daemon until the sink has a mail.
    void run_until_mail(Daemon& daemon) {
        run_until(daemon, [this] { return !sink_.mails().empty(); });
        EXPECT_THAT(sink_.mails(), SizeIs(1));
    }

    std::unique_ptr<Daemon> make(const std::string& path) {
        auto made = Daemon::make(config::read_settings_file(path).settings, path, metrics_, signals_,
                                 [](const char*) {});
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        return std::move(*made);
    }

    Signals signals_;  // first: threads of the others take over what it blocks
    ReportingWorld world_;
    test::SmtpSink sink_;
    test::TemporaryFolder folder_;
    metrics::Metrics metrics_;
};

TEST_F(ReporterDaemon, DeliversWhatIsDueAndEndsOnSigterm) {
    const auto daemon = make(write_settings(true, sink_.url()));
    run_until_mail(*daemon);
    EXPECT_THAT(metrics_.text(), HasSubstr("defender_reporter_records_folded_total 1\n"));
}

TEST_F(ReporterDaemon, TakesNewSettingsOnSighup) {
    const auto daemon = make(write_settings(false, sink_.url()));
    write_settings(true, sink_.url());
    kill(getpid(), SIGHUP);
    run_until_mail(*daemon);
}

TEST_F(ReporterDaemon, KeepsItsSettingsWhereTheNewOnesHaveAnError) {
    const auto path = write_settings(true, sink_.url());
    const auto daemon = make(path);
    std::ofstream(path) << "[report]\nenabled = perhaps\n";
    kill(getpid(), SIGHUP);
    run_until_mail(*daemon);
}

TEST_F(ReporterDaemon, KeepsItsSettingsWhereAFileTheyNameIsMissing) {
    const auto path = write_settings(true, sink_.url());
    const auto daemon = make(path);
    std::ofstream(path, std::ios::app) << "smtp_ca_file = \"/nonexistent\"\n";
    kill(getpid(), SIGHUP);
    run_until_mail(*daemon);
}

TEST_F(ReporterDaemon, ExpiresTheStoreThatItReportsFromAlsoWhereNewSettingsNameAnother) {
    world_.judge("example.org", "v=DMARC1; p=none", 1, utc_now() - 400 * 86400);
    const auto records = [path = world_.settings.store.path] {
        const auto store = store::open_sqlite_store(path, store::OpenMode::read_only).value();
        return store->status().value().records;
    };
    ASSERT_EQ(records(), 2U);
    const auto daemon = make(write_settings(true, sink_.url()));
    world_.settings.store.path = folder_.file("another.db");
    write_settings(true, sink_.url());
    kill(getpid(), SIGHUP);
    run_until(*daemon, [&] { return records() == 1; });
    EXPECT_EQ(records(), 1U);
    EXPECT_FALSE(std::filesystem::exists(world_.settings.store.path));
}

TEST_F(ReporterDaemon, CannotBeginWithoutItsStore) {
    config::Settings settings = world_.settings;
    settings.store.path = "/nonexistent/defender.db";
    EXPECT_FALSE(Daemon::make(std::make_shared<const config::Settings>(settings), "", metrics_, signals_,
                              [](const char*) {}));
}

/// The program's exit status.
int run(const std::string& arguments) {
    const int status = std::system((REPORTER_PATH " " + arguments + " 2>/dev/null >/dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ReporterDaemon, ExitStatusTellsWhatBecameOfOneRun) {
    const auto tomorrow = to_rfc3339(utc_now() + 86400);
    EXPECT_EQ(run("--version"), 0);
    EXPECT_EQ(run("--bogus"), 2);
    EXPECT_EQ(run("--now " + tomorrow), 2);
    EXPECT_EQ(run("--once --now yesterday"), 2);
    EXPECT_EQ(run("-c /nonexistent --check-config"), 1);
    auto path = write_settings(false, sink_.url());
    EXPECT_EQ(run("-c " + path + " --check-config"), 0);
    EXPECT_EQ(run("-c " + path + " --once"), 0);
    EXPECT_THAT(sink_.mails(), SizeIs(0));
    sink_.answer("RCPT TO:", "450 later", 1);
    path = write_settings(true, sink_.url());
    EXPECT_EQ(run("-c " + path + " --once"), 75);
    EXPECT_EQ(run("-c " + path + " --once --now " + tomorrow), 0);
    EXPECT_THAT(sink_.mails(), SizeIs(1));
    std::ofstream(path, std::ios::app) << "smtp_ca_file = \"/nonexistent\"\n";
    EXPECT_EQ(run("-c " + path + " --once"), 1);
}

TEST_F(ReporterDaemon, ExitStatusTellsThatTheDatabaseIsAway) {
    const auto path = folder_.file("away.toml");
    std::ofstream(path) << "[store]\npath = \"" << world_.settings.store.path
                        << "\"\npostgresql = \"host=" << folder_.file("no_server")
                        << "\"\n[report]\nenabled = true\norg_name = \"Example\"\n"
                        << "email = \"reports@example.net\"\nsmtp = \"" << sink_.url() << "\"\n";
    EXPECT_EQ(run("-c " + path + " --check-config"), 0);
    EXPECT_EQ(run("-c " + path + " --once"), 75);
}

}  // namespace
}  // namespace defender::reporter
