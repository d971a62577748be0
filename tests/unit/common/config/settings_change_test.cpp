#include "common/config/settings_change.hpp"

#include <gmock/gmock.h>

#include "common/base/text.hpp"

namespace defender::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::shared_ptr<const Settings> base() {
    return read_settings(
               "[policy]\nmode = \"enforce\"\n[trust]\nnetworks = [\"192.0.2.0/24\"]\n"
               "[[policy.override]]\nlist_ids = [\"a.example\"]\naction = \"accept\"\n"
               "[[policy.override]]\nlist_ids = [\"b.example\"]\naction = \"tag\"\n",
               "f")
        .settings;
}

Settings changed(const std::vector<SettingChange>& changes) {
    const auto reading = change_settings(*base(), changes);
    EXPECT_THAT(reading.errors, IsEmpty()) << reading.errors.front().to_string();
    return reading.settings ? *reading.settings : Settings{};
}

std::string error_of(const std::string& key, const std::string& value) {
    const auto reading = change_settings(*base(), {{key, value}});
    EXPECT_EQ(reading.settings, nullptr);
    EXPECT_THAT(reading.errors, SizeIs(1)) << key << "=" << value;
    if (reading.errors.empty()) return {};
    EXPECT_THAT(reading.errors.front().file, StartsWith(text::printable(key + "=", 100)));
    return reading.errors.front().what + "; " + reading.errors.front().mend;
}

TEST(SettingsChange, NothingChangedLeavesAllAsItWas) {
    const auto settings = changed({});
    EXPECT_EQ(settings.policy.mode, PolicyMode::enforce);
    EXPECT_THAT(settings.policy.overrides, SizeIs(2));
    EXPECT_EQ(settings.trust.networks, base()->trust.networks);
    EXPECT_EQ(settings.milter.authserv_id, base()->milter.authserv_id);
}

TEST(SettingsChange, WhatIsNotNamedStaysAsTheFileHasIt) {
    const auto settings = changed({{"policy.on_reject", "tag"}});
    EXPECT_EQ(settings.policy.on_reject, OnReject::tag);
    EXPECT_EQ(settings.policy.mode, PolicyMode::enforce) << "as the file has it, not the default";
    EXPECT_THAT(settings.policy.overrides, SizeIs(2));
}

TEST(SettingsChange, ValuesAreTomlAndAPlainWordNeedsNoQuotes) {
    EXPECT_EQ(changed({{"policy.mode", "monitor"}}).policy.mode, PolicyMode::monitor);
    EXPECT_EQ(changed({{"policy.mode", "\"monitor\""}}).policy.mode, PolicyMode::monitor);
    EXPECT_EQ(changed({{"policy.mode", " 'monitor' "}}).policy.mode, PolicyMode::monitor);
    EXPECT_EQ(changed({{"policy.tag_header", "X-Judged"}}).policy.tag_header, "X-Judged");
    EXPECT_EQ(changed({{"milter.authserv_id", "mx.example.net"}}).milter.authserv_id, "mx.example.net");
    EXPECT_FALSE(changed({{"trust.authenticated", "false"}}).trust.authenticated);
    EXPECT_EQ(changed({{"dmarc.max_author_domains", "7"}}).dmarc.max_author_domains, 7U);
    EXPECT_THAT(changed({{"trust.networks", "[\"198.51.100.0/24\", \"::1\"]"}}).trust.networks, SizeIs(2));
    EXPECT_THAT(changed({{"trust.networks", "[]"}}).trust.networks, IsEmpty());
}

TEST(SettingsChange, AListOfTablesIsReplacedAsAWhole) {
    const auto settings =
        changed({{"policy.override", "[{list_ids = [\"c.example\"], action = \"reject\"}]"}});
    ASSERT_THAT(settings.policy.overrides, SizeIs(1));
    EXPECT_EQ(settings.policy.overrides[0].list_ids, std::vector<std::string>{"c.example"});
    EXPECT_EQ(settings.policy.overrides[0].action, OverrideAction::reject);
    EXPECT_EQ(settings.policy.overrides[0].reason, OverrideReason::local_policy) << "the default";
    EXPECT_THAT(changed({{"policy.override", "[]"}}).policy.overrides, IsEmpty());
}

TEST(SettingsChange, SeveralAreTakenTogether) {
    const auto settings = changed({{"policy.mode", "monitor"}, {"policy.on_reject", "tag"}});
    EXPECT_EQ(settings.policy.mode, PolicyMode::monitor);
    EXPECT_EQ(settings.policy.on_reject, OnReject::tag);
}

TEST(SettingsChange, WhatIsWrongIsSaidAsForAFile) {
    EXPECT_THAT(error_of("policy.mod", "enforce"),
                AllOf(StartsWith("there is no setting policy.mod; "), HasSubstr("mode")));
    EXPECT_THAT(error_of("polici.mode", "enforce"), HasSubstr("there is no table [polici]"));
    EXPECT_THAT(error_of("policy.mode", "strict"), HasSubstr("\"strict\", a word unknown here"));
    EXPECT_THAT(error_of("policy.mode", "1"), HasSubstr("policy.mode is a whole number"));
    EXPECT_THAT(error_of("policy.mode", "true"), HasSubstr("policy.mode is true or false"));
    EXPECT_THAT(error_of("trust.authenticated", "yes"), HasSubstr("trust.authenticated is text"));
    EXPECT_THAT(error_of("trust.networks", "[\"192.0.2.0/33\"]"), HasSubstr("192.0.2.0/33"));
    EXPECT_THAT(error_of("trust.networks", "[\"192.0.2.1\""), HasSubstr("not TOML"));
    EXPECT_THAT(error_of("policy.override", "[{action = \"accept\"}]"), HasSubstr("no condition"));
    EXPECT_THAT(error_of("policy.override", "1"), HasSubstr("must be a list of tables"));
    EXPECT_THAT(error_of("policy.mode", ""), HasSubstr("not TOML"));
}

TEST(SettingsChange, AKeyThatIsNoneIsNeverReadAsToml) {
    for (const auto* key : {"", "policy", ".mode", "policy.", "policy.mode.x", "policy.mode = 1\ntrust.x",
                            "\"policy\".mode", "policy mode"}) {
        EXPECT_THAT(error_of(key, "enforce"), HasSubstr("this names no setting")) << key;
    }
}

TEST(SettingsChange, AValueCannotBringFurtherSettings) {
    EXPECT_THAT(error_of("policy.mode", "\"enforce\"\ntrust.authenticated = false"),
                HasSubstr("control character"));
}

TEST(SettingsChange, ValuesThatDoNotGoTogetherAreWrong) {
    EXPECT_THAT(error_of("failure.enabled", "true"), HasSubstr("report.enabled is false"));
}

TEST(SettingsChange, EveryErrorIsFoundInOnePass) {
    const auto reading = change_settings(*base(), {{"policy.mod", "x"}, {"trust.network", "[]"}});
    EXPECT_THAT(reading.errors, SizeIs(2));
}

}  // namespace
}  // namespace defender::config
