#include "tests/bench/load_statistics.hpp"

#include <gtest/gtest.h>

namespace defender::bench {
namespace {

TEST(LoadStatistics, APercentileIsTheSmallestValueThatSoManyDoNotExceed) {
    std::vector<double> times;
    for (int time = 200; time > 0; --time) times.push_back(time);
    const auto found = distribution(times);
    EXPECT_EQ(found["p50"], 100);
    EXPECT_EQ(found["p90"], 180);
    EXPECT_EQ(found["p99"], 198);
    EXPECT_EQ(found["max"], 200);
    EXPECT_EQ(found["mean"], 100.5);
}

TEST(LoadStatistics, OneTimeIsEveryPercentile) {
    const auto found = distribution({7});
    for (const auto* name : {"p50", "p90", "p99", "max", "mean"}) EXPECT_EQ(found[name], 7) << name;
}

TEST(LoadStatistics, NoTimeHasNoDistribution) {
    EXPECT_TRUE(distribution({}).empty());
}

TEST(LoadStatistics, LostMessagesAreCountedButNotTimed) {
    const auto found =
        summary({{"accept", 10, 4}, {"lost", 0, 0, "gone"}, {"reject", 20, 6}, {"lost", 0, 0, "gone too"}});
    EXPECT_EQ(found["messages"], 4);
    EXPECT_EQ(found["replies"], (nlohmann::json{{"accept", 1}, {"reject", 1}, {"lost", 2}}));
    EXPECT_EQ(found["whole_ms"]["mean"], 15);
    EXPECT_EQ(found["end_ms"]["max"], 6);
    EXPECT_EQ(found["problem"], "gone");
}

TEST(LoadStatistics, AnswersThatCameEarlyAreCounted) {
    EXPECT_EQ(summary({{"accept", 1, 1}, {"accept", 1, 0, "", true}})["early"], 1);
}

TEST(LoadStatistics, WithoutALostMessageThereIsNoProblem) {
    EXPECT_FALSE(summary({{"accept", 1, 1}}).contains("problem"));
}

}  // namespace
}  // namespace defender::bench
