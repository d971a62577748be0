#include "milter/hourly_limits.hpp"

#include <gtest/gtest.h>

namespace defender::milter {
namespace {

TEST(HourlyLimits, SoManyForOneDomainInAnHour) {
    HourlyLimits limits;
    EXPECT_TRUE(limits.take("a.example", 7200, 2, 10));
    EXPECT_TRUE(limits.take("a.example", 7201, 2, 10));
    EXPECT_FALSE(limits.take("a.example", 10799, 2, 10));
    EXPECT_TRUE(limits.take("b.example", 10799, 2, 10));
    EXPECT_TRUE(limits.take("a.example", 10800, 2, 10)) << "the next hour";
}

TEST(HourlyLimits, SoManyInAll) {
    HourlyLimits limits;
    EXPECT_TRUE(limits.take("a.example", 0, 5, 2));
    EXPECT_TRUE(limits.take("b.example", 0, 5, 2));
    EXPECT_FALSE(limits.take("c.example", 0, 5, 2));
    EXPECT_TRUE(limits.take("c.example", 3600, 5, 2));
}

TEST(HourlyLimits, WhatIsRefusedIsNotCounted) {
    HourlyLimits limits;
    EXPECT_TRUE(limits.take("a.example", 0, 1, 2));
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(limits.take("a.example", 0, 1, 2));
    EXPECT_TRUE(limits.take("b.example", 0, 1, 2));
}

}  // namespace
}  // namespace defender::milter
