#include "common/config/settings_checks.hpp"

#include <gmock/gmock.h>

#include "common/config/settings_reader.hpp"

namespace defender::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SettingsChecks, DefaultsDoNotConflict) {
    EXPECT_THAT(find_conflicts(*default_settings()), IsEmpty());
}

TEST(SettingsChecks, ConflictNamesTheKeysConcerned) {
    Settings settings = *default_settings();
    settings.report.enabled = true;
    settings.report.org_name = "Example";
    const auto conflicts = find_conflicts(settings);
    ASSERT_THAT(conflicts, SizeIs(1));
    EXPECT_THAT(conflicts[0].keys, ElementsAre("report.enabled", "report.email"));
}

TEST(SettingsChecks, FailureReportsNeedReports) {
    Settings settings = *default_settings();
    settings.failure.enabled = true;
    const auto conflicts = find_conflicts(settings);
    ASSERT_THAT(conflicts, SizeIs(1));
    EXPECT_THAT(conflicts[0].keys, ElementsAre("failure.enabled", "report.enabled"));
}

TEST(SettingsChecks, SigningTakesAllThreeSettingsOrNone) {
    for (unsigned given = 0; given < 8; ++given) {
        Settings settings = *default_settings();
        if ((given & 1U) != 0) settings.report.dkim_domain = "example.net";
        if ((given & 2U) != 0) settings.report.dkim_selector = "s";
        if ((given & 4U) != 0) settings.report.dkim_key_file = "/key";
        EXPECT_THAT(find_conflicts(settings), SizeIs(given == 0 || given == 7 ? 0 : 1)) << given;
    }
}

TEST(SettingsChecks, SealingTakesAllThreeSettingsOrNone) {
    for (unsigned given = 0; given < 8; ++given) {
        Settings settings = *default_settings();
        if ((given & 1U) != 0) settings.arc.domain = "example.net";
        if ((given & 2U) != 0) settings.arc.selector = "s";
        if ((given & 4U) != 0) settings.arc.key_file = "/key";
        EXPECT_THAT(find_conflicts(settings), SizeIs(given == 0 || given == 7 ? 0 : 1)) << given;
    }
    Settings settings = *default_settings();
    settings.arc.domain = "example.net";
    const auto conflicts = find_conflicts(settings);
    EXPECT_THAT(conflicts[0].keys, ElementsAre("arc.domain", "arc.selector"));
    EXPECT_EQ(conflicts[0].mend, "give arc.domain, arc.selector and arc.key_file, or none of them");
}

TEST(SettingsChecks, LoginNeedsUserAndPasswordFile) {
    Settings settings = *default_settings();
    settings.report.smtp_user = "u";
    ASSERT_THAT(find_conflicts(settings), SizeIs(1));
    EXPECT_THAT(find_conflicts(settings)[0].keys,
                ElementsAre("report.smtp_user", "report.smtp_password_file"));
    settings.report.smtp_user = "";
    settings.report.smtp_password_file = "/p";
    ASSERT_THAT(find_conflicts(settings), SizeIs(1));
    EXPECT_THAT(find_conflicts(settings)[0].keys,
                ElementsAre("report.smtp_password_file", "report.smtp_user"));
}

TEST(SettingsChecks, PasswordLeavesTheHostOnlyUnderTls) {
    struct Case {
        std::string smtp;
        SmtpTls tls;
        bool good;
    };
    const Case cases[] = {
        {"smtp://127.0.0.1:25", SmtpTls::none, true},
        {"smtp://[::1]:25", SmtpTls::none, true},
        {"smtp://localhost", SmtpTls::none, true},
        {"smtp://localhost:587", SmtpTls::opportunistic, true},
        {"smtp://localhost.example.net", SmtpTls::none, false},
        {"smtp://192.0.2.1:25", SmtpTls::none, false},
        {"smtp://mail.example.net", SmtpTls::none, false},
        {"smtp://mail.example.net", SmtpTls::opportunistic, false},
        {"smtp://mail.example.net", SmtpTls::required, true},
        {"smtps://mail.example.net", SmtpTls::none, true},
    };
    for (const auto& c : cases) {
        Settings settings = *default_settings();
        settings.report.smtp = c.smtp;
        settings.report.smtp_tls = c.tls;
        EXPECT_THAT(find_conflicts(settings), IsEmpty()) << c.smtp;
        settings.report.smtp_user = "u";
        settings.report.smtp_password_file = "/p";
        EXPECT_THAT(find_conflicts(settings), SizeIs(c.good ? 0 : 1)) << c.smtp;
    }
}

TEST(SettingsChecks, MilterAndReporterServeMetricsOnPortsOfTheirOwn) {
    Settings settings = *default_settings();
    settings.metrics.listen = "127.0.0.1:9464";
    settings.report.metrics_listen = "127.0.0.1:9465";
    EXPECT_THAT(find_conflicts(settings), IsEmpty());
    settings.report.metrics_listen = settings.metrics.listen;
    EXPECT_THAT(find_conflicts(settings), SizeIs(1));
    settings.metrics.listen = settings.report.metrics_listen = "";
    EXPECT_THAT(find_conflicts(settings), IsEmpty());
}

TEST(SettingsChecks, EmptyStatusSocketConflictsWithNothing) {
    Settings settings = *default_settings();
    settings.milter.status_socket = "";
    settings.milter.socket = "inet:8894@127.0.0.1";
    EXPECT_THAT(find_conflicts(settings), IsEmpty());
}

TEST(SettingsChecks, OnlyChangesOfSettingsThatNeedARestartAreNamed) {
    const Settings before = *default_settings();
    Settings after = before;
    EXPECT_THAT(changes_needing_restart(before, after), IsEmpty());
    after.policy.mode = PolicyMode::enforce;
    after.policy.overrides.emplace_back();
    after.log.level = LogLevel::debug;
    EXPECT_THAT(changes_needing_restart(before, after), IsEmpty());
    after.milter.workers = 3;
    after.dns.servers = {"127.0.0.1"};
    after.store.path = "/x";
    EXPECT_THAT(changes_needing_restart(before, after), ElementsAre("milter.workers", "store.path"));
}

}  // namespace
}  // namespace defender::config
