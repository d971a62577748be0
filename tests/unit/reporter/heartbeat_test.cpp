#include "reporter/heartbeat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace defender::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class HeartbeatTest : public testing::Test {
  protected:
    std::vector<std::string> words_;
    Notify notify_ = [this](const char* state) { words_.emplace_back(state); };
};

TEST_F(HeartbeatTest, BeatsAtOnceAndThenNoMoreOftenThanWanted) {
    Heartbeat heartbeat(notify_, 1h);
    for (int i = 0; i < 100; ++i) heartbeat.beat();
    EXPECT_THAT(words_, ElementsAre("WATCHDOG=1"));
}

TEST_F(HeartbeatTest, BeatsAgainOnceTheIntervalIsOver) {
    Heartbeat heartbeat(notify_, 1us);
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (words_.size() < 3 && std::chrono::steady_clock::now() < end) heartbeat.beat();
    EXPECT_THAT(words_, ElementsAre("WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST_F(HeartbeatTest, SaysNothingWhereNobodyWaitsForIt) {
    Heartbeat heartbeat(notify_, std::nullopt);
    heartbeat.beat();
    EXPECT_THAT(words_, IsEmpty());
    EXPECT_EQ(heartbeat.bounded(30s), 30s);
}

TEST_F(HeartbeatTest, NoWaitIsLongerThanUntilTheNextBeat) {
    const Heartbeat heartbeat(notify_, 2500us);
    EXPECT_EQ(heartbeat.bounded(30s), 3ms);
    EXPECT_EQ(heartbeat.bounded(1ms), 1ms);
}

}  // namespace
}  // namespace defender::reporter
