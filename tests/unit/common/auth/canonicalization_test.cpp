#include "common/auth/canonicalization.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/dkim_signer.hpp"

namespace defender::auth {
namespace {

constexpr auto simple = Canonicalization::simple;
constexpr auto relaxed = Canonicalization::relaxed;

std::string canonical_body(std::string_view body, Canonicalization mode, std::size_t piece = 65536) {
    std::string out;
    BodyCanonicalizer canonicalizer(mode, [&](std::string_view octets) { out += octets; });
    for (std::size_t at = 0; at < body.size(); at += piece)
        canonicalizer.add(std::span(body).subspan(at, std::min(piece, body.size() - at)));
    canonicalizer.finish();
    return out;
}

TEST(Canonicalization, TheExampleOfTheStandardComesOutAsItSays) {
    const mail::HeaderField a{"A", " X"};
    const mail::HeaderField b{"B ", " Y\t\r\n\tZ  "};
    EXPECT_EQ(canonical_field(a, relaxed), "a:X");
    EXPECT_EQ(canonical_field(b, relaxed), "b:Y Z");
    EXPECT_EQ(canonical_field(a, simple), "A: X");
    EXPECT_EQ(canonical_field(b, simple), "B : Y\t\r\n\tZ  ");
    const std::string body = " C \r\nD \t E\r\n\r\n\r\n";
    EXPECT_EQ(canonical_body(body, relaxed), " C\r\nD E\r\n");
    EXPECT_EQ(canonical_body(body, simple), " C \r\nD \t E\r\n");
}

struct Field {
    const char* value;
    const char* relaxed;
};

TEST(Canonicalization, RelaxedFieldsLoseFoldsAndRunsOfBlanks) {
    const Field table[] = {
        {"", "x:"},
        {" ", "x:"},
        {"\r\n ", "x:"},
        {" a", "x:a"},
        {"a b", "x:a b"},
        {" \t a \t b\t ", "x:a b"},
        {" a\r\n b\r\n\t\r\n c", "x:a b c"},
        {"a\rb\nc", "x:a\rb\nc"},
        {"a\n b", "x:a\n b"},
        {" \xc3\xbc\xff ", "x:\xc3\xbc\xff"},
    };
    for (const auto& row : table) EXPECT_EQ(canonical_field({"X \t", row.value}, relaxed), row.relaxed);
}

struct Body {
    const char* body;
    const char* simple;
    const char* relaxed;
};

TEST(Canonicalization, BodiesAtTheirEdges) {
    const Body table[] = {
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {"\r\n\r\n\r\n", "\r\n", ""},
        {" \t\r\n", " \t\r\n", ""},
        {" ", " \r\n", ""},
        {"a", "a\r\n", "a\r\n"},
        {"a\r\n", "a\r\n", "a\r\n"},
        {"a\r\n\r\n", "a\r\n", "a\r\n"},
        {"a \r\n \r\n\r\n", "a \r\n \r\n", "a\r\n"},
        {"\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
        {"a\r\n\r\n\r\nb", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
        {"\ta  b\t", "\ta  b\t\r\n", " a b\r\n"},
        {"a\r", "a\r\r\n", "a\r\r\n"},
        {"a\r\r\n", "a\r\r\n", "a\r\r\n"},
        {"a \rb \n c", "a \rb \n c\r\n", "a \rb \n c\r\n"},
        {"\r", "\r\r\n", "\r\r\n"},
        {"\n", "\n\r\n", "\n\r\n"},
        {" \r", " \r\r\n", " \r\r\n"},
    };
    for (const auto& row : table) {
        for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
            EXPECT_EQ(canonical_body(row.body, simple, piece), row.simple)
                << testing::PrintToString(row.body);
            EXPECT_EQ(canonical_body(row.body, relaxed, piece), row.relaxed)
                << testing::PrintToString(row.body);
        }
    }
}

TEST(Canonicalization, RandomBodiesAreAsAnotherImplementationHasThemHoweverTheyAreCut) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string pieces[] = {"a",
                                  "bc",
                                  " ",
                                  "\t",
                                  "  ",
                                  "\r\n",
                                  "\xff",
                                  "\r",
                                  "\n",
                                  "fifteen octets!",
                                  "\r\n\r\n",
                                  " \r\n",
                                  "as many as sixteen octets and then more of them"};
    for (int round = 0; round < 1000; ++round) {
        std::string body;
        for (auto count = random() % 40; count > 0; --count) body += pieces[random() % std::size(pieces)];
        for (const auto mode : {simple, relaxed}) {
            const auto expected =
                test::DkimSigner::canonical_body(body, mode == simple ? "simple" : "relaxed");
            for (const std::size_t piece : {1U, 2U, 5U, 17U, 10000U})
                ASSERT_EQ(canonical_body(body, mode, piece), expected) << testing::PrintToString(body);
        }
    }
}

TEST(Canonicalization, AMegabyteOfEmptyLinesIsNotHeld) {
    std::string lines;
    for (int i = 0; i < 1 << 19; ++i) lines += "\r\n";
    std::size_t largest = 0;
    std::size_t octets = 0;
    BodyCanonicalizer canonicalizer(relaxed, [&](std::string_view piece) {
        largest = std::max(largest, piece.size());
        octets += piece.size();
    });
    canonicalizer.add(lines);
    EXPECT_EQ(octets, 0U);
    canonicalizer.add(std::string_view("x"));
    canonicalizer.finish();
    EXPECT_EQ(octets, lines.size() + 3);
    EXPECT_LT(largest, 70'000U);
}

struct Signature {
    const char* value;
    const char* without;
};

TEST(Canonicalization, OnlyTheValueOfTheTagBIsTakenOut) {
    const Signature table[] = {
        {" a=1; b=xyz; c=2", " a=1; b=; c=2"},
        {" a=1; b=xyz", " a=1; b="},
        {" a=1;\r\n\tb = x\r\n\t y\r\n\t ;c=2", " a=1;\r\n\tb =;c=2"},
        {"b=xyz;", "b=;"},
        {" bh=keep; xb=keep; b=x", " bh=keep; xb=keep; b="},
        {" B=keep; b=x", " B=keep; b="},
        {" a=b=keep; b=x=y", " a=b=keep; b="},
        {" nothing", " nothing"},
        {"", ""},
    };
    for (const auto& row : table) EXPECT_EQ(without_signature(row.value), row.without) << row.value;
}

}  // namespace
}  // namespace defender::auth
