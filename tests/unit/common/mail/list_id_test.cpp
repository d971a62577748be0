#include <gtest/gtest.h>

#include <string>

#include "common/mail/author.hpp"

namespace defender::mail {
namespace {

TEST(ListId, IsWhatStandsInTheBracketsAtTheEndInLowerCase) {
    EXPECT_EQ(parse_list_id(" List Header Mailing List <list-header.nisto.com>"), "list-header.nisto.com");
    EXPECT_EQ(parse_list_id("<Commonspace-Users.list-id.Within.COM>"),
              "commonspace-users.list-id.within.com");
    EXPECT_EQ(parse_list_id("\"Lena's <x.y> List\"\r\n <lenas-jokes.da39efc2.021999.localhost>"),
              "lenas-jokes.da39efc2.021999.localhost");
    EXPECT_EQ(parse_list_id("owner/project [dev] <project.owner.example>\r\n "), "project.owner.example");
    EXPECT_EQ(parse_list_id("<a+b_c.d>"), "a+b_c.d");
}

TEST(ListId, WhiteSpaceInTheBracketsIsIgnored) {
    EXPECT_EQ(parse_list_id("< dev .example.\r\n\torg >"), "dev.example.org");
}

TEST(ListId, OctetsAroundItThatAreNotTextDoNotMatter) {
    EXPECT_EQ(parse_list_id("Entwickler \xfc <dev.example.org>"), "dev.example.org");
}

TEST(ListId, IsEmptyWhereThereIsNone) {
    for (const auto value : {"",
                             " ",
                             "dev.example.org",
                             "<>",
                             "<",
                             ">",
                             "<dev>",
                             "<.dev>",
                             "<dev.>",
                             "<a..b>",
                             "<a@b.c>",
                             "<a.b> x",
                             "<a.b> (comment)",
                             "\"<a.b>\"",
                             "<a.b",
                             "a.b>",
                             "<a.(x)b>",
                             "<a.\x01"
                             "b>",
                             "<d\xc3\xbc.b>",
                             "<a.b>>"}) {
        EXPECT_EQ(parse_list_id(value), "") << value;
    }
    EXPECT_EQ(parse_list_id(std::string_view("<a.\0b>", 6)), "");
}

TEST(ListId, IsAtMost255Octets) {
    const std::string longest = "a." + std::string(253, 'b');
    EXPECT_EQ(parse_list_id("<" + longest + ">"), longest);
    EXPECT_EQ(parse_list_id("<" + longest + "b>"), "");
}

}  // namespace
}  // namespace defender::mail
