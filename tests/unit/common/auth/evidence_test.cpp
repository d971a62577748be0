#include "common/auth/evidence.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

TEST(Evidence, SpfResultsHaveTheNamesOfRfc8601) {
    EXPECT_EQ(to_string(SpfResult::none), "none");
    EXPECT_EQ(to_string(SpfResult::neutral), "neutral");
    EXPECT_EQ(to_string(SpfResult::pass), "pass");
    EXPECT_EQ(to_string(SpfResult::fail), "fail");
    EXPECT_EQ(to_string(SpfResult::softfail), "softfail");
    EXPECT_EQ(to_string(SpfResult::temperror), "temperror");
    EXPECT_EQ(to_string(SpfResult::permerror), "permerror");
}

TEST(Evidence, SpfScopesHaveTheNamesOfRfc7489AppendixC) {
    EXPECT_EQ(to_string(SpfScope::mail_from), "mfrom");
    EXPECT_EQ(to_string(SpfScope::helo), "helo");
}

TEST(Evidence, DkimResultsHaveTheNamesOfRfc8601) {
    EXPECT_EQ(to_string(DkimResult::pass), "pass");
    EXPECT_EQ(to_string(DkimResult::fail), "fail");
    EXPECT_EQ(to_string(DkimResult::neutral), "neutral");
    EXPECT_EQ(to_string(DkimResult::policy), "policy");
    EXPECT_EQ(to_string(DkimResult::temperror), "temperror");
    EXPECT_EQ(to_string(DkimResult::permerror), "permerror");
}

TEST(Evidence, PolicyOutcomesHaveNames) {
    EXPECT_EQ(to_string(PolicyOutcome::found), "found");
    EXPECT_EQ(to_string(PolicyOutcome::none), "none");
    EXPECT_EQ(to_string(PolicyOutcome::temperror), "temperror");
}

}  // namespace
}  // namespace defender::auth
