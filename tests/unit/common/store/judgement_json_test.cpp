#include "common/store/judgement_json.hpp"

#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::store {
namespace {

TEST(JudgementJson, EveryMemberComesBackAsItWas) {
    const auto before = test::sample_judgement();
    const auto after = judgement_from_json(json_text(to_json(before)));
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(after->exemption, auth::Exemption::no);
    EXPECT_EQ(after->result, auth::DmarcResult::fail);
    EXPECT_EQ(after->deciding, 1U);
    EXPECT_EQ(after->requested, auth::Policy::reject);
    EXPECT_EQ(after->disposition, auth::Disposition::quarantine);
    EXPECT_EQ(after->action, auth::Action::hold);
    EXPECT_EQ(after->overrides, before.overrides);
    EXPECT_EQ(after->trace, before.trace);
    ASSERT_EQ(after->domains.size(), 2U);
    EXPECT_EQ(after->domains[0].author_domain, "example.net");
    EXPECT_EQ(after->domains[0].policy_domain, "");
    EXPECT_EQ(after->domains[0].result, auth::DmarcResult::temperror);
    EXPECT_TRUE(after->domains[0].spf_aligned);
    EXPECT_TRUE(after->domains[0].dkim_aligned);
    EXPECT_EQ(after->domains[1].policy_domain, "example.org");
    EXPECT_FALSE(after->domains[1].spf_aligned);
    EXPECT_FALSE(after->domains[1].dkim_aligned);
    EXPECT_EQ(after->domains[1].requested, auth::Policy::reject);
    EXPECT_EQ(after->domains[1].disposition, auth::Disposition::quarantine);
    EXPECT_EQ(after->domains[1].overrides, before.domains[1].overrides);
}

TEST(JudgementJson, AMessageThatWasNotJudgedHasNoDomains) {
    auth::Judgement before;
    before.exemption = auth::Exemption::trusted_network;
    const auto after = judgement_from_json(json_text(to_json(before)));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->exemption, auth::Exemption::trusted_network);
    EXPECT_TRUE(after->domains.empty());
}

TEST(JudgementJson, HowThePolicyWasFoundAndTestModeComeBack) {
    auto before = test::sample_judgement();
    before.domains[1].discovery = auth::DiscoveryMethod::treewalk;
    before.domains[1].testing = true;
    before.domains[1].overrides = {{auth::OverrideType::policy_test_mode, "t=y"}};
    const auto after = judgement_from_json(json_text(to_json(before)));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->domains[0].discovery, auth::DiscoveryMethod::psl);
    EXPECT_FALSE(after->domains[0].testing);
    EXPECT_EQ(after->domains[1].discovery, auth::DiscoveryMethod::treewalk);
    EXPECT_TRUE(after->domains[1].testing);
    EXPECT_EQ(after->domains[1].overrides, before.domains[1].overrides);
}

TEST(JudgementJson, UnknownMembersAreIgnored) {
    const auto judgement =
        judgement_from_json(R"({"v":1,"result":"pass","mood":"good","trace":[{"rule":"r","n":1}]})");
    ASSERT_TRUE(judgement);
    EXPECT_EQ(judgement->result, auth::DmarcResult::pass);
    EXPECT_EQ(judgement->trace, (std::vector<auth::TraceStep>{{"r", ""}}));
}

struct Wrong {
    const char* json;
    const char* message;
};

class JudgementJsonRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(JudgementJsonRefuses, WhatItWouldHaveToGuess) {
    const auto judgement = judgement_from_json(GetParam().json);
    ASSERT_FALSE(judgement) << GetParam().json;
    EXPECT_EQ(judgement.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JudgementJsonRefuses,
    testing::Values(
        Wrong{"null", "judgement is not an object"},
        Wrong{R"({"v":3})", "judgement has version 3, this program reads 1"},
        Wrong{R"({"v":1,"result":"PASS"})", "judgement.result is not a known name"},
        Wrong{R"({"v":1,"deciding":-1})", "judgement.deciding is not an integer in range"},
        Wrong{R"({"v":1,"domains":[{}],"deciding":1})", "judgement.deciding is not an index of a domain"},
        Wrong{R"({"v":1,"overrides":[{"type":"mood"}]})", "judgement.overrides.type is not a known name"},
        Wrong{R"({"v":1,"trace":["x"]})", "judgement.trace is not an object"}));

}  // namespace
}  // namespace defender::store
