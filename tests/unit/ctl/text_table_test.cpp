#include "ctl/text_table.hpp"

#include <gtest/gtest.h>

namespace defender::ctl {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCell) {
    EXPECT_EQ(text_table({{"a", "bb", "c"}, {"aaa", "b", "cc"}}), "  a    bb  c\n  aaa  b   cc\n");
}

TEST(TextTable, RowsMayDifferInLengthAndLinesHaveNoTrailingBlanks) {
    EXPECT_EQ(text_table({{"a"}, {"b", "c"}, {"d", ""}}), "  a\n  b  c\n  d\n");
    EXPECT_EQ(text_table({}), "");
}

TEST(TextTable, TextFromOutsideDoesNotSpeakToTheTerminal) {
    EXPECT_EQ(text_table({{"\x1b[31mred\r\n"}}), "  ?[31mred??\n");
    EXPECT_EQ(cell(std::string("a\0b", 3)), "a?b");
}

TEST(TextTable, ACellIsCutToALengthThatATerminalCanShow) {
    EXPECT_LE(cell(std::string(100000, 'x')).size(), 500U);
    EXPECT_TRUE(cell(std::string(100000, 'x')).ends_with("..."));
}

}  // namespace
}  // namespace defender::ctl
