#include "common/base/utc_clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace defender {
namespace {

TEST(UtcClock, GivesTheSecondsOfTheSystemsClock) {
    const auto before = static_cast<UtcSeconds>(std::time(nullptr));
    const auto now = utc_now();
    // time() may still give the second before where the clock has just turned.
    EXPECT_GE(now, before);
    EXPECT_LE(now, static_cast<UtcSeconds>(std::time(nullptr)) + 1);
}

}  // namespace
}  // namespace defender
