#include <gmock/gmock.h>

#include <random>
#include <regex>

#include "common/base/text.hpp"
#include "common/log/log.hpp"

namespace defender::log {
namespace {

using ::testing::HasSubstr;

TEST(LogLine, IdAloneIsTheWholeLine) {
    EXPECT_EQ(format_line("MILTER_READY", {}), "MILTER_READY");
}

TEST(LogLine, FieldsKeepTheirOrderAndTypes) {
    EXPECT_EQ(format_line("ID", {{"text", "a"},
                                 {"n", -3},
                                 {"big", 18446744073709551615ULL},
                                 {"yes", true},
                                 {"no", false},
                                 {"view", std::string_view("v")}}),
              "ID text=a n=-3 big=18446744073709551615 yes=yes no=no view=v");
}

TEST(LogLine, ValuesAreQuotedWhereABareWordWouldBeReadWrongly) {
    struct Case {
        std::string value;
        std::string encoded;
    };
    const std::vector<Case> cases{
        {"", "\"\""},
        {"plain", "plain"},
        {"user@example.com", "user@example.com"},
        {"<>", "<>"},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"say \"x\"", "\"say \\\"x\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"a\nb", "\"a\\nb\""},
        {"a\r\nb", "\"a\\r\\nb\""},
        {"tab\t", "\"tab\\t\""},
        {std::string("nul\0", 4), "\"nul\\x00\""},
        {"\x1b[31m", "\"\\x1b[31m\""},
        {"\x7f", "\"\\x7f\""},
        {"m\xc3\xbcller", "\"m\\xc3\\xbcller\""},
    };
    for (const Case& c : cases) EXPECT_EQ(format_line("ID", {{"v", c.value}}), "ID v=" + c.encoded);
}

TEST(LogLine, SenderCannotForgeALineOrAField) {
    const std::string line =
        format_line("MESSAGE_JUDGED", {{"helo", "x\nMESSAGE_JUDGED dmarc=pass"}, {"dmarc", "fail"}});
    EXPECT_EQ(line, "MESSAGE_JUDGED helo=\"x\\nMESSAGE_JUDGED dmarc=pass\" dmarc=fail");
    EXPECT_EQ(format_line("ID", {{"helo", "x\" dmarc=\"pass"}}), "ID helo=\"x\\\" dmarc=\\\"pass\"");
}

TEST(LogLine, LongValuesAreCutAndSaySo) {
    const std::string longest(max_value_octets, 'a');
    EXPECT_EQ(format_line("ID", {{"v", longest}}), "ID v=" + longest);
    EXPECT_EQ(format_line("ID", {{"v", longest + "b"}}), "ID v=" + longest + "...");
    EXPECT_EQ(format_line("ID", {{"v", " " + longest}}),
              "ID v=\" " + longest.substr(0, max_value_octets - 1) + "...\"");
}

TEST(LogLine, AnyOctetsGiveOnePrintableLineWithAllItsFields) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> octet(0, 255);
    const std::regex shape(R"(ID a=([^ "=\\]+|"([^"\\]|\\.)*") b=([^ "=\\]+|"([^"\\]|\\.)*"))");
    for (int round = 0; round < 500; ++round) {
        std::string a;
        std::string b;
        for (int i = 0; i < 20; ++i) {
            a += static_cast<char>(octet(random));
            b += static_cast<char>(octet(random));
        }
        const std::string line = format_line("ID", {{"a", a}, {"b", b}});
        EXPECT_TRUE(std::all_of(line.begin(), line.end(), text::is_printable)) << line;
        EXPECT_TRUE(std::regex_match(line, shape)) << line;
    }
}

}  // namespace
}  // namespace defender::log
