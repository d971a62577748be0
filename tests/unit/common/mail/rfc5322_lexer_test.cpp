#include "common/mail/rfc5322_lexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace defender::mail {
namespace {

using namespace std::string_view_literals;
using Kind = Token::Kind;

std::vector<Token> all_tokens(std::string_view text) {
    Rfc5322Lexer lexer(text);
    std::vector<Token> tokens;
    do {
        tokens.push_back(lexer.next());
    } while (tokens.back().kind != Kind::end && tokens.back().kind != Kind::malformed);
    return tokens;
}

std::string texts(std::string_view text) {
    std::string out;
    for (const auto& token : all_tokens(text)) out += token.text + "|";
    return out;
}

TEST(Rfc5322Lexer, AtextIsTheRfcsSetAndEverythingAbove127) {
    std::string allowed;
    for (int c = 0; c < 128; ++c) {
        if (is_atext(static_cast<char>(c))) allowed += static_cast<char>(c);
    }
    EXPECT_EQ(allowed, "!#$%&'*+-/0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");
    for (int c = 128; c < 256; ++c) EXPECT_TRUE(is_atext(static_cast<char>(c))) << c;
}

TEST(Rfc5322Lexer, AtomsAndSpecialsComeInOrderWithoutBlanksAndComments) {
    EXPECT_EQ(texts(" a\t(c) b.<x@y>,:;"), "a|b|.|<|x|@|y|>|,|:|;||");
}

TEST(Rfc5322Lexer, QuotedStringsAreUnquotedAndUnfolded) {
    const auto tokens = all_tokens("\"a \\\"b\\\\\r\n\tc\"");
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens[0].kind, Kind::quoted);
    EXPECT_EQ(tokens[0].text, "a \"b\\\tc");
}

TEST(Rfc5322Lexer, AnEmptyQuotedStringIsAToken) {
    const auto tokens = all_tokens("\"\"");
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens[0].kind, Kind::quoted);
    EXPECT_EQ(tokens[0].text, "");
}

TEST(Rfc5322Lexer, CommentsNestAndHoldPairsFoldsAndQuotes) {
    EXPECT_EQ(texts("(a (b \\) \" (c)\r\n d) e) x"), "x||");
}

TEST(Rfc5322Lexer, DomainLiteralsKeepTheirBrackets) {
    const auto tokens = all_tokens("[IPv6:2001:db8::1]");
    EXPECT_EQ(tokens[0].kind, Kind::literal);
    EXPECT_EQ(tokens[0].text, "[IPv6:2001:db8::1]");
    EXPECT_EQ(all_tokens("[a\\]b]")[0].text, "[a\\]b]");
    EXPECT_EQ(all_tokens("[a\r\n b]")[0].text, "[a b]");
}

TEST(Rfc5322Lexer, WhatDoesNotEndIsMalformed) {
    for (const auto text : {"(a"sv, "(a(b)"sv, "(a\\)"sv, "(a\\"sv, "\"a"sv, "\"a\\\""sv, "\"a\\"sv, "\""sv,
                            "[a"sv, "[a[b]"sv, "[a\\]"sv, "[a\\"sv}) {
        EXPECT_EQ(all_tokens(text).back().kind, Kind::malformed) << text;
    }
}

TEST(Rfc5322Lexer, NulBareCrAndBareLfAreMalformedEverywhere) {
    for (const auto frame :
         {"@"sv, "a@"sv, " @b"sv, "(@)"sv, "(\\@)"sv, "\"@\""sv, "\"\\@\""sv, "[@]"sv, "[\\@]"sv}) {
        for (const auto bad : {"\0"sv, "\r"sv, "\n"sv, "\r\n"sv, "\n "sv, "\r "sv, "\n\r "sv}) {
            std::string text(frame);
            text.replace(text.find('@'), 1, bad);
            EXPECT_EQ(all_tokens(text).back().kind, Kind::malformed) << testing::PrintToString(text);
        }
    }
}

TEST(Rfc5322Lexer, FoldsAreWhiteSpaceAlsoSeveralInARow) {
    EXPECT_EQ(texts("a\r\n \r\n\tb\r\n "), "a|b||");
}

TEST(Rfc5322Lexer, ObsoleteControlsAreAllowedInCommentsAndQuotesOnly) {
    EXPECT_EQ(texts("(\x01\x7f) \"\x02\x1f\""), "\x02\x1f||");
    EXPECT_EQ(all_tokens("a\x01").back().kind, Kind::malformed);
    EXPECT_EQ(all_tokens("\x7f").back().kind, Kind::malformed);
}

TEST(Rfc5322Lexer, StrayClosingAndBackslashAreMalformed) {
    for (const auto text : {"a)"sv, "a]"sv, "a\\b"sv, ")"sv}) {
        EXPECT_EQ(all_tokens(text).back().kind, Kind::malformed) << text;
    }
}

TEST(Rfc5322Lexer, CommentsMayNest100DeepAndNoDeeper) {
    EXPECT_EQ(texts(std::string(100, '(') + std::string(100, ')') + "x"), "x||");
    EXPECT_EQ(all_tokens(std::string(101, '(') + std::string(101, ')') + "x").back().kind, Kind::malformed);
}

TEST(Rfc5322Lexer, EndAndMalformedStay) {
    Rfc5322Lexer done("a");
    (void)done.next();
    EXPECT_EQ(done.next().kind, Kind::end);
    EXPECT_EQ(done.next().kind, Kind::end);
    Rfc5322Lexer broken("(a");
    EXPECT_EQ(broken.next().kind, Kind::malformed);
    EXPECT_EQ(broken.next().kind, Kind::malformed);
}

TEST(Rfc5322Lexer, CfwsSaysWhetherItWasThere) {
    EXPECT_EQ(Rfc5322Lexer("a").skip_cfws(), Cfws::absent);
    EXPECT_EQ(Rfc5322Lexer("").skip_cfws(), Cfws::absent);
    EXPECT_EQ(Rfc5322Lexer("(c)a").skip_cfws(), Cfws::present);
    EXPECT_EQ(Rfc5322Lexer("\r\n a").skip_cfws(), Cfws::present);
    EXPECT_EQ(Rfc5322Lexer(" (c").skip_cfws(), Cfws::malformed);
}

TEST(Rfc5322Lexer, TheCursorTakesWhatIsAsked) {
    Rfc5322Lexer lexer("ab;\"q\"c");
    EXPECT_EQ(lexer.take_while([](char c) { return c != ';'; }), "ab");
    EXPECT_FALSE(lexer.take(','));
    EXPECT_TRUE(lexer.take(';'));
    EXPECT_EQ(lexer.position(), 3U);
    EXPECT_EQ(lexer.quoted_string(), "q");
    EXPECT_EQ(lexer.since(3), "\"q\"");
    EXPECT_FALSE(lexer.quoted_string());
    EXPECT_EQ(lexer.peek(), 'c');
    EXPECT_TRUE(lexer.take('c'));
    EXPECT_TRUE(lexer.at_end());
    EXPECT_EQ(lexer.peek(), '\0');
    EXPECT_FALSE(lexer.take('\0'));
}

}  // namespace
}  // namespace defender::mail
