#include "common/dns/entropy.hpp"

#include <gtest/gtest.h>

#include <set>

#include "common/base/text.hpp"

namespace defender::dns {
namespace {

TEST(Entropy, NumbersSpreadOverTheirWholeRange) {
    Entropy entropy;
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 4000; ++i) seen.insert(entropy.next16());
    // 4,000 draws from 65,536 give about 3,880 different ones; fewer than 3,500 would be no chance.
    EXPECT_GT(seen.size(), 3500U);
    EXPECT_LT(*seen.begin(), 2000);
    EXPECT_GT(*seen.rbegin(), 63000);
}

TEST(Entropy, MixesTheCaseOfLettersAndLeavesOtherOctets) {
    Entropy entropy;
    const std::string name = "_dmarc.a-long-example-name.example\\\xff.org";
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
        seen.insert(entropy.mixed_case(name));
        EXPECT_TRUE(text::iequals(*seen.rbegin(), name));
    }
    EXPECT_GT(seen.size(), 45U);
}

}  // namespace
}  // namespace defender::dns
