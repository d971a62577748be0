#include "common/auth/octet_blocks.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace defender::auth {
namespace {

constexpr auto marked = [](auto octet, auto next) { return (octet == '\r') & (next != '\n'); };

/// As the definition has it, an octet at a time.
std::size_t first_marked(std::string_view octets) {
    for (std::size_t at = 0; at + 1 < octets.size(); ++at) {
        if (octets[at] == '\r' && octets[at + 1] != '\n') return at;
    }
    return octets.size();
}

TEST(OctetBlocks, FindThePairAtEveryPlaceOfTextsOfEveryLength) {
    for (std::size_t length = 0; length < 400; ++length) {
        const std::string clean(length, 'x');
        ASSERT_EQ(find_pair(clean, marked), length);
        for (std::size_t at = 0; at < length; ++at) {
            auto text = clean;
            text[at] = '\r';
            ASSERT_EQ(find_pair(text, marked), first_marked(text)) << length << " octets, at " << at;
        }
    }
}

TEST(OctetBlocks, FindTheFirstOfSeveralPairs) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 20000; ++round) {
        std::string text(random() % 1000, 'x');
        for (auto more = random() % 6; more > 0 && !text.empty(); --more) {
            text[random() % text.size()] = random() % 3 == 0 ? '\n' : '\r';
        }
        ASSERT_EQ(find_pair(text, marked), first_marked(text)) << text;
    }
}

TEST(OctetBlocks, LookAtNothingBehindTheEnd) {
    const std::string text = std::string(200, 'x') + "\rx";
    for (std::size_t length = 0; length <= 200; ++length) {
        EXPECT_EQ(find_pair(std::string_view(text).substr(200 - length, length), marked), length);
    }
    EXPECT_EQ(find_pair(std::string_view(text).substr(0, 201), marked), 201U) << "its next is not known";
}

}  // namespace
}  // namespace defender::auth
