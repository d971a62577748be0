#include "milter/untaken_octets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace defender::milter {
namespace {

TEST(UntakenOctets, ComeBehindOneAnotherAndGoFromTheFront) {
    UntakenOctets octets;
    EXPECT_TRUE(octets.empty());
    octets.append("abc");
    octets.append("defg");
    EXPECT_EQ(octets.view(), "abcdefg");
    octets.drop_front(5);
    EXPECT_EQ(octets.view(), "fg");
    octets.append("");
    octets.drop_front(0);
    EXPECT_EQ(octets.view(), "fg");
    octets.drop_front(2);
    EXPECT_TRUE(octets.empty());
}

TEST(UntakenOctets, RoomBecomesOctetsAsTheyCome) {
    UntakenOctets octets;
    octets.append("ab");
    const auto room = octets.room(5);
    ASSERT_EQ(room.size(), 5U);
    EXPECT_EQ(octets.view(), "ab");
    const std::string come = "cde";
    std::copy(come.begin(), come.end(), room.begin());
    octets.grow(come.size());
    EXPECT_EQ(octets.view(), "abcde");
    EXPECT_EQ(octets.room(2).data(), octets.view().data() + 5) << "what there is room for is not moved";
    EXPECT_EQ(octets.view(), "abcde");
}

TEST(UntakenOctets, AllMemoryIsGivenBack) {
    UntakenOctets octets;
    octets.append(std::string(1000, 'x'));
    octets.drop_front(1000);
    EXPECT_GE(octets.capacity(), 1000U);
    octets.release();
    EXPECT_EQ(octets.capacity(), 0U);
    EXPECT_TRUE(octets.empty());
    octets.append("again");
    EXPECT_EQ(octets.view(), "again");
}

}  // namespace
}  // namespace defender::milter
