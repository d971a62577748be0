#include "reporter/signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace defender::reporter {
namespace {

TEST(Signals, AreTakenWhereTheyAreLookedFor) {
    Signals signals;
    EXPECT_FALSE(signals.pending());
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGHUP);
    EXPECT_TRUE(signals.pending());
    EXPECT_TRUE(signals.take_reload());
    EXPECT_FALSE(signals.take_reload());
    EXPECT_FALSE(signals.pending());
    EXPECT_FALSE(signals.stop());
    kill(getpid(), SIGTERM);
    EXPECT_FALSE(signals.stop());
    EXPECT_TRUE(signals.pending());
    EXPECT_TRUE(signals.stop());
    EXPECT_TRUE(signals.pending());
}

TEST(Signals, EndAWait) {
    Signals signals;
    kill(getpid(), SIGINT);
    signals.wait(std::chrono::hours(1));
    EXPECT_TRUE(signals.stop());
    signals.wait(std::chrono::hours(1));
}

TEST(Signals, WaitEndsByItself) {
    Signals signals;
    signals.wait(std::chrono::milliseconds(1));
    EXPECT_FALSE(signals.pending());
}

}  // namespace
}  // namespace defender::reporter
