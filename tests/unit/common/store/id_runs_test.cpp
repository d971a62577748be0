#include "common/store/id_runs.hpp"

#include <gtest/gtest.h>

namespace defender::store {
namespace {

TEST(IdRuns, NothingIsInAnEmptySet) {
    EXPECT_FALSE(IdRuns().contains(0));
    EXPECT_EQ(IdRuns().runs(), 0U);
}

TEST(IdRuns, WhatWasAddedIsThereAndNothingElse) {
    IdRuns ids;
    for (const std::int64_t id : {-3, 1, 2, 3, 7, 9, 10}) ids.add(id);
    for (const std::int64_t id : {-3, 1, 2, 3, 7, 9, 10}) EXPECT_TRUE(ids.contains(id)) << id;
    for (const std::int64_t id : {-4, -2, 0, 4, 6, 8, 11}) EXPECT_FALSE(ids.contains(id)) << id;
    EXPECT_EQ(ids.runs(), 4U);
}

TEST(IdRuns, IdsInARowTakeTheRoomOfOne) {
    IdRuns ids;
    for (std::int64_t id = 1; id <= 100000; ++id) ids.add(id);
    EXPECT_EQ(ids.runs(), 1U);
    EXPECT_TRUE(ids.contains(1));
    EXPECT_TRUE(ids.contains(100000));
    EXPECT_FALSE(ids.contains(100001));
}

}  // namespace
}  // namespace defender::store
