#include "common/store/json_tree.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace defender::store {
namespace {

TEST(JsonTree, EveryKindOfValueIsRead) {
    const JsonTree tree(R"({"a":null,"b":true,"c":-5,"d":5,"e":1.5,"f":"x","g":[1,[2],{}],"h":{"i":"y"}})");
    const auto root = tree.root();
    ASSERT_EQ(root.kind(), JsonKind::object);
    EXPECT_EQ(root.member("a").kind(), JsonKind::null);
    EXPECT_EQ(root.member("b").kind(), JsonKind::boolean);
    EXPECT_TRUE(root.member("b").flag());
    EXPECT_EQ(root.member("c").kind(), JsonKind::negative);
    EXPECT_EQ(root.member("c").negative(), -5);
    EXPECT_EQ(root.member("d").kind(), JsonKind::natural);
    EXPECT_EQ(root.member("d").natural(), 5U);
    EXPECT_EQ(root.member("e").kind(), JsonKind::fraction);
    EXPECT_EQ(root.member("f").kind(), JsonKind::text);
    EXPECT_EQ(root.member("f").text(), "x");
    EXPECT_EQ(root.member("h").member("i").text(), "y");
    EXPECT_EQ(root.member("i").kind(), JsonKind::nothing) << "a member of the object itself alone";
    EXPECT_EQ(root.member("f").member("i").kind(), JsonKind::nothing);
}

TEST(JsonTree, TheElementsOfAnArrayComeInTheirOrderWithoutThoseWithin) {
    const JsonTree tree(R"([[1,2],{"a":[3]},"x",[],4])");
    std::string kinds;
    tree.root().for_each(
        [&](JsonValue item) { kinds += std::to_string(static_cast<int>(item.kind())) + " "; });
    const auto name = [](JsonKind kind) { return std::to_string(static_cast<int>(kind)) + " "; };
    EXPECT_EQ(kinds, name(JsonKind::array) + name(JsonKind::object) + name(JsonKind::text) +
                         name(JsonKind::array) + name(JsonKind::natural));
    std::string inner;
    JsonTree(R"([[],[7,[8],9]])").root().for_each([&](JsonValue item) {
        item.for_each([&](JsonValue number) { inner += std::to_string(number.natural()) + " "; });
    });
    EXPECT_EQ(inner, "7 0 9 ");
}

TEST(JsonTree, ValuesWithoutElementsHaveNone) {
    for (const auto* document : {"null", "1", "\"x\"", "[]", "{}", "not JSON"}) {
        const JsonTree tree(document);
        tree.root().for_each([&](JsonValue) { ADD_FAILURE() << document; });
    }
}

TEST(JsonTree, OfSeveralMembersWithOneNameTheLastCounts) {
    EXPECT_EQ(JsonTree(R"({"a":1,"b":2,"a":3})").root().member("a").natural(), 3U);
}

TEST(JsonTree, EscapesAreReadAndLongTextsStayWhereTheyAre) {
    const std::string longer(5000, 'l');
    const JsonTree tree(R"(["\"\\\/\b\f\n\r\t\u0041\u00e4\ud83d\ude00\u0000",")" + longer + R"(",""])");
    std::string all;
    tree.root().for_each([&](JsonValue item) { all += std::string(item.text()) + "|"; });
    EXPECT_EQ(all, std::string("\"\\/\b\f\n\r\tA\u00e4\U0001F600\0", 16) + "|" + longer + "||");
}

TEST(JsonTree, IntegersAreReadUpToTheirBounds) {
    const JsonTree tree("[18446744073709551615,-9223372036854775808,18446744073709551616,0,-0]");
    std::vector<JsonKind> kinds;
    std::vector<std::uint64_t> numbers;
    tree.root().for_each([&](JsonValue item) {
        kinds.push_back(item.kind());
        numbers.push_back(item.natural());
    });
    EXPECT_EQ(kinds, (std::vector{JsonKind::natural, JsonKind::negative, JsonKind::fraction,
                                  JsonKind::natural, JsonKind::negative}));
    EXPECT_EQ(numbers[0], std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(static_cast<std::int64_t>(numbers[1]), std::numeric_limits<std::int64_t>::min());
}

TEST(JsonTree, WhatIsNotJsonIsNothing) {
    for (const auto* document : {"", " ", "{", "[1", "{\"a\":}", "{\"a\":1}x", "'a'", "nul", "\"\xff\"",
                                 "1e999", "\"\\ud83d\"", "[1,]", "{\"a\" 1}"}) {
        EXPECT_EQ(JsonTree(document).root().kind(), JsonKind::nothing) << document;
    }
}

TEST(JsonTree, DepthIsNoMatterOfTheStack) {
    constexpr std::size_t depth = 200000;
    const JsonTree tree(std::string(depth, '[') + std::string(depth, ']'));
    EXPECT_EQ(tree.root().kind(), JsonKind::array);
}

}  // namespace
}  // namespace defender::store
