#include "ctl/what_if_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "common/auth/judgement.hpp"
#include "common/config/settings_reader.hpp"
#include "common/config/settings_table.hpp"

namespace defender::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ChangedSettings changed(const std::vector<std::string>& assignments) {
    return change_by(*config::default_settings(), assignments);
}

std::string error_of(const std::vector<std::string>& assignments) {
    const auto result = changed(assignments);
    EXPECT_EQ(result.settings, nullptr);
    EXPECT_THAT(result.errors, SizeIs(1));
    return result.errors.empty() ? std::string() : result.errors.front();
}

/// As far as switches, numbers and words go.
bool judge_alike(const config::Settings& a, const config::Settings& b) {
    const auto parts = [](const config::Settings& settings) {
        const auto judge = auth::judge_settings(settings);
        return std::tuple(judge.standard, judge.partial_body, judge.policy.mode, judge.policy.on_reject,
                          judge.policy.on_quarantine, judge.policy.on_temperror,
                          judge.policy.on_malformed_from, judge.indirect.enabled, judge.trust.authenticated);
    };
    return parts(a) == parts(b);
}

TEST(WhatIfSettings, NothingToChangeGivesTheSettingsInForce) {
    const auto result = changed({});
    ASSERT_TRUE(result.settings);
    EXPECT_THAT(result.differences, IsEmpty());
    EXPECT_TRUE(judge_alike(*result.settings, *config::default_settings()));
}

TEST(WhatIfSettings, WhatIsChangedIsShownAsItWasAndAsItIs) {
    const auto result = changed({"policy.mode=enforce", " trust.networks = [\"192.0.2.0/24\"] "});
    ASSERT_TRUE(result.settings);
    EXPECT_EQ(result.settings->policy.mode, config::PolicyMode::enforce);
    ASSERT_THAT(result.differences, SizeIs(2));
    EXPECT_EQ(result.differences[0].key, "policy.mode");
    EXPECT_EQ(result.differences[0].in_force, "\"monitor\"");
    EXPECT_EQ(result.differences[0].changed, "\"enforce\"");
    EXPECT_EQ(result.differences[1].key, "trust.networks");
    EXPECT_EQ(result.differences[1].changed, "[\"192.0.2.0/24\"]");
}

TEST(WhatIfSettings, AListOfTablesIsShownAsGiven) {
    const auto result = changed({"policy.override=[{list_ids=[\"a.example\"], action=\"accept\"}]"});
    ASSERT_THAT(result.differences, SizeIs(1));
    EXPECT_EQ(result.differences[0].in_force, "");
    EXPECT_EQ(result.differences[0].changed, "[{list_ids=[\"a.example\"], action=\"accept\"}]");
}

TEST(WhatIfSettings, WhatIsWrongIsNamedWithItsMend) {
    EXPECT_THAT(error_of({"policy.mod=enforce"}),
                AllOf(HasSubstr("policy.mod=enforce: there is no setting policy.mod"), HasSubstr("mode")));
    EXPECT_THAT(error_of({"policy.mode=soft"}), HasSubstr("a word unknown here"));
    EXPECT_THAT(error_of({"enforce"}), HasSubstr("this names no setting"));
    EXPECT_THAT(error_of({"policy.mode=enforce", "policy.mode=monitor"}),
                HasSubstr("policy.mode is given twice"));
}

TEST(WhatIfSettings, ASettingThatChangesNoJudgementIsRefused) {
    for (const auto* assignment : {"store.keep=5", "dns.tries=1", "dmarc.max_author_domains=3",
                                   "dkim.min_rsa_bits=2048", "milter.authserv_id=mx.example"}) {
        EXPECT_THAT(error_of({assignment}), HasSubstr("changes no judgement")) << assignment;
    }
}

/// Another value than `settings` has, where the kind of setting tells one.
std::optional<config::Value> another(const config::SettingRow<config::Settings>& row,
                                     const config::Settings& settings) {
    if (std::holds_alternative<config::TakesSwitch>(row.takes)) {
        return config::Value(!std::get<bool>(row.get(settings)));
    }
    if (const auto* range = std::get_if<config::TakesNumber>(&row.takes)) {
        return config::Value(row.get(settings) == config::Value(range->least) ? range->most : range->least);
    }
    if (const auto* words = std::get_if<config::TakesWord>(&row.takes)) {
        for (const auto& word : words->words) {
            if (row.get(settings) != config::Value(word)) return config::Value(word);
        }
    }
    return std::nullopt;
}

TEST(WhatIfSettings, SettingsOfAJudgementAreThoseThatAreTaken) {
    const auto defaults = *config::default_settings();
    for (const auto& section : config::settings_sections()) {
        for (const auto& row : section.rows) {
            const auto value = another(row, defaults);
            if (!value) continue;
            auto settings = defaults;
            if (!row.set(settings, *value).empty()) continue;
            const auto key = std::string(section.name) + "." + std::string(row.info.name);
            EXPECT_EQ(is_judged_by(key), !judge_alike(settings, defaults)) << key;
        }
    }
}

}  // namespace
}  // namespace defender::ctl
