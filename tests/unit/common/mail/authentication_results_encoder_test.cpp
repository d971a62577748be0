#include <gtest/gtest.h>

#include <string>

#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"

namespace defender::mail {
namespace {

AuthenticationResults with_value(std::string value) {
    return {"mx.example.net", {{"spf", "pass", "", {{"smtp", "mailfrom", std::move(value)}}}}};
}

/// What stands behind "smtp.mailfrom=".
std::string encoded_value(std::string value) {
    const std::string before = " mx.example.net;\r\n\tspf=pass smtp.mailfrom=";
    const auto text = encode(with_value(std::move(value)));
    EXPECT_TRUE(text.starts_with(before)) << text;
    return text.substr(before.size());
}

TEST(AuthenticationResultsEncoder, WritesOneLineForEachMethod) {
    const AuthenticationResults results{
        "mx.example.net",
        {{"spf", "pass", "", {{"smtp", "mailfrom", "example.com"}}},
         {"dkim",
          "pass",
          "",
          {{"header", "d", "example.com"},
           {"header", "i", "@example.com"},
           {"header", "a", "rsa-sha256"},
           {"header", "s", "s1"},
           {"header", "b", "AbCdEfGh"}}},
         {"dmarc", "pass", "", {{"header", "from", "example.com"}, {"policy", "dmarc", "reject"}}}}};
    EXPECT_EQ(encode(results),
              " mx.example.net;\r\n"
              "\tspf=pass smtp.mailfrom=example.com;\r\n"
              "\tdkim=pass header.d=example.com header.i=@example.com header.a=rsa-sha256 header.s=s1 "
              "header.b=AbCdEfGh;\r\n"
              "\tdmarc=pass header.from=example.com policy.dmarc=reject");
}

TEST(AuthenticationResultsEncoder, NoResultsAreNone) {
    EXPECT_EQ(encode({"mx.example.net", {}}), " mx.example.net; none");
}

TEST(AuthenticationResultsEncoder, TheReasonStandsBetweenResultAndProperties) {
    EXPECT_EQ(encode({"mx", {{"dkim", "policy", "key too short", {{"header", "d", "d.example"}}}}}),
              " mx;\r\n\tdkim=policy reason=\"key too short\" header.d=d.example");
    EXPECT_EQ(encode({"mx", {{"dkim", "fail", "expired", {}}}}), " mx;\r\n\tdkim=fail reason=expired");
}

TEST(AuthenticationResultsEncoder, TokensDomainsAndAddressesStandBare) {
    for (const auto value : {"example.com", "@example.com", "u@example.com", "u+x=y/z?@example.com",
                             "a_b.example", "\"a b\"@example.com", "\"a\\\"b\"@example.com", "AbC+dEf",
                             "rsa-sha256", "192.0.2.1", "{}|~^`!#$%&'*"}) {
        EXPECT_EQ(encoded_value(value), value);
    }
}

TEST(AuthenticationResultsEncoder, EverythingElseIsQuoted) {
    for (const auto value :
         {"AbC/dEf", "AbC=",   "a b",  "a;b",  "(c)",    "a@b@c", "u@[192.0.2.1]",  "2001:db8::1",
          "u@",      "a..b@d", ".a@d", "a.@d", "u@d..e", "u@d.",  "u@.d",           "u@d;x",
          "u@d x",   "a b@d",  " u@d", "a,b",  "x<y>",   "",      "none; dkim=pass"}) {
        EXPECT_EQ(encoded_value(value), "\"" + std::string(value) + "\"");
    }
}

TEST(AuthenticationResultsEncoder, QuotesAndBackslashesAreEscaped) {
    EXPECT_EQ(encoded_value("a\"b"), "\"a\\\"b\"");
    EXPECT_EQ(encoded_value("a\\"), "\"a\\\\\"");
    EXPECT_EQ(encoded_value("\"; dkim=pass"), "\"\\\"; dkim=pass\"");
    EXPECT_EQ(encoded_value("\"a b\""), "\"\\\"a b\\\"\"");
    EXPECT_EQ(encoded_value("\"a\\\"@d"), "\"\\\"a\\\\\\\"@d\"");
}

TEST(AuthenticationResultsEncoder, ControlsAndNonAsciiBecomeQuestionMarks) {
    EXPECT_EQ(encoded_value("a\r\nX-Evil: 1"), "\"a??X-Evil: 1\"");
    EXPECT_EQ(encoded_value(std::string("\0\t\x7f\xc3\xbc", 5)), "\"?????\"");
    EXPECT_EQ(encoded_value("\"a\r\n b\"@d"), "\"a?? b\"@d");
}

TEST(AuthenticationResultsEncoder, ValuesAreCutAt256Octets) {
    EXPECT_EQ(encoded_value(std::string(256, 'x')), std::string(256, 'x'));
    EXPECT_EQ(encoded_value(std::string(257, 'x')), std::string(253, 'x') + "...");
    EXPECT_EQ(encode({"mx", {{"dkim", "fail", std::string(300, '"'), {}}}}).size(),
              std::string(" mx;\r\n\tdkim=fail reason=\"\"").size() + 2 * 253 + 3);
}

TEST(AuthenticationResultsEncoder, NoLineIsOver998Octets) {
    const std::string worst(256, '"');
    for (std::size_t count = 0; count < 9; ++count) {
        for (std::size_t length = 0; length <= 256; length += 16) {
            AuthenticationResults results{worst, {{"dkim", "pass", worst, {}}, {"spf", "none", "", {}}}};
            for (std::size_t i = 0; i < count; ++i) {
                results.results[0].properties.push_back({"header", "b", worst.substr(0, length)});
            }
            const auto text = "Authentication-Results:" + encode(results);
            for (const auto line : text::split(text, '\n')) EXPECT_LE(line.size(), 999U);
            EXPECT_EQ(parse_authentication_results(encode(results)), results);
        }
    }
}

TEST(AuthenticationResultsEncoder, ALineOfExactly998OctetsIsNotFolded) {
    const auto lines_for = [](std::size_t n) {
        AuthenticationResults results{"mx", {{"dkim", "pass", "", {}}, {"spf", "none", "", {}}}};
        for (const auto name : {"a", "b", "c"}) {
            results.results[0].properties.push_back({"h", name, std::string(256, 'x')});
        }
        results.results[0].properties.push_back({"h", "d", std::string(n, 'x')});
        return text::split(encode(results), '\n').size();
    };
    // Tab, "dkim=pass", three times " h.a=" and 256, " h.d=" and n, ";" and CR.
    const std::size_t fixed = 1 + 9 + 3 * (5 + 256) + 5 + 1;
    EXPECT_EQ(lines_for(998 - fixed), 3U);
    EXPECT_EQ(lines_for(998 - fixed + 1), 4U);
}

TEST(AuthenticationResultsEncoder, TheAuthservIdIsATokenOrQuotedAndADomainInOneForm) {
    EXPECT_EQ(encode({"MX.Example.NET.", {}}), " mx.example.net; none");
    EXPECT_EQ(encode({"mx.b\xc3\xbc"
                      "cher.example",
                      {}}),
              " mx.xn--bcher-kva.example; none");
    EXPECT_EQ(encode({"our gateway", {}}), " \"our gateway\"; none");
    EXPECT_EQ(encode({"x;\r\n spf=pass", {}}), " \"x;?? spf=pass\"; none");
}

TEST(AuthenticationResultsEncoder, WhatIsNoKeywordIsMadeOne) {
    EXPECT_EQ(encode({"mx", {{"a;b", "c d", "", {{"", "x-", "v"}, {"p\r\nq", "r=s", "v"}}}}}),
              " mx;\r\n\ta-b=c-d x.xx=v p--q.r-s=v");
    EXPECT_EQ(encode({"mx", {{std::string(100, 'm'), "pass", "", {}}}}),
              " mx;\r\n\t" + std::string(64, 'm') + "=pass");
}

}  // namespace
}  // namespace defender::mail
