#include "common/config/toml_text.hpp"

#include <gmock/gmock.h>

namespace defender::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<unsigned> error_lines(const TomlText& text) {
    std::vector<unsigned> lines;
    for (const auto& error : text.errors) lines.push_back(error.line);
    return lines;
}

TEST(TomlText, GoodTextHasARootAndNoErrors) {
    const auto text = parse_toml("a = 1\n", "f");
    ASSERT_TRUE(text.root);
    EXPECT_THAT(text.errors, IsEmpty());
    EXPECT_TRUE(text.root->contains("a"));
}

TEST(TomlText, EveryBrokenStatementIsFoundAndTheRestRead) {
    const auto text =
        parse_toml("[policy]\nmode = enforce\non_reject = \"tag\"\non_quarantine = \"tag\n\nx = 1 2\n", "f");
    EXPECT_EQ(error_lines(text), (std::vector<unsigned>{2, 4, 6}));
    ASSERT_TRUE(text.root);
    const auto* policy = (*text.root)["policy"].as_table();
    ASSERT_NE(policy, nullptr);
    EXPECT_EQ(policy->size(), 1U);
    EXPECT_TRUE(policy->contains("on_reject"));
}

TEST(TomlText, DamageThatMayReachFurtherEndsTheReading) {
    const std::vector<std::string> texts{
        "servers = [\"a\",\nb = 1\nc = 2\n",           // the list goes on
        "[policy\nmode = \"enforce\"\nother = [[[\n",  // the table of the next line is unknown
        "x = [ bad,\n \"b\" ]\ny = 1\n",               // the next line belongs to the list
        "x = \"\"\"\nopen\n",
        "just words\ny = 1\n",
    };
    for (const auto& toml : texts) {
        const auto text = parse_toml(toml, "f");
        EXPECT_FALSE(text.root) << toml;
        EXPECT_THAT(text.errors, SizeIs(1)) << toml;
    }
}

TEST(TomlText, WordsWithoutQuotesAreToBeQuoted) {
    const auto text = parse_toml("mode = enforce\n", "f");
    ASSERT_THAT(text.errors, SizeIs(1));
    EXPECT_THAT(text.errors[0].mend, HasSubstr("double quotes"));
}

TEST(TomlText, SettingGivenTwiceIsAnError) {
    const auto text = parse_toml("a = 1\na = 2\n", "f");
    ASSERT_THAT(text.errors, SizeIs(1));
    EXPECT_EQ(text.errors[0].line, 2U);
    EXPECT_THAT(text.errors[0].mend, HasSubstr("keep one"));
}

TEST(TomlText, ErrorOnALastLineWithoutLineFeedIsFound) {
    EXPECT_EQ(error_lines(parse_toml("a = 1\nb = x", "f")), std::vector<unsigned>{2});
    EXPECT_EQ(error_lines(parse_toml("b = ", "f")), std::vector<unsigned>{1});
    EXPECT_EQ(error_lines(parse_toml("b", "f")), std::vector<unsigned>{1});
}

TEST(TomlText, NumberOfSyntaxErrorsIsBounded) {
    std::string toml;
    for (int i = 0; i < 1000; ++i) toml += "k" + std::to_string(i) + " = bad\n";
    EXPECT_THAT(parse_toml(toml, "f").errors, SizeIs(20));
}

TEST(TomlText, DeepTextsAreRefusedUnparsed) {
    std::string toml = "\na";
    for (int i = 0; i < 200000; ++i) toml += ".a";
    const auto text = parse_toml(toml + " = 1\n", "f");
    EXPECT_FALSE(text.root);
    EXPECT_EQ(error_lines(text), std::vector<unsigned>{2});
}

TEST(TomlText, LargeTextsAreRefusedUnparsed) {
    EXPECT_TRUE(parse_toml(std::string(max_settings_octets, '\n'), "f").root);
    const auto text = parse_toml(std::string(max_settings_octets + 1, '\n'), "f");
    EXPECT_FALSE(text.root);
    EXPECT_EQ(error_lines(text), std::vector<unsigned>{0});
}

TEST(TomlText, OctetsThatAreNoUtf8AreAnError) {
    EXPECT_THAT(parse_toml("a = \"\xff\xfe\"\n", "f").errors, SizeIs(1));
    EXPECT_THAT(parse_toml(std::string_view("a = \"\0\"\n", 8), "f").errors, SizeIs(1));
}

}  // namespace
}  // namespace defender::config
