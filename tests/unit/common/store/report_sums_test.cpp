#include "common/store/report_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace defender::store {
namespace {

ReportTuple from(const std::string& source_ip) {
    ReportTuple tuple;
    tuple.source_ip = source_ip;
    return tuple;
}

TEST(ReportSums, EqualTuplesOfASeriesAreOneSum) {
    ReportSums sums;
    for (const auto* domain : {"a", "b", "a"}) {
        for (const auto* address : {"1", "2", "1"}) sums.add({UtcDay{1}, domain, "p"}, from(address));
    }
    const auto all = sums.take();
    ASSERT_EQ(all.size(), 2U);
    for (const auto& sum : all) {
        EXPECT_EQ(sum.series.policy_record, "p");
        ASSERT_EQ(sum.rows.size(), 2U);
        for (const auto& row : sum.rows) {
            const auto series_times = sum.series.policy_domain == "a" ? 2U : 1U;
            EXPECT_EQ(row.messages, series_times * (row.tuple.source_ip == "1" ? 2U : 1U));
        }
    }
    EXPECT_TRUE(sums.take().empty()) << "nothing stays";
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
        const auto all = sums.take();
        EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                                   [](const auto& a, const auto& b) { return a.key < b.key; }));
        for (const auto& sum : all) {
            order += sum.series.policy_domain + ":";
            for (const auto& row : sum.rows) order += row.tuple.source_ip;
        }
    }
    EXPECT_EQ(orders[0], orders[1]);
}

}  // namespace
}  // namespace defender::store
