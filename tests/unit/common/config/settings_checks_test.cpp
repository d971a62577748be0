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
