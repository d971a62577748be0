#include "common/auth/report_uri.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace defender::auth {
namespace {

using Uris = std::vector<ReportUri>;

TEST(ReportUri, OrderIsKeptAndBlanksAreDropped) {
    EXPECT_EQ(
        parse_report_uris(" mailto:a@example.com ,\tmailto:b@example.org , https://example.net/x "),
        (Uris{{"mailto:a@example.com", {}}, {"mailto:b@example.org", {}}, {"https://example.net/x", {}}}));
    EXPECT_TRUE(parse_report_uris("").empty());
    EXPECT_TRUE(parse_report_uris(",,").empty());
}

TEST(ReportUri, WhatCannotBeParsedIsSkippedAndTheOthersKept) {
    EXPECT_EQ(parse_report_uris("a@example.com,mailto:b@example.com,mailto:,mailto:c@example.com!x"),
              (Uris{{"mailto:b@example.com", {}}}));
}

TEST(ReportUri, SizesArePowersOfTwo) {
    const std::vector<std::pair<std::string, std::uint64_t>> table = {
        {"0", 0},
        {"1", 1},
        {"1000", 1000},
        {"1k", 1U << 10U},
        {"10m", 10U << 20U},
        {"10M", 10U << 20U},
        {"3G", 3ULL << 30U},
        {"2t", 2ULL << 40U},
        {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
        {"18014398509481983k", 18014398509481983ULL << 10U},
        {"18014398509481984k", std::numeric_limits<std::uint64_t>::max()},
        {"16777216t", std::numeric_limits<std::uint64_t>::max()},
    };
    for (const auto& [size, octets] : table) {
        EXPECT_EQ(parse_report_uris("mailto:a@example.com!" + size), (Uris{{"mailto:a@example.com", octets}}))
            << size;
    }
}

TEST(ReportUri, BadSizeMakesTheUriUnusable) {
    for (const std::string size :
         {"", "k", "m", "1x", "1kk", "1 k", "-1", "1.5m", "10m!20m", "18446744073709551616"}) {
        EXPECT_TRUE(parse_report_uris("mailto:a@example.com!" + size).empty()) << size;
    }
}

TEST(ReportUri, MailtoNamesAMailboxAtADomain) {
    for (const std::string good : {"mailto:a@example.com", "MAILTO:a@example.com", "mailto:a%2Cb@example.com",
                                   "mailto:a@example.com?subject=x", "mailto:a+b=c@xn--bcher-kva.example",
                                   "mailto:a@sub_domain.example.com", "mailto:a@b@example.com"}) {
        EXPECT_EQ(parse_report_uris(good), (Uris{{good, {}}})) << good;
    }
    for (const std::string bad :
         {"mailto:", "mailto:a", "mailto:@example.com", "mailto:a@", "mailto:a@-x.example",
          "mailto:a@192.0.2.1", "mailto:a@[192.0.2.1]", "mailto:a b@example.com", "mailto:<a@example.com>",
          "mailto:\"a\"@example.com", "mailto:a%2@example.com", "mailto:a%zz@example.com",
          "mailto:?to=a@example.com", "mailto:\xc3\xa9@example.com", "mailto:a@exa\\mple.com",
          "mailto a@example.com", ":a@example.com"}) {
        EXPECT_TRUE(parse_report_uris(bad).empty()) << bad;
    }
}

TEST(ReportUri, NulAndControlsAreNoUri) {
    EXPECT_TRUE(parse_report_uris(std::string("mailto:a\0@example.com", 20)).empty());
    EXPECT_TRUE(parse_report_uris("mailto:a\x01@example.com").empty());
    EXPECT_TRUE(parse_report_uris("mailto:a\r\nRCPT@example.com").empty());
}

TEST(ReportUri, HttpNamesAHost) {
    EXPECT_EQ(parse_report_uris("https://example.com").size(), 1U);
    EXPECT_EQ(parse_report_uris("http://example.com:8080/dmarc?x=1#y").size(), 1U);
    EXPECT_EQ(parse_report_uris("HTTPS://[2001:db8::1]/").size(), 1U);
    for (const std::string bad :
         {"https:", "https://", "https:/example.com", "https:///x", "https://?x", "http:x"}) {
        EXPECT_TRUE(parse_report_uris(bad).empty()) << bad;
    }
}

TEST(ReportUri, OtherSchemesAreKeptWhereTheyAreUris) {
    EXPECT_EQ(parse_report_uris("ftp://example.com/").size(), 1U);
    EXPECT_EQ(parse_report_uris("tel:+123").size(), 1U);
    EXPECT_TRUE(parse_report_uris("1a:x").empty());
    EXPECT_TRUE(parse_report_uris("a_b:x").empty());
    EXPECT_TRUE(parse_report_uris("x:").empty());
    EXPECT_TRUE(parse_report_uris("x:a;b").empty());
}

TEST(ReportUri, NumberOfUrisIsBounded) {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "mailto:a" + std::to_string(i) + "@example.com,";
    const auto uris = parse_report_uris(many);
    ASSERT_EQ(uris.size(), max_report_uris);
    EXPECT_EQ(uris.back().uri, "mailto:a49@example.com");
}

}  // namespace
}  // namespace defender::auth
