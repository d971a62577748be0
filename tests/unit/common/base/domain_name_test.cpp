#include "common/base/domain_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender {
namespace {

using namespace std::string_view_literals;

std::string parsed(std::string_view text) {
    const auto domain = DomainName::parse(text);
    return domain ? domain->text() : "none";
}

TEST(DomainName, IsLowerCaseWithoutTrailingDot) {
    EXPECT_EQ(parsed("Mail.EXAMPLE.com"), "mail.example.com");
    EXPECT_EQ(parsed("example.com."), "example.com");
    EXPECT_EQ(parsed("com"), "com");
    EXPECT_EQ(parsed("_dmarc.Example"), "_dmarc.example");
    EXPECT_EQ(parsed("a_b.1.2-3.x9"), "a_b.1.2-3.x9");
}

TEST(DomainName, ULabelsBecomeALabels) {
    EXPECT_EQ(parsed("b\xc3\xbc"
                     "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(parsed("B\xc3\x9c"
                     "CHER.Example."),
              "xn--bcher-kva.example");
    EXPECT_EQ(parsed("bu\xcc\x88"
                     "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(parsed("fa\xc3\x9f.example"), "xn--fa-hia.example");
    EXPECT_EQ(parsed("\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"),
              "xn--r8jz45g.xn--zckzah");
    EXPECT_EQ(parsed("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
    EXPECT_EQ(parsed("_dmarc.b\xc3\xbc"
                     "cher.example"),
              "_dmarc.xn--bcher-kva.example");
}

TEST(DomainName, IdeographicDotsSeparateLabelsAndMayTrail) {
    EXPECT_EQ(parsed("b\xc3\xbc"
                     "cher\xe3\x80\x82"
                     "example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(parsed("example\xe3\x80\x82"), "example");
    EXPECT_EQ(parsed("b\xc3\xbc.example\xe3\x80\x82"), "xn--b-eha.example");
    EXPECT_EQ(parsed("b\xc3\xbc.example\xe3\x80\x82."), "none");
}

TEST(DomainName, FullWidthFormsFoldToAscii) {
    EXPECT_EQ(parsed("\xef\xbc\xad\xef\xbd\x98.example"), "mx.example");
    EXPECT_EQ(parsed("u\xef\xbc\xa0"
                     "d.example"),
              "none");                                                   // a full-width '@'
    EXPECT_EQ(parsed("d\xef\xbc\x9e.example"), "none");                  // a full-width '>'
    EXPECT_EQ(parsed("\xef\xbc\x91\xef\xbc\x92.\xef\xbc\x93"), "none");  // digits alone at the top
}

TEST(DomainName, IsNothingWhereOctetsAreOdd) {
    for (const auto text :
         {""sv,    "."sv,     ".."sv,    ".com"sv,    "a..b"sv,        "a.b.."sv, " a"sv,
          "a "sv,  "a b"sv,   "a\tb"sv,  "a>"sv,      "(a"sv,          "a'b"sv,   "a\"b"sv,
          "a@b"sv, "a/b"sv,   "a\\b"sv,  "a,b"sv,     "a;b"sv,         "*.a"sv,   "a\0b"sv,
          "a\0"sv, "a\r\n"sv, "a\x7f"sv, "a\x01.b"sv, "[192.0.2.1]"sv, "a:1"sv,   "a%b"sv}) {
        EXPECT_EQ(parsed(text), "none") << testing::PrintToString(std::string(text));
    }
}

TEST(DomainName, IsNothingWhereUtf8OrIdnaIsBroken) {
    for (const auto text : {"\xff.example"sv,
                            "b\xfc"
                            "cher.example"sv,
                            "\xc0\xae.example"sv, "\xed\xa0\x80.example"sv, "\xc3\xbc\0.example"sv,
                            "\xcc\x88"
                            "a.example"sv,
                            "\xc3\xbc..example"sv, "\xe2\x80\x8b"sv}) {
        EXPECT_EQ(parsed(text), "none") << testing::PrintToString(std::string(text));
    }
}

TEST(DomainName, HyphensStandInsideLabelsOnly) {
    EXPECT_EQ(parsed("a-b.c"), "a-b.c");
    EXPECT_EQ(parsed("r3---sn.example"), "r3---sn.example");
    for (const auto text : {"-a.b", "a-.b", "a.-", "-", "a.b-"}) EXPECT_EQ(parsed(text), "none") << text;
}

TEST(DomainName, AnAllNumericLastLabelIsNoDomain) {
    for (const auto text : {"192.0.2.1", "192.0.2.1.", "1", "a.1"}) EXPECT_EQ(parsed(text), "none") << text;
    EXPECT_EQ(parsed("1.a"), "1.a");
    EXPECT_EQ(parsed("a.1a"), "a.1a");
}

TEST(DomainName, LabelsHaveAtMost63Octets) {
    const std::string longest(63, 'a');
    EXPECT_EQ(parsed(longest + ".b"), longest + ".b");
    EXPECT_EQ(parsed(longest + "a.b"), "none");
    std::string umlauts;
    for (int i = 0; i < 60; ++i) umlauts += "\xc3\xbc";
    EXPECT_EQ(parsed(umlauts + ".b"), "none");
}

TEST(DomainName, NamesHaveAtMost253Octets) {
    const std::string label(49, 'a');
    const std::string four = label + "." + label + "." + label + "." + label + ".";
    EXPECT_EQ(parsed(four + std::string(53, 'b')).size(), 253U);
    EXPECT_EQ(parsed(four + std::string(53, 'b') + ".").size(), 253U);
    EXPECT_EQ(parsed(four + std::string(54, 'b')), "none");
    EXPECT_EQ(parsed(std::string(1 << 20, 'a')), "none");
    EXPECT_EQ(parsed(std::string(1 << 20, 'a') + "\xc3\xbc"), "none");
}

TEST(DomainName, EveryNameReadsBackAsItself) {
    for (const auto text : {"Example.COM.",
                            "b\xc3\xbc"
                            "cher.example",
                            "_a.b", "x"}) {
        const auto domain = DomainName::parse(text);
        ASSERT_TRUE(domain) << text;
        EXPECT_EQ(DomainName::parse(domain->text()), domain) << text;
    }
}

TEST(DomainName, ParentsLoseTheFirstLabelUntilTheTop) {
    auto domain = DomainName::parse("a.b.example");
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->label_count(), 3U);
    domain = domain->parent();
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->text(), "b.example");
    domain = domain->parent();
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->text(), "example");
    EXPECT_EQ(domain->label_count(), 1U);
    EXPECT_FALSE(domain->parent());
}

TEST(DomainName, IsWithinItselfAndItsAncestorsByWholeLabels) {
    const auto within = [](std::string_view name, std::string_view ancestor) {
        return DomainName::parse(name)->is_within(*DomainName::parse(ancestor));
    };
    EXPECT_TRUE(within("example.com", "EXAMPLE.com."));
    EXPECT_TRUE(within("a.b.example.com", "example.com"));
    EXPECT_TRUE(within("example.com", "com"));
    EXPECT_FALSE(within("badexample.com", "example.com"));
    EXPECT_FALSE(within("example.com", "a.example.com"));
    EXPECT_FALSE(within("example.org", "example.com"));
    EXPECT_FALSE(within("aaaa", "a.aa"));
}

}  // namespace
}  // namespace defender
