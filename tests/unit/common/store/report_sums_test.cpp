#include "common/store/report_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

namespace defender::store {
namespace {

ReportTuple from(std::string_view source_ip) {
    ReportTuple tuple;
    tuple.source_ip = source_ip;
    return tuple;
}

TEST(ReportSums, EqualTuplesOfASeriesAreOneSum) {
    ReportSums sums;
    for (const auto* domain : {"a", "b", "a"}) {
        for (const auto* address : {"1", "2", "1"}) sums.add({UtcDay{1}, domain, "p"}, from(address));
    }
    const auto all = sums.sorted();
    ASSERT_EQ(all.series.size(), 2U);
    ASSERT_EQ(all.rows.size(), 4U);
    for (const auto& row : all.rows) {
        const auto& series = all.series[row.series].series;
        EXPECT_EQ(series.policy_record, "p");
        const auto series_times = series.policy_domain == "a" ? 2 : 1;
        EXPECT_EQ(row.messages(), series_times * (row.tuple().source_ip == "1" ? 2 : 1));
        std::string tuple;
        append_canonical(row.tuple(), tuple);
        EXPECT_EQ(row.key, key_of(tuple));
    }
}

TEST(ReportSums, WhatIsAddedNeedNotOutliveTheCall) {
    ReportSums sums;
    {
        const std::string domain(100, 'd');
        const std::string address(100, '1');
        sums.add({UtcDay{1}, domain, domain}, from(address));
    }
    const auto all = sums.sorted();
    EXPECT_EQ(all.series.at(0).series.policy_domain, std::string(100, 'd'));
    EXPECT_EQ(all.rows.at(0).tuple().source_ip, std::string(100, '1'));
}

TEST(ReportSums, TheirOrderIsThatOfTheKeysHoweverTheyCame) {
    const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
    std::vector<std::string> orders;
    for (const bool reversed : {false, true}) {
        auto list = names;
        if (reversed) std::reverse(list.begin(), list.end());
        ReportSums sums;
        for (const auto& domain : list) {
            for (const auto& address : list) sums.add({UtcDay{1}, domain, ""}, from(address));
        }
        auto& order = orders.emplace_back();
        const auto all = sums.sorted();
        EXPECT_TRUE(std::is_sorted(all.series.begin(), all.series.end(),
                                   [](const auto& a, const auto& b) { return a.key < b.key; }));
        EXPECT_TRUE(std::is_sorted(all.rows.begin(), all.rows.end(), [](const auto& a, const auto& b) {
            return std::tie(a.series, a.key) < std::tie(b.series, b.key);
        }));
        for (const auto& row : all.rows) {
            order += std::string(all.series[row.series].series.policy_domain);
            order += std::string(row.tuple().source_ip);
        }
    }
    EXPECT_EQ(orders[0], orders[1]);
}

TEST(ReportSums, TuplesThatDifferInOneFieldAreSumsOfTheirOwn) {
    const ReportTuple tuple{"192.0.2.1", "none", true, true, "[]", "a.example", "b.example", "{}"};
    std::vector<ReportTuple> tuples(9, tuple);
    tuples[1].source_ip = "192.0.2.2";
    tuples[2].disposition = "reject";
    tuples[3].dkim_aligned = false;
    tuples[4].spf_aligned = false;
    tuples[5].reasons = "[{}]";
    tuples[6].header_from = "b.example";
    tuples[7].envelope_from = "";
    tuples[8].auth_results = "";
    ReportSums sums;
    for (int round = 0; round < 3; ++round) {
        for (const auto* record : {"p", "q"}) {
            for (const auto& each : tuples) sums.add({UtcDay{1}, "a", record}, each);
        }
    }
    const auto all = sums.sorted();
    EXPECT_EQ(all.series.size(), 2U);
    ASSERT_EQ(all.rows.size(), 18U);
    for (const auto& row : all.rows) {
        EXPECT_EQ(row.messages(), 3);
        std::string text;
        append_canonical(row.tuple(), text);
        EXPECT_EQ(row.key, key_of(text));
    }
}

TEST(ReportSums, OfVeryManyRows) {
    constexpr int rows = 20000;
    ReportSums sums;
    for (int number = 0; number < rows * 2; ++number) {
        const auto source = std::to_string(number % rows);
        const auto domain = std::to_string(number % 100);
        sums.add({UtcDay{1}, domain, "p"}, from(source));
    }
    const auto all = sums.sorted();
    EXPECT_EQ(all.series.size(), 100U);
    ASSERT_EQ(all.rows.size(), static_cast<std::size_t>(rows));
    for (const auto& row : all.rows) EXPECT_EQ(row.messages(), 2);
}

TEST(ReportSums, WhatTheyHoldGrowsByTheTuplesNotByTheMessages) {
    ReportSums sums;
    EXPECT_EQ(sums.octets(), 0U);
    sums.add({UtcDay{1}, "a", "p"}, from("1"));
    const auto one = sums.octets();
    EXPECT_GT(one, 0U);
    for (int i = 0; i < 100; ++i) sums.add({UtcDay{1}, "a", "p"}, from("1"));
    EXPECT_EQ(sums.octets(), one);
    sums.add({UtcDay{1}, "a", "p"}, from(std::string(1000, '2')));
    EXPECT_GT(sums.octets(), one + 1000);
}

}  // namespace
}  // namespace defender::store
