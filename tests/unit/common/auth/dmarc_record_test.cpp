#include "common/auth/dmarc_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::auth {
namespace {

const std::string valid_rua = "; rua=mailto:reports@example.com";

std::optional<Policy> policy_of(const std::string& text) {
    const auto record = parse_dmarc_record(text);
    return record ? std::optional(record->policy) : std::nullopt;
}

TEST(DmarcRecord, VersionIsExactAndTheWholeFirstTag) {
    const std::vector<std::pair<std::string, bool>> table = {
        {"v=DMARC1", true},
        {"v=DMARC1;", true},
        {"v=DMARC1; p=none", true},
        {"v = DMARC1 ; p=none", true},
        {"v\t=\tDMARC1\t;p=none", true},
        {"", false},
        {";", false},
        {"v", false},
        {"v=", false},
        {"v=DMARC", false},
        {"v=DMARC10; p=none", false},
        {"v=DMARC1.0; p=none", false},
        {"v=DMARC1 p=none", false},
        {"v=DMARC1, p=none", false},
        {"v=dmarc1; p=none", false},
        {"v=Dmarc1; p=none", false},
        {"V=DMARC1; p=none", false},
        {" v=DMARC1; p=none", false},
        {"; v=DMARC1; p=none", false},
        {"p=none; v=DMARC1", false},
        {"vv=DMARC1; p=none", false},
        {"v==DMARC1; p=none", false},
        {"\"v=DMARC1; p=none\"", false},
        {"v=spf1 -all", false},
        {std::string("v=DMARC1\0; p=none", 17), false},
    };
    for (const auto& [text, claims] : table) {
        EXPECT_EQ(is_dmarc_record(text), claims) << text;
        EXPECT_EQ(parse_dmarc_record(text + valid_rua).has_value(), is_dmarc_record(text + valid_rua))
            << text;
    }
}

TEST(DmarcRecord, WhatIsNoRecordIsNotParsed) {
    EXPECT_FALSE(parse_dmarc_record("p=reject" + valid_rua));
    EXPECT_FALSE(parse_dmarc_record("v=dmarc1; p=reject" + valid_rua));
}

TEST(DmarcRecord, FullRecordIsRead) {
    const auto record = parse_dmarc_record(
        "v=DMARC1; p=quarantine; sp=reject; adkim=s; aspf=s; pct=42; ri=3600; fo=1:d:s; rf=afrf; "
        "rua=mailto:a@example.com!10m,https://example.com/in; ruf=mailto:f@example.com;");
    ASSERT_TRUE(record);
    DmarcRecord expected;
    expected.policy = Policy::quarantine;
    expected.subdomain_policy = Policy::reject;
    expected.dkim_alignment = AlignmentMode::strict;
    expected.spf_alignment = AlignmentMode::strict;
    expected.percent = 42;
    expected.report_interval_seconds = 3600;
    expected.failure_options = "1:d:s";
    expected.aggregate_uris = {{"mailto:a@example.com", 10U << 20U},
                               {"https://example.com/in", std::nullopt}};
    expected.failure_uris = {{"mailto:f@example.com", std::nullopt}};
    EXPECT_EQ(*record, expected);
}

TEST(DmarcRecord, DefaultsAreThoseOfTheRfc) {
    const auto record = parse_dmarc_record("v=DMARC1; p=reject");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->policy, Policy::reject);
    EXPECT_FALSE(record->subdomain_policy);
    EXPECT_EQ(record->dkim_alignment, AlignmentMode::relaxed);
    EXPECT_EQ(record->spf_alignment, AlignmentMode::relaxed);
    EXPECT_EQ(record->percent, 100U);
    EXPECT_EQ(record->report_interval_seconds, 86400U);
    EXPECT_EQ(record->failure_options, "0");
    EXPECT_TRUE(record->aggregate_uris.empty());
    EXPECT_TRUE(record->failure_uris.empty());
}

TEST(DmarcRecord, PolicyKeywordsAndTagNamesIgnoreCaseAndBlanks) {
    for (const std::string text :
         {"v=DMARC1; p=reject", "v=DMARC1;p=Reject", "v=DMARC1; P=REJECT", "v=DMARC1 ;\tp\t= reject \t",
          "v=DMARC1;;; p=reject;;", "v=DMARC1; x; p=reject"}) {
        EXPECT_EQ(policy_of(text), Policy::reject) << text;
    }
}

TEST(DmarcRecord, PolicyMayStandAnywhereBehindTheVersion) {
    EXPECT_EQ(policy_of("v=DMARC1; rua=mailto:a@example.com; pct=50; p=reject"), Policy::reject);
    EXPECT_EQ(policy_of("v=DMARC1; sp=none; p=quarantine"), Policy::quarantine);
}

TEST(DmarcRecord, BadOrMissingPolicyNeedsAValidReportUri) {
    for (const std::string text :
         {"v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=deny", "v=DMARC1; p=reject!", "v=DMARC1; p=none none",
          "v=DMARC1; p=reject; sp=deny", "v=DMARC1; p=reject; sp=", "v=DMARC1; sp=reject"}) {
        EXPECT_EQ(policy_of(text), std::nullopt) << text;
        EXPECT_EQ(policy_of(text + "; rua="), std::nullopt) << text;
        EXPECT_EQ(policy_of(text + "; rua=reports@example.com"), std::nullopt) << text;
        EXPECT_EQ(policy_of(text + "; ruf=mailto:reports@example.com"), std::nullopt) << text;
        EXPECT_EQ(policy_of(text + valid_rua), Policy::none) << text;
        EXPECT_EQ(policy_of(text + "; rua=junk,mailto:reports@example.com"), Policy::none) << text;
    }
}

TEST(DmarcRecord, PolicyNoneTakenForABadOneHoldsForSubdomainsToo) {
    const auto record = parse_dmarc_record("v=DMARC1; p=deny; sp=reject" + valid_rua);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->policy, Policy::none);
    EXPECT_FALSE(record->subdomain_policy);
    EXPECT_EQ(record->aggregate_uris.size(), 1U);
}

TEST(DmarcRecord, RepeatedTagMakesTheRecordInvalid) {
    for (const std::string text : {"v=DMARC1; p=reject; p=reject", "v=DMARC1; p=reject; P=none",
                                   "v=DMARC1; p=reject; v=DMARC1", "v=DMARC1; p=reject; pct=1; pct=1",
                                   "v=DMARC1; p=reject; x=1; x=2", "v=DMARC1; p=none; sp=; sp=none"}) {
        EXPECT_EQ(policy_of(text), std::nullopt) << text;
        EXPECT_EQ(policy_of(text + valid_rua), std::nullopt) << text;
    }
    EXPECT_EQ(policy_of("v=DMARC1; p=reject; rua=mailto:a@b.example; rua=mailto:c@d.example"), std::nullopt);
}

TEST(DmarcRecord, UnknownTagsAndPiecesThatAreNoTagAreIgnored) {
    for (const std::string text :
         {"v=DMARC1; p=reject; np=deny", "v=DMARC1; p=reject; t=y", "v=DMARC1; foo=bar; p=reject",
          "v=DMARC1; p=reject; nonsense", "v=DMARC1; p=reject; =x; =y", "v=DMARC1; a b=1; a b=2; p=reject",
          "v=DMARC1; p=reject; \xff=1"}) {
        EXPECT_EQ(policy_of(text), Policy::reject) << text;
    }
}

TEST(DmarcRecord, PercentIsZeroToHundredOrTheDefault) {
    const std::vector<std::pair<std::string, unsigned>> table = {
        {"0", 0},      {"1", 1},     {"99", 99},   {"100", 100},
        {"007", 7},    {"101", 100}, {"999", 100}, {"", 100},
        {"-1", 100},   {"+5", 100},  {"50%", 100}, {"5.0", 100},
        {"0050", 100}, {"0x1", 100}, {"1 0", 100}, {"18446744073709551616", 100}};
    for (const auto& [value, expected] : table) {
        const auto record = parse_dmarc_record("v=DMARC1; p=reject; pct=" + value);
        ASSERT_TRUE(record) << value;
        EXPECT_EQ(record->percent, expected) << value;
    }
}

TEST(DmarcRecord, ReportIntervalIsThirtyTwoBitsOrTheDefault) {
    const std::vector<std::pair<std::string, std::uint32_t>> table = {
        {"0", 0},    {"3600", 3600}, {"4294967295", 4294967295U},       {"4294967296", 86400}, {"day", 86400},
        {"", 86400}, {"-1", 86400},  {"99999999999999999999999", 86400}};
    for (const auto& [value, expected] : table) {
        const auto record = parse_dmarc_record("v=DMARC1; p=reject; ri=" + value);
        ASSERT_TRUE(record) << value;
        EXPECT_EQ(record->report_interval_seconds, expected) << value;
    }
}

TEST(DmarcRecord, AlignmentIsStrictOnlyWhereTheTagSaysSo) {
    const std::vector<std::pair<std::string, AlignmentMode>> table = {
        {"s", AlignmentMode::strict},       {"S", AlignmentMode::strict},  {"r", AlignmentMode::relaxed},
        {"strict", AlignmentMode::relaxed}, {"", AlignmentMode::relaxed},  {"x", AlignmentMode::relaxed},
        {"s s", AlignmentMode::relaxed},    {"s,", AlignmentMode::relaxed}};
    for (const auto& [value, expected] : table) {
        const auto dkim = parse_dmarc_record("v=DMARC1; p=reject; adkim=" + value);
        const auto spf = parse_dmarc_record("v=DMARC1; p=reject; aspf=" + value);
        ASSERT_TRUE(dkim && spf) << value;
        EXPECT_EQ(dkim->dkim_alignment, expected) << value;
        EXPECT_EQ(dkim->spf_alignment, AlignmentMode::relaxed) << value;
        EXPECT_EQ(spf->spf_alignment, expected) << value;
        EXPECT_EQ(spf->dkim_alignment, AlignmentMode::relaxed) << value;
    }
}

TEST(DmarcRecord, FailureOptionsAreLettersOfTheRfcOrTheDefault) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"0", "0"}, {"1", "1"}, {"d", "d"},   {"1:d:s", "1:d:s"}, {" 1 : S ", "1:s"}, {"1:1:d", "1:d"},
        {"", "0"},  {"2", "0"}, {"1:x", "0"}, {"1::d", "0"},      {":", "0"},         {"1,d", "0"}};
    for (const auto& [value, expected] : table) {
        const auto record = parse_dmarc_record("v=DMARC1; p=reject; ruf=mailto:f@example.com; fo=" + value);
        ASSERT_TRUE(record) << value;
        EXPECT_EQ(record->failure_options, expected) << value;
    }
}

TEST(DmarcRecord, TagsOfRfc9989AreReadForBothStandards) {
    for (const auto standard : {config::DmarcStandard::rfc7489, config::DmarcStandard::rfc9989}) {
        const auto record =
            parse_dmarc_record("v=DMARC1; p=none; np=Reject; psd=Y; t=y; rua=mailto:a@example.com", standard);
        ASSERT_TRUE(record);
        EXPECT_EQ(record->nonexistent_policy, Policy::reject);
        EXPECT_EQ(record->public_suffix, PublicSuffixFlag::yes);
        EXPECT_TRUE(record->testing);
    }
    const auto bare = parse_dmarc_record("v=DMARC1; p=none");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->nonexistent_policy, std::nullopt);
    EXPECT_EQ(bare->public_suffix, PublicSuffixFlag::unknown);
    EXPECT_FALSE(bare->testing);
}

TEST(DmarcRecord, BadPsdAndTAreTheDefaults) {
    const std::vector<std::pair<std::string, PublicSuffixFlag>> flags = {
        {"y", PublicSuffixFlag::yes},       {"Y", PublicSuffixFlag::yes},     {"n", PublicSuffixFlag::no},
        {"N", PublicSuffixFlag::no},        {"u", PublicSuffixFlag::unknown}, {"", PublicSuffixFlag::unknown},
        {"yes", PublicSuffixFlag::unknown}, {"1", PublicSuffixFlag::unknown}};
    for (const auto& [value, flag] : flags) {
        const auto record = parse_dmarc_record("v=DMARC1; p=none; psd=" + value);
        ASSERT_TRUE(record) << value;
        EXPECT_EQ(record->public_suffix, flag) << value;
    }
    for (const std::string value : {"", "n", "yes", "1", "true"}) {
        const auto record = parse_dmarc_record("v=DMARC1; p=none; t=" + value);
        ASSERT_TRUE(record) << value;
        EXPECT_FALSE(record->testing) << value;
    }
}

TEST(DmarcRecord, BadNpSpoilsThePolicyInRfc9989AndIsUnknownToRfc7489) {
    using enum config::DmarcStandard;
    const std::string bad = "v=DMARC1; p=reject; sp=reject; np=x";
    EXPECT_FALSE(parse_dmarc_record(bad, rfc9989));
    ASSERT_TRUE(parse_dmarc_record(bad, rfc7489));
    EXPECT_EQ(parse_dmarc_record(bad, rfc7489)->policy, Policy::reject);
    const auto reported = parse_dmarc_record(bad + "; rua=mailto:a@example.com", rfc9989);
    ASSERT_TRUE(reported);
    EXPECT_EQ(reported->policy, Policy::none);
    EXPECT_EQ(reported->subdomain_policy, std::nullopt);
    EXPECT_EQ(reported->nonexistent_policy, std::nullopt);
}

TEST(DmarcRecord, RecordWithoutAPolicyIsReadAllTheSame) {
    const auto read = read_dmarc_record("v=DMARC1; psd=n");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->gives_policy);
    EXPECT_EQ(read->record.public_suffix, PublicSuffixFlag::no);
    EXPECT_FALSE(read_dmarc_record("v=DMARC1; psd=n; psd=n"));
    EXPECT_FALSE(read_dmarc_record("v=spf1 -all"));
}

TEST(DmarcRecord, KeywordsAreThoseOfTheRfc) {
    EXPECT_EQ(to_string(Policy::none), "none");
    EXPECT_EQ(to_string(Policy::quarantine), "quarantine");
    EXPECT_EQ(to_string(Policy::reject), "reject");
    EXPECT_EQ(to_string(AlignmentMode::relaxed), "relaxed");
    EXPECT_EQ(to_string(AlignmentMode::strict), "strict");
}

}  // namespace
}  // namespace defender::auth
