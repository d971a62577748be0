#include "common/config/toml_nesting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::config {
namespace {

std::string repeat(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

TEST(TomlNesting, OrdinaryTextIsNotTooDeep) {
    EXPECT_FALSE(line_nested_too_deep(""));
    EXPECT_FALSE(
        line_nested_too_deep("[milter]\nsocket = \"unix:/x\"\n[[policy.override]]\nnetworks = [\"::1\"]\n"));
}

TEST(TomlNesting, SixteenAreTakenAndSeventeenAreNot) {
    EXPECT_FALSE(line_nested_too_deep("a" + repeat(".a", 16) + " = 1"));
    EXPECT_EQ(line_nested_too_deep("a" + repeat(".a", 17) + " = 1"), 1U);
    EXPECT_FALSE(line_nested_too_deep("a = " + repeat("[", 16) + repeat("]", 16)));
    EXPECT_EQ(line_nested_too_deep("\na = " + repeat("[", 17)), 2U);
    EXPECT_EQ(line_nested_too_deep("a = " + repeat("{a=", 17)), 1U);
}

TEST(TomlNesting, DotsAreCountedForEachKey) {
    EXPECT_FALSE(line_nested_too_deep(repeat("a.b.c = 1\n", 100)));
    EXPECT_FALSE(line_nested_too_deep("a = [" + repeat("1.5, ", 100) + "]"));
}

TEST(TomlNesting, StringsAndCommentsDoNotCount) {
    const std::string dots(100, '.');
    EXPECT_FALSE(line_nested_too_deep("# " + dots + "\na = \"" + dots + "\""));
    EXPECT_FALSE(line_nested_too_deep("a = '" + dots + "' # " + dots));
    EXPECT_FALSE(line_nested_too_deep("a = \"\"\"\n" + dots + "\"" + dots + "\n\"\"\""));
    EXPECT_FALSE(line_nested_too_deep("a = '''\n" + dots + "'" + dots + "'''"));
    EXPECT_FALSE(line_nested_too_deep("a = \"\\\"" + dots + "\""));
}

TEST(TomlNesting, StringsThatAreNotClosedEndWithTheirLine) {
    const std::string deep = "a" + repeat(".a", 17);
    EXPECT_EQ(line_nested_too_deep("a = \"open\n" + deep), 2U);
    EXPECT_EQ(line_nested_too_deep("a = 'open\n" + deep), 2U);
    EXPECT_FALSE(line_nested_too_deep("a = \"\"\"open\n" + deep));
    EXPECT_FALSE(line_nested_too_deep("a = \"\\"));
}

TEST(TomlNesting, QuotedPartsOfAKeyCountAsWell) {
    EXPECT_EQ(line_nested_too_deep("\"=\"" + repeat(".\"=\"", 17) + " = 1"), 1U);
}

}  // namespace
}  // namespace defender::config
