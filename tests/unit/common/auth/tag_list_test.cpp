#include "common/auth/tag_list.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

TEST(TagList, TagsKeepTheirOrderAndLoseWhiteSpaceAtBothEnds) {
    const auto list = TagList::parse(" a=1;\r\n\tbc = x y \t;d_1=;");
    ASSERT_TRUE(list) << list.error().message;
    ASSERT_EQ(list->tags().size(), 3U);
    EXPECT_EQ(list->find("a"), "1");
    EXPECT_EQ(list->find("bc"), "x y");
    EXPECT_EQ(list->find("d_1"), "");
    EXPECT_EQ(list->find("A"), std::nullopt);
    EXPECT_FALSE(list->tags()[0].blank_before_equals);
    EXPECT_TRUE(list->tags()[1].blank_before_equals);
}

TEST(TagList, FurtherEqualsSignsBelongToTheValue) {
    const auto list = TagList::parse("b=abc==");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->find("b"), "abc==");
}

TEST(TagList, TextThatIsNoTagListIsRefused) {
    const std::string texts[] = {"",
                                 "a",
                                 ";",
                                 "a=1;;b=2",
                                 "a=1;;",
                                 "=1",
                                 "1a=x",
                                 "a b=x",
                                 "a-b=x",
                                 "a=1;a=2",
                                 "a=1; b=2; a=",
                                 "a=\x01",
                                 "a=x\ry",
                                 "a=x\ny",
                                 "a=x\r\ny",
                                 "a=x\r\n",
                                 "a=\x7f",
                                 "\xc3\xa4=x",
                                 "v=1\r\n;\r",
                                 "a=\v",
                                 "a=\f",
                                 "a=1;\r\n\r\n b=2",
                                 std::string("a=\0", 3)};
    for (const auto& text : texts) EXPECT_FALSE(TagList::parse(text)) << testing::PrintToString(text);
}

TEST(TagList, OctetsAboveSevenBitsAreAllowedInValues) {
    EXPECT_TRUE(TagList::parse("d=b\xc3\xbc\x63her.example"));
}

TEST(TagList, NamesThatDifferInCaseAreDifferent) {
    const auto list = TagList::parse("t=1;T=2");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->find("T"), "2");
}

TEST(TagList, SizeAndNumberOfTagsAreBounded) {
    std::string text;
    for (int at = 0; at < 100; ++at) text += "a" + std::to_string(at) + "=;";
    EXPECT_TRUE(TagList::parse(text));
    EXPECT_FALSE(TagList::parse(text + "more=1"));
    EXPECT_TRUE(TagList::parse("a=" + std::string(65534, 'x')));
    EXPECT_FALSE(TagList::parse("a=" + std::string(65535, 'x')));
}

TEST(TagList, ErrorsShowOnlyPrintableText) {
    const auto list = TagList::parse("\xff\xfe=1");
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().message, "\"??\" is no tag name");
}

TEST(TagList, ColonListsAndWhiteSpaceInsideValues) {
    EXPECT_EQ(remove_white_space(" a\r\n\tb c "), "abc");
    EXPECT_EQ(colon_list("a : b:\r\n c"), (std::vector<std::string_view>{"a", "b", "c"}));
    EXPECT_EQ(colon_list("a::"), (std::vector<std::string_view>{"a", "", ""}));
}

}  // namespace
}  // namespace defender::auth
