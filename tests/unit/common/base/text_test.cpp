#include "common/base/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::text {
namespace {

using namespace std::string_view_literals;

TEST(Text, ClassesAreThoseOfAscii) {
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        const bool digit = i >= '0' && i <= '9';
        const bool alpha = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
        EXPECT_EQ(is_digit(c), digit) << i;
        EXPECT_EQ(is_alpha(c), alpha) << i;
        EXPECT_EQ(is_alnum(c), digit || alpha) << i;
        EXPECT_EQ(is_blank(c), i == ' ' || i == '\t') << i;
        EXPECT_EQ(is_space(c), i == ' ' || i == '\t' || i == '\r' || i == '\n') << i;
        EXPECT_EQ(is_printable(c), i >= ' ' && i <= '~') << i;
    }
}

TEST(Text, FoldingTouchesAsciiLettersOnly) {
    EXPECT_EQ(to_lower("AZaz@[`{09"), "azaz@[`{09");
    EXPECT_EQ(to_lower("\xc3\x9c\xdc"), "\xc3\x9c\xdc");
    EXPECT_EQ(to_lower("A\0B"sv), "a\0b"sv);
}

TEST(Text, ComparingIgnoresCaseButNotLength) {
    EXPECT_TRUE(iequals("", ""));
    EXPECT_TRUE(iequals("FrOm", "fRoM"));
    EXPECT_FALSE(iequals("From", "Fro"));
    EXPECT_FALSE(iequals("Fro", "From"));
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("a", "a\0"sv));
}

TEST(Text, APrefixIsComparedWithoutCase) {
    EXPECT_TRUE(istarts_with("MAILTO:x", "mailto:"));
    EXPECT_TRUE(istarts_with("x", ""));
    EXPECT_TRUE(istarts_with("x", "X"));
    EXPECT_FALSE(istarts_with("x", "xy"));
    EXPECT_FALSE(istarts_with("", "x"));
}

TEST(Text, TrimmingTakesSpacesTabsAndLineEndsFromBothSides) {
    EXPECT_EQ(trim(" \t\r\na b\r\n\t "), "a b");
    EXPECT_EQ(trim("a"), "a");
    EXPECT_EQ(trim(" \r\n"), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim("\va\f"), "\va\f");
    EXPECT_EQ(trim("\0 "sv), "\0"sv);
}

TEST(Text, SplittingKeepsEmptyPieces) {
    using Pieces = std::vector<std::string_view>;
    EXPECT_EQ(split("", '.'), (Pieces{""}));
    EXPECT_EQ(split(".", '.'), (Pieces{"", ""}));
    EXPECT_EQ(split("a", '.'), (Pieces{"a"}));
    EXPECT_EQ(split("a..b.", '.'), (Pieces{"a", "", "b", ""}));
}

TEST(Text, JoiningPutsTheSeparatorBetweenAllParts) {
    EXPECT_EQ(join({}, ", "), "");
    EXPECT_EQ(join({"a"}, ", "), "a");
    EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
    EXPECT_EQ(join({"a", "b"}, ""), "ab");
}

TEST(Text, JoiningKeepsEmptyParts) {
    EXPECT_EQ(join({""}, "."), "");
    EXPECT_EQ(join({"", ""}, "."), ".");
    EXPECT_EQ(join({"", "a", "", "b", ""}, "."), ".a..b.");
}

TEST(Text, NumbersAreDigitsOnly) {
    EXPECT_EQ(parse_unsigned("0"), 0U);
    EXPECT_EQ(parse_unsigned("007"), 7U);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615ULL);
    for (const auto bad : {""sv, " "sv, "+1"sv, "-1"sv, " 1"sv, "1 "sv, "1x"sv, "0x1"sv, "1.0"sv, "1\0"sv,
                           "18446744073709551616"sv, "99999999999999999999999"sv}) {
        EXPECT_FALSE(parse_unsigned(bad)) << bad;
    }
}

TEST(Text, PrintableReplacesWhatIsNotSpaceToTilde) {
    EXPECT_EQ(printable(" a~", 10), " a~");
    EXPECT_EQ(printable("\0\t\r\n\x1b\x7f\xc3\xbc"sv, 10), "????????");
}

TEST(Text, PrintableKeepsAtMostTheOctetsAllowed) {
    EXPECT_EQ(printable("abcde", 5), "abcde");
    EXPECT_EQ(printable("abcdef", 5), "ab...");
    EXPECT_EQ(printable("abcde", 4), "a...");
    EXPECT_EQ(printable("abcde", 3), "...");
    EXPECT_EQ(printable("abcde", 2), "..");
    EXPECT_EQ(printable("abcde", 0), "");
    EXPECT_EQ(printable("", 0), "");
}

TEST(Text, OrderThatIgnoresCase) {
    EXPECT_TRUE(iless("a", "B"));
    EXPECT_FALSE(iless("B", "a"));
    EXPECT_TRUE(iless("Ab", "aBC"));
    EXPECT_FALSE(iless("AB", "ab"));
    EXPECT_FALSE(iless("ab", "AB"));
    EXPECT_TRUE(iless("", "a"));
    EXPECT_TRUE(iless("_", "Z")) << "behind it as z, though Z itself is before it";
}

TEST(Text, AnOctetSetHoldsItsOctetsAndNoOther) {
    constexpr OctetSet some("a\xff\0"sv);
    constexpr OctetSet digits(is_digit);
    for (int value = 0; value < 256; ++value) {
        const auto octet = static_cast<char>(value);
        EXPECT_EQ(some.contains(octet), octet == 'a' || octet == '\xff' || octet == '\0') << value;
        EXPECT_EQ(digits.contains(octet), is_digit(octet)) << value;
    }
}

}  // namespace
}  // namespace defender::text
