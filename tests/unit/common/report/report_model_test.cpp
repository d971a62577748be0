#include "common/report/report_model.hpp"

#include <gtest/gtest.h>

#include "tests/support/sample_report_rows.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

PublishedPolicy policy_of(const std::string& record) {
    auto report = test::sample_report_of_day();
    report.policy_record = record;
    const auto policy = published_policy(report);
    EXPECT_TRUE(policy.has_value()) << policy.error().message;
    return policy ? *policy : PublishedPolicy{};
}

ReportRecord record_of(const store::ReportRow& row, ReportSchema schema = ReportSchema::rfc7489,
                       const std::string& policy = "v=DMARC1; p=reject; sp=quarantine") {
    const auto record = report_record(row, policy_of(policy), schema);
    EXPECT_TRUE(record.has_value()) << record.error().message;
    return record ? *record : ReportRecord{};
}

TEST(PublishedPolicy, TagsThatAreNotThereHaveTheirDefaults) {
    const auto policy = policy_of("v=DMARC1; p=quarantine");
    EXPECT_EQ(policy.domain, "example.com");
    EXPECT_EQ(policy.p, auth::Policy::quarantine);
    EXPECT_EQ(policy.sp, auth::Policy::quarantine);
    EXPECT_EQ(policy.np, auth::Policy::quarantine);
    EXPECT_EQ(policy.adkim, auth::AlignmentMode::relaxed);
    EXPECT_EQ(policy.aspf, auth::AlignmentMode::relaxed);
    EXPECT_EQ(policy.pct, 100U);
    EXPECT_EQ(policy.fo, "0");
    EXPECT_FALSE(policy.testing);
}

TEST(PublishedPolicy, EachTagIsTold) {
    const auto policy =
        policy_of("v=DMARC1; p=none; sp=quarantine; NP = Reject ; adkim=s; aspf=s; pct=7; fo=1:s; t=Y");
    EXPECT_EQ(policy.p, auth::Policy::none);
    EXPECT_EQ(policy.sp, auth::Policy::quarantine);
    EXPECT_EQ(policy.np, auth::Policy::reject);
    EXPECT_EQ(policy.adkim, auth::AlignmentMode::strict);
    EXPECT_EQ(policy.aspf, auth::AlignmentMode::strict);
    EXPECT_EQ(policy.pct, 7U);
    EXPECT_EQ(policy.fo, "1:s");
    EXPECT_TRUE(policy.testing);
}

TEST(PublishedPolicy, ABadNpIsTheSubdomainPolicy) {
    EXPECT_EQ(policy_of("v=DMARC1; p=reject; sp=none; np=x").np, auth::Policy::none);
    EXPECT_EQ(policy_of("v=DMARC1; p=reject; np=").np, auth::Policy::reject);
    EXPECT_FALSE(policy_of("v=DMARC1; p=reject; t=yes").testing);
}

TEST(PublishedPolicy, TheStandardSaysHowThePolicyWasFoundAndWhatABadNpIs) {
    auto report = test::sample_report_of_day();
    report.policy_record = "v=DMARC1; p=reject; np=x; rua=mailto:a@example.com";
    const auto old = published_policy(report, config::DmarcStandard::rfc7489);
    ASSERT_TRUE(old.has_value());
    EXPECT_EQ(old->discovery, auth::DiscoveryMethod::psl);
    EXPECT_EQ(old->p, auth::Policy::reject);
    const auto walked = published_policy(report, config::DmarcStandard::rfc9989);
    ASSERT_TRUE(walked.has_value());
    EXPECT_EQ(walked->discovery, auth::DiscoveryMethod::treewalk);
    EXPECT_EQ(walked->p, auth::Policy::none);
}

TEST(ReportRecord, NpIsNoDeviationThatOwesAReasonWhereTheTreeWalkFoundIt) {
    store::ReportRow row;
    row.source_ip = "192.0.2.1";
    row.header_from = "gone.example.com";
    row.disposition = "reject";
    auto policy = policy_of("v=DMARC1; p=none; np=reject");
    const auto owed = report_record(row, policy, ReportSchema::rfc9990);
    ASSERT_TRUE(owed.has_value());
    EXPECT_EQ(owed->reasons.size(), 1U);
    policy.discovery = auth::DiscoveryMethod::treewalk;
    const auto told = report_record(row, policy, ReportSchema::rfc9990);
    ASSERT_TRUE(told.has_value());
    EXPECT_TRUE(told->reasons.empty());
}

TEST(PublishedPolicy, ATextThatIsNoPolicyRecordIsAnError) {
    auto report = test::sample_report_of_day();
    for (const char* text : {"", "v=spf1 -all", "v=DMARC1"}) {
        report.policy_record = text;
        EXPECT_FALSE(published_policy(report).has_value()) << text;
    }
}

TEST(ReportHead, ThePeriodIsTheDayFromItsFirstToItsLastSecond) {
    const auto head = report_head(test::sample_report_of_day(), {}, test::sample_report_settings(), "id");
    EXPECT_EQ(to_rfc3339(head.begin), "2026-05-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339(head.end), "2026-05-01T23:59:59Z");
    EXPECT_EQ(head.report_id, "id");
}

TEST(ReportHead, TheSubmitterStandsForAnOrganizationWithoutAName) {
    auto settings = test::sample_report_settings();
    settings.org_name = " ";
    EXPECT_EQ(report_head(test::sample_report_of_day(), {}, settings, "id").org_name, "receiver.example");
}

TEST(ReportRecord, TheSourceIsInCanonicalForm) {
    auto row = test::sample_row();
    const std::vector<std::pair<std::string, std::string>> table{
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8:0:0:0:0:0:25", "2001:db8::25"},
        {"::FFFF:192.0.2.1", "192.0.2.1"},
        {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"},
    };
    for (const auto& [ip, canonical] : table) {
        row.source_ip = ip;
        EXPECT_EQ(record_of(row).source_ip, canonical);
    }
    for (const char* ip : {"", "localhost", "1.2.3", "192.0.2.1/24"}) {
        row.source_ip = ip;
        EXPECT_FALSE(report_record(row, {}, ReportSchema::rfc7489).has_value()) << ip;
    }
}

TEST(ReportRecord, PassOfAMessageUnderAnEnforcingPolicyIsADispositionOfRfc9990Alone) {
    struct Row {
        const char* policy;
        const char* header_from;
        bool dkim, spf;
        const char* disposition;
        const char* rfc9990;
    };
    const std::vector<Row> table{
        {"v=DMARC1; p=reject", "example.com", true, false, "none", "pass"},
        {"v=DMARC1; p=quarantine", "example.com", false, true, "none", "pass"},
        {"v=DMARC1; p=none", "example.com", true, true, "none", "none"},
        {"v=DMARC1; p=reject; sp=none", "a.example.com", true, true, "none", "none"},
        {"v=DMARC1; p=none; sp=reject", "a.example.com", true, true, "none", "pass"},
        {"v=DMARC1; p=reject", "example.com", false, false, "none", "none"},
        {"v=DMARC1; p=reject", "example.com", false, false, "reject", "reject"},
        {"v=DMARC1; p=reject", "example.com", true, true, "quarantine", "quarantine"},
    };
    for (const auto& expected : table) {
        auto row = test::sample_row();
        row.header_from = expected.header_from;
        row.dkim_aligned = expected.dkim;
        row.spf_aligned = expected.spf;
        row.disposition = expected.disposition;
        EXPECT_EQ(record_of(row, ReportSchema::rfc9990, expected.policy).disposition, expected.rfc9990)
            << expected.policy;
        EXPECT_EQ(record_of(row, ReportSchema::rfc7489, expected.policy).disposition, expected.disposition);
    }
}

TEST(ReportRecord, AReasonThatTheSchemaDoesNotKnowKeepsItsNameInTheComment) {
    auto row = test::sample_failing_row();
    row.reasons = {{"sampled_out", "pct=50"}, {"forwarded", ""}, {"mailing_list", "x"}};
    const auto old_record = record_of(row);
    ASSERT_EQ(old_record.reasons.size(), 3U);
    EXPECT_EQ(old_record.reasons[0].type, "sampled_out");
    EXPECT_EQ(old_record.reasons[0].comment, "pct=50");
    const auto new_record = record_of(row, ReportSchema::rfc9990);
    EXPECT_EQ(new_record.reasons[0].type, "other");
    EXPECT_EQ(new_record.reasons[0].comment, "sampled_out: pct=50");
    EXPECT_EQ(new_record.reasons[1].comment, "forwarded");
    EXPECT_EQ(new_record.reasons[2].type, "mailing_list");
    EXPECT_EQ(new_record.reasons[2].comment, "x");
}

TEST(ReportRecord, AFailureWhoseDispositionDiffersFromThePolicyHasAReason) {
    auto row = test::sample_failing_row();
    row.reasons.clear();
    row.dkim.clear();
    row.spf = {{"lists.example.net", "mfrom", "fail"}};
    ASSERT_EQ(record_of(row).reasons.size(), 1U);
    EXPECT_EQ(record_of(row).reasons[0].type, "local_policy");

    row.spf[0].result = "temperror";
    ASSERT_EQ(record_of(row).reasons.size(), 1U);
    EXPECT_EQ(record_of(row).reasons[0].type, "other");
    EXPECT_NE(record_of(row).reasons[0].comment, "");

    row.disposition = "quarantine";  // as sp asks for
    EXPECT_TRUE(record_of(row).reasons.empty());
    row.disposition = "none";
    row.spf_aligned = true;
    EXPECT_TRUE(record_of(row).reasons.empty());
}

TEST(ReportRecord, ANullReversePathIsToldByTheHeloThatWasCheckedInItsPlace) {
    auto row = test::sample_row();
    row.envelope_from.clear();
    row.spf = {{"mta.example.com", "mfrom", "pass"}};
    EXPECT_EQ(record_of(row).envelope_from, "mta.example.com");
    EXPECT_EQ(record_of(row, ReportSchema::rfc9990).envelope_from, "");
    row.spf.clear();
    EXPECT_EQ(record_of(row).envelope_from, "<>");
}

TEST(ReportRecord, WithoutAnSpfCheckRfc7489HasNoneAndRfc9990LeavesItOut) {
    auto row = test::sample_row();
    row.spf.clear();
    const auto record = record_of(row);
    ASSERT_EQ(record.spf_results.size(), 1U);
    EXPECT_EQ(record.spf_results[0].domain, "bounce.example.com");
    EXPECT_EQ(record.spf_results[0].scope, "mfrom");
    EXPECT_EQ(record.spf_results[0].result, "none");
    EXPECT_TRUE(record_of(row, ReportSchema::rfc9990).spf_results.empty());
    row.envelope_from.clear();
    EXPECT_EQ(record_of(row).spf_results.at(0).domain, "unknown");
}

TEST(ReportRecord, Rfc9990HasTheMailFromCheckAlone) {
    const auto record = record_of(test::sample_failing_row(), ReportSchema::rfc9990);
    ASSERT_EQ(record.spf_results.size(), 1U);
    EXPECT_EQ(record.spf_results[0].scope, "mfrom");
    EXPECT_EQ(record_of(test::sample_failing_row()).spf_results.size(), 2U);
    auto row = test::sample_row();
    row.spf = {{"a.example", "mfrom", "none"}, {"b.example", "mfrom", "none"}};
    EXPECT_EQ(record_of(row, ReportSchema::rfc9990).spf_results.size(), 1U);
}

TEST(ReportRecord, WhatASignatureDoesNotNameIsUnknownWhereItIsRequired) {
    auto row = test::sample_row();
    row.dkim = {{"", "", "permerror", "no d="}};
    EXPECT_EQ(record_of(row).dkim_results.at(0).domain, "unknown");
    EXPECT_EQ(record_of(row).dkim_results.at(0).selector, "");
    EXPECT_EQ(record_of(row, ReportSchema::rfc9990).dkim_results.at(0).selector, "unknown");
}

TEST(ReportRecord, SignaturesAreInTheOrderOfRfc9990AndAtMostOneHundred) {
    auto row = test::sample_row();
    row.header_from = "a.example.com";
    row.dkim = {{"x.example", "1", "fail", ""},
                {"notexample.com", "2", "pass", ""},
                {"example.com", "3", "pass", ""},
                {"a.example.com", "4", "pass", ""},
                {"a.example.com", "5", "fail", ""}};
    std::string order;
    for (const auto& result : record_of(row).dkim_results) order += result.selector;
    EXPECT_EQ(order, "43215");
    row.dkim.insert(row.dkim.begin(), 200, {"x.example", "s", "fail", ""});
    const auto results = record_of(row).dkim_results;
    ASSERT_EQ(results.size(), 100U);
    EXPECT_EQ(results[0].selector, "4");
}

TEST(Submitter, IsTheDomainOfTheReportsAddress) {
    config::ReportSettings settings;
    settings.email = "\"a@b\"@Receiver.Example";
    EXPECT_EQ(submitter_of(settings), "receiver.example");
}

}  // namespace
}  // namespace defender::report
