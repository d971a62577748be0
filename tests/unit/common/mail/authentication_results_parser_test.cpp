#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/mail/authentication_results.hpp"

namespace defender::mail {
namespace {

using namespace std::string_view_literals;

TEST(AuthenticationResultsParser, NoneIsAnEmptyList) {
    for (const auto value : {"mx.example.net; none", " mx.example.net ; NONE ", "mx.example.net;none(c)",
                             "mx.example.net 1; none", "(c)mx.example.net(c)1(c);(c)none"}) {
        EXPECT_EQ(parse_authentication_results(value), (AuthenticationResults{"mx.example.net", {}}))
            << value;
    }
}

TEST(AuthenticationResultsParser, ReadsMethodsReasonsAndProperties) {
    const AuthenticationResults expected{
        "example.com",
        {{"auth", "pass", "", {{"smtp", "auth", "sender@example.net"}}},
         {"spf", "fail", "bad rip", {{"smtp", "mailfrom", "example.net"}, {"smtp", "helo", "x"}}},
         {"dkim", "none", "", {}}}};
    EXPECT_EQ(
        parse_authentication_results(" example.com 1;\r\n\tauth=pass (cram-md5) smtp.auth=sender@example.net;"
                                     "\r\n spf=fail reason=\"bad rip\" smtp.mailfrom=example.net smtp.helo=x;"
                                     "\r\n\tdkim=none"),
        expected);
}

TEST(AuthenticationResultsParser, CommentsAndBlanksStandAnywhereBetween) {
    EXPECT_EQ(
        parse_authentication_results("(1)foo.example(2)1(3);(4)dkim(5)/(6)1(7)=(8)fail(9)reason(10)=(11)x(12)"
                                     "policy(13).(14)expired(15)=(16)\"a;b\"(17)\r\n (18)"),
        (AuthenticationResults{"foo.example", {{"dkim", "fail", "x", {{"policy", "expired", "a;b"}}}}}));
}

TEST(AuthenticationResultsParser, ValuesMayBeTokensQuotedStringsAddressesAndDomains) {
    const auto value_of = [](std::string_view text) -> std::string {
        const auto all = parse_authentication_results("mx; a=b c.d=" + std::string(text));
        return all ? all->results.at(0).properties.at(0).value : "malformed";
    };
    EXPECT_EQ(value_of("token"), "token");
    EXPECT_EQ(value_of("\"q \\\" s\""), "q \" s");
    EXPECT_EQ(value_of("\"a\r\n b\""), "a b");
    EXPECT_EQ(value_of("@d.example"), "@d.example");
    EXPECT_EQ(value_of("u=x/y?@d.example"), "u=x/y?@d.example");
    EXPECT_EQ(value_of("\"a b\"@d.example"), "\"a b\"@d.example");
    EXPECT_EQ(value_of("\"a\r\n \\b\"@d.example"), "\"a \\b\"@d.example");
    EXPECT_EQ(value_of("u (c) @d.example"), "u@d.example");
    EXPECT_EQ(value_of("\xc3\xbc@b\xc3\xbc.example"), "\xc3\xbc@b\xc3\xbc.example");
    EXPECT_EQ(value_of("\"\""), "");
    for (const auto bad :
         {"",     "a/b",    "a=",     "a?",     "a@",          "a@@b",     "a..b@c",    "u@d..e",
          "u@.d", "u@[1]",  "<u@d>",  "a,b",    "2001:db8::1", "\"a",      "\"a\x01\"", "\"\xff\"",
          "\xff", "u@\xff", "\"a\"b", "a\"b\"", "a[",          "\"a\"(c)b"}) {
        EXPECT_EQ(value_of(bad), "malformed") << bad;
    }
}

TEST(AuthenticationResultsParser, WhatBreaksTheGrammarIsNothing) {
    for (const auto value : {""sv,
                             " "sv,
                             ";"sv,
                             "mx"sv,
                             "mx;"sv,
                             "mx; "sv,
                             "mx; none; spf=pass"sv,
                             "mx; spf=pass; none"sv,
                             "mx; none x"sv,
                             "mx; spf"sv,
                             "mx; spf="sv,
                             "mx; =pass"sv,
                             "mx; spf=pass;"sv,
                             "mx; spf=pass;;dkim=pass"sv,
                             "mx spf=pass"sv,
                             "mx; spf=pass smtp"sv,
                             "mx; spf=pass smtp."sv,
                             "mx; spf=pass smtp.x"sv,
                             "mx; spf=pass smtp=x"sv,
                             "mx; spf=pass smtp.x=y reason=z"sv,
                             "mx; spf=pass reason=a reason=b"sv,
                             "mx; spf=pass reason"sv,
                             "mx; spf=pass reason=\"a\"smtp.x=y"sv,
                             "mx; spf-=pass"sv,
                             "mx; spf=pass-"sv,
                             "mx; spf=pass s-.x=y"sv,
                             "mx; spf=pass s.x-=y"sv,
                             "mx; spf=pass\n"sv,
                             "mx; spf=pass\r\n"sv,
                             "mx; spf=pa\0ss"sv,
                             "mx; spf=pass (c"sv,
                             "(mx; spf=pass"sv,
                             "\"mx; spf=pass"sv,
                             "mx@x; none"sv,
                             "\"mx\"1; none"sv,
                             "mx 1x; none"sv,
                             "mx 1 1; none"sv,
                             "mx; s_p=pass"sv,
                             "spf=pass smtp.x=y"sv}) {
        EXPECT_FALSE(parse_authentication_results(value)) << value;
    }
}

TEST(AuthenticationResultsParser, PropertiesNeedNoBlankBehindAQuotedString) {
    EXPECT_EQ(parse_authentication_results("mx; a=b c.d=\"e\"f.g=h"),
              (AuthenticationResults{"mx", {{"a", "b", "", {{"c", "d", "e"}, {"f", "g", "h"}}}}}));
}

TEST(AuthenticationResultsParser, APropertyTypeMayBeCalledReason) {
    EXPECT_EQ(parse_authentication_results("mx; a=b reason.c=d"),
              (AuthenticationResults{"mx", {{"a", "b", "", {{"reason", "c", "d"}}}}}));
}

TEST(AuthenticationResultsParser, VersionsOtherThanOneAreNotRead) {
    EXPECT_TRUE(parse_authentication_results("mx 1; dkim/1=pass"));
    EXPECT_TRUE(parse_authentication_results("mx 01; dkim / 1 = pass"));
    EXPECT_FALSE(parse_authentication_results("mx 2; dkim=pass"));
    EXPECT_FALSE(parse_authentication_results("mx 99999999999999999999; dkim=pass"));
    EXPECT_FALSE(parse_authentication_results("mx 1; dkim/2=pass"));
    EXPECT_FALSE(parse_authentication_results("mx 1; dkim/=pass"));
}

TEST(AuthenticationResultsParser, ReadsBackWhatWasWritten) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    const std::string_view octets = "ab.@\"\\ ;=/()<>?,:[]-_+'";
    const auto any_text = [&] {
        std::string text;
        for (std::size_t i = below(12); i > 0; --i) text += octets[below(octets.size())];
        return text;
    };
    for (int round = 0; round < 20000; ++round) {
        AuthenticationResults results{"mx.example.net", {}};
        for (std::size_t i = below(4); i > 0; --i) {
            MethodResult one{"m" + std::to_string(i), "pass", any_text(), {}};
            for (std::size_t j = below(4); j > 0; --j) one.properties.push_back({"header", "p", any_text()});
            results.results.push_back(one);
        }
        ASSERT_EQ(parse_authentication_results(encode(results)), results) << encode(results);
    }
}

TEST(AuthservId, IsSeenThroughCommentsQuotesFoldsCaseAndDots) {
    for (const auto value :
         {"mx.example.net; none"sv, " MX.Example.NET; none"sv, "\r\n\tmx.example.net; none"sv,
          "(x)mx.example.net; none"sv, "\"mx.example.net\"; none"sv, "\"\\m\\x.example.net\"; none"sv,
          "mx.example.net.; none"sv, "(a(b))\"MX.example.net.\" (c) 1; none"sv,
          "\" mx.example.net \"; none"sv, "\xef\xbd\x8d\xef\xbd\x98.example.net; none"sv}) {
        EXPECT_EQ(authserv_id_of(value), "mx.example.net") << value;
    }
}

TEST(AuthservId, IsFoundWhereTheRestIsMalformed) {
    for (const auto value :
         {"mx.example.net"sv, "mx.example.net;"sv, "mx.example.net; dkim"sv, "mx.example.net dkim=pass"sv,
          "mx.example.net (unended"sv, "mx.example.net;\"unended"sv, "mx.example.net@x"sv,
          "mx.example.net=pass"sv, "mx.example.net/1; x"sv, "mx.example.net 7; none"sv,
          "mx.example.net\0; dkim=pass"sv, "\nmx.example.net; dkim=pass"sv, "\x01mx.example.net;"sv,
          "mx.example.net\r; dkim=pass"sv, "(\n)mx.example.net"sv}) {
        EXPECT_EQ(authserv_id_of(value), "mx.example.net") << value;
    }
}

TEST(AuthservId, IsNothingWhereTheValueStartsWithNone) {
    for (const auto value : {"", " ", ";", "; none", "(c)", "(unended mx.example.net; none",
                             "\"unended; none", "=x", "@mx.example.net", "<mx.example.net>"}) {
        EXPECT_FALSE(authserv_id_of(value)) << value;
    }
}

TEST(AuthservId, ThatIsNoDomainIsInLowerCase) {
    EXPECT_EQ(authserv_id_of("\"Our Gateway\"; none"), "our gateway");
    EXPECT_EQ(authserv_id_of("b\xc3\xbc"
                             "cher.example; none"),
              "xn--bcher-kva.example");
}

TEST(ForgedPositions, CountTheFieldsOfThatNameAndComeLastFirst) {
    const HeaderFields fields{{"Authentication-Results", " mx.example.net; dkim=pass"},
                              {"From", " u@d.example"},
                              {"authentication-results", " other.example; dkim=pass"},
                              {"AUTHENTICATION-RESULTS", " (c) \"MX.example.net.\"; dkim"},
                              {"X-Authentication-Results", " mx.example.net; dkim=pass"},
                              {"Authentication-Results ", "\r\n mx.example.net 1; none"},
                              {"Authentication-Results", " sub.mx.example.net; none"},
                              {"Authentication-Results", ""}};
    EXPECT_EQ(forged_positions(fields, "mx.example.net"), (std::vector<unsigned>{4, 3, 1}));
}

TEST(ForgedPositions, OurIdMayBeWrittenInAnyForm) {
    const HeaderFields fields{{"Authentication-Results", " mx.xn--bcher-kva.example; none"}};
    for (const auto ours : {"mx.b\xc3\xbc"
                            "cher.example",
                            "MX.XN--BCHER-KVA.example.", "mx.xn--bcher-kva.example"}) {
        EXPECT_EQ(forged_positions(fields, ours), (std::vector<unsigned>{1})) << ours;
    }
    EXPECT_EQ(forged_positions({{"Authentication-Results", "\"Our gateway\"; none"}}, "our Gateway"),
              (std::vector<unsigned>{1}));
}

TEST(ForgedPositions, AreNoneWhereNobodyForged) {
    EXPECT_TRUE(forged_positions({}, "mx.example.net").empty());
    EXPECT_TRUE(
        forged_positions({{"Authentication-Results", " example.net; none"}}, "mx.example.net").empty());
}

TEST(ForgedPositions, LongFieldsAndManyFieldsAreRead) {
    const std::string comments = [] {
        std::string out;
        for (int i = 0; i < 300000; ++i) out += "(c)";
        return out;
    }();
    HeaderFields fields{{"Authentication-Results", comments + "mx.example.net; none"},
                        {"Authentication-Results", std::string(1 << 20, '(')},
                        {"Authentication-Results", std::string(1 << 20, 'x')}};
    for (int i = 0; i < 10000; ++i) fields.push_back({"Authentication-Results", " mx.example.net"});
    const auto positions = forged_positions(fields, "mx.example.net");
    ASSERT_EQ(positions.size(), 10001U);
    EXPECT_EQ(positions.front(), 10003U);
    EXPECT_EQ(positions.back(), 1U);
}

}  // namespace
}  // namespace defender::mail
