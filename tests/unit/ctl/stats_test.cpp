#include "ctl/stats.hpp"

#include <gtest/gtest.h>

namespace defender::ctl {
namespace {

constexpr UtcSeconds may = 1777593600;  // 2026-05-01T00:00:00Z

store::RecordSummary summary(const std::string& author_domain, const std::string& result,
                             const std::string& client = "192.0.2.1", UtcSeconds received_at = may) {
    store::RecordSummary record;
    record.received_at = received_at;
    record.client = client;
    record.author_domain = author_domain;
    record.exemption = "no";
    record.result = result;
    record.disposition = "none";
    record.action = "accept";
    record.reasons = "[]";
    return record;
}

store::RecordSummary overridden(const std::string& reasons) {
    auto record = summary("example.com", "fail");
    record.reasons = reasons;
    return record;
}

std::vector<std::string> names(const Stats& stats, StatsBy by) {
    std::vector<std::string> all;
    for (const auto& group : stats.groups(by)) all.push_back(group.name);
    return all;
}

TEST(Stats, EachResultIsCountedOnce) {
    Stats stats;
    for (const auto* result : {"pass", "fail", "none", "temperror", "permerror"}) {
        stats.add(summary("example.com", result));
    }
    const auto& totals = stats.totals();
    EXPECT_EQ(totals.messages, 5U);
    for (const auto count : {totals.pass, totals.fail, totals.none, totals.temperror, totals.permerror}) {
        EXPECT_EQ(count, 1U);
    }
}

TEST(Stats, WhatWasNotJudgedHasNoResult) {
    Stats stats;
    auto exempt = summary("", "none");
    exempt.exemption = "trusted_network";
    auto failed = summary("", "none");
    failed.failed = true;
    stats.add(exempt);
    stats.add(failed);
    EXPECT_EQ(stats.totals().exempt, 1U);
    EXPECT_EQ(stats.totals().failed, 1U);
    EXPECT_EQ(stats.totals().none, 0U);
}

TEST(Stats, DispositionsAndActionsAreCountedApart) {
    Stats stats;
    for (const auto& [disposition, action] : {std::pair{"reject", "accept"},
                                              {"reject", "reject"},
                                              {"quarantine", "hold"},
                                              {"quarantine", "tag"},
                                              {"none", "tempfail"}}) {
        auto record = summary("example.com", "fail");
        record.disposition = disposition;
        record.action = action;
        stats.add(record);
    }
    const auto& totals = stats.totals();
    EXPECT_EQ(totals.reject, 2U);
    EXPECT_EQ(totals.quarantine, 2U);
    EXPECT_EQ(totals.refused, 1U);
    EXPECT_EQ(totals.held, 1U);
    EXPECT_EQ(totals.tagged, 1U);
    EXPECT_EQ(totals.deferred, 1U);
}

TEST(Stats, DaysAreThoseOfUtcInTheirOrder) {
    Stats stats;
    stats.add(summary("example.com", "pass", "192.0.2.1", may));
    stats.add(summary("example.com", "fail", "192.0.2.1", may - 1));
    stats.add(summary("example.com", "fail", "192.0.2.1", may + 86399));
    const auto days = stats.groups(StatsBy::day);
    ASSERT_EQ(days.size(), 2U);
    EXPECT_EQ(days[0].name, "2026-04-30");
    EXPECT_EQ(days[1].name, "2026-05-01");
    EXPECT_EQ(days[1].counts.messages, 2U);
}

TEST(Stats, DomainsWithTheMostFailuresComeFirst) {
    Stats stats;
    for (int i = 0; i < 9; ++i) stats.add(summary("good.example", "pass"));
    stats.add(summary("bad.example", "fail"));
    stats.add(summary("also.example", "fail"));
    stats.add(summary("also.example", "pass"));
    stats.add(summary("", "none"));
    EXPECT_EQ(names(stats, StatsBy::domain),
              (std::vector<std::string>{"also.example", "bad.example", "good.example", "(none)"}));
}

TEST(Stats, ClientsAreCountedByTheirNetwork) {
    Stats stats;
    for (const auto* client : {"192.0.2.1", "192.0.2.255", "192.0.3.1", "2001:db8:1:2::3",
                               "2001:db8:1:ffff::", "2001:db8:2::", ""}) {
        stats.add(summary("example.com", "fail", client));
    }
    EXPECT_EQ(names(stats, StatsBy::source),
              (std::vector<std::string>{"192.0.2.0/24", "2001:db8:1::/48", "(local)", "192.0.3.0/24",
                                        "2001:db8:2::/48"}));
}

TEST(Stats, AMessageCountsOnceForEachKindOfOverride) {
    Stats stats;
    stats.add(overridden(R"([{"type":"mailing_list","comment":"a"},{"type":"mailing_list","comment":"b"}])"));
    stats.add(overridden(R"([{"type":"mailing_list","comment":""},{"type":"sampled_out","comment":""}])"));
    stats.add(overridden("[]"));
    const auto overrides = stats.groups(StatsBy::override_type);
    ASSERT_EQ(overrides.size(), 2U);
    EXPECT_EQ(overrides[0].name, "mailing_list");
    EXPECT_EQ(overrides[0].counts.messages, 2U);
    EXPECT_EQ(overrides[1].name, "sampled_out");
    EXPECT_EQ(stats.totals().overridden, 2U);
}

TEST(Stats, ReasonsThatCannotBeReadAreNone) {
    Stats stats;
    for (const auto* reasons : {"", "{", "7", "[7]", R"([{"type":7}])", R"([{"comment":"a"}])"}) {
        stats.add(overridden(reasons));
    }
    EXPECT_EQ(stats.totals().messages, 6U);
    EXPECT_EQ(stats.totals().overridden, 0U);
}

TEST(Stats, FloodsOfNewDomainsPushOutNobodyWhoMattersAndTheSumsStayExact) {
    Stats stats(10);
    for (int i = 0; i < 50; ++i) stats.add(summary("attacked.example", "fail"));
    for (int i = 0; i < 1000; ++i) stats.add(summary("x" + std::to_string(i) + ".example", "fail"));
    const auto groups = stats.groups(StatsBy::domain);
    EXPECT_LE(groups.size(), 11U);
    EXPECT_EQ(groups.front().name, "attacked.example");
    EXPECT_EQ(groups.front().counts.fail, 50U);
    EXPECT_EQ(groups.back().name, other_groups);
    std::uint64_t sum = 0;
    for (const auto& group : groups) sum += group.counts.messages;
    EXPECT_EQ(sum, stats.totals().messages);
}

TEST(Stats, AsManyGroupsAsAreAllowedAreAllKept) {
    Stats stats(4);
    for (int i = 0; i < 4; ++i) stats.add(summary(std::to_string(i) + ".example", "pass"));
    EXPECT_EQ(names(stats, StatsBy::domain),
              (std::vector<std::string>{"0.example", "1.example", "2.example", "3.example"}));
    stats.add(summary("4.example", "fail"));
    EXPECT_EQ(names(stats, StatsBy::domain),
              (std::vector<std::string>{"4.example", "0.example", "(others)"}));
}

TEST(Stats, KindsHaveNamesOfTheirOwn) {
    for (const auto by : stats_kinds) EXPECT_EQ(stats_by_from(to_string(by)), by);
    EXPECT_FALSE(stats_by_from(""));
}

}  // namespace
}  // namespace defender::ctl
