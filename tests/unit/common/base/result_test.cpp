#include "common/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace defender {
namespace {

Result<int> half_of(int number) {
    if (number % 2 != 0) return Error{"odd"};
    return number / 2;
}

TEST(Result, HoldsAValueOrAnError) {
    const auto good = half_of(4);
    EXPECT_TRUE(good);
    EXPECT_TRUE(good.has_value());
    EXPECT_EQ(*good, 2);
    EXPECT_EQ(good.value(), 2);
    const auto bad = half_of(3);
    EXPECT_FALSE(bad);
    EXPECT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error(), Error{"odd"});
}

TEST(Result, AskingForWhatIsNotThereThrows) {
    EXPECT_THROW((void)half_of(3).value(), std::bad_variant_access);
    EXPECT_THROW((void)half_of(4).error(), std::bad_variant_access);
    const auto bad = half_of(3);
    EXPECT_THROW((void)*bad, std::bad_variant_access);
}

TEST(Result, AValueThatIsAnErrorTypeInDisguiseStaysAValue) {
    const Result<std::string> text(std::string("odd"));
    EXPECT_TRUE(text);
    EXPECT_EQ(text->size(), 3U);
}

TEST(Result, CanHoldWhatOnlyMoves) {
    Result<std::unique_ptr<int>> box(std::make_unique<int>(7));
    EXPECT_EQ(**box, 7);
    const std::unique_ptr<int> taken = std::move(box).value();
    EXPECT_EQ(*taken, 7);
}

TEST(Result, TheValueCanBeChangedInPlace) {
    Result<std::string> text(std::string("a"));
    *text += 'b';
    text->push_back('c');
    text.value().push_back('d');
    EXPECT_EQ(*text, "abcd");
}

TEST(Result, AStatusIsDoneOrSaysWhyNot) {
    const Status done = Done{};
    const Status failed = Error{"no space"};
    EXPECT_TRUE(done);
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no space");
}

}  // namespace
}  // namespace defender
