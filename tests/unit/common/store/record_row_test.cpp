#include "common/store/record_row.hpp"

#include <gtest/gtest.h>

#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/tree_walks.hpp"

namespace defender::store {
namespace {

TEST(RecordRow, HoldsWhatReportsAreGroupedBy) {
    const auto row = to_row(test::sample_record());
    EXPECT_EQ(row.host, "mx.example.net");
    EXPECT_EQ(row.queue_id, "4F2A1B");
    EXPECT_EQ(row.received_at, 1777636800);
    EXPECT_EQ(row.day.to_string(), "2026-05-01");
    EXPECT_EQ(row.client, "2001:db8::25");
    EXPECT_EQ(row.helo, "helo.example.org");
    EXPECT_EQ(row.mail_from, "jane@bounce.example.org");
    EXPECT_EQ(row.envelope_from, "bounce.example.org");
    EXPECT_EQ(row.author_status, "ok");
    EXPECT_EQ(row.author_domain, "example.org");
    EXPECT_EQ(row.exemption, "no");
    EXPECT_EQ(row.result, "fail");
    EXPECT_EQ(row.requested, "reject");
    EXPECT_EQ(row.disposition, "quarantine");
    EXPECT_EQ(row.action, "hold");
    EXPECT_EQ(
        row.auth_results,
        R"({"dkim":[{"domain":"example.org","selector":"s1","result":"policy","reason":"the body is signed in )"
        R"(part"},{"domain":"","selector":"","result":"neutral","reason":""}],"spf":[{"domain":)"
        R"("bounce.example.org","scope":"mfrom","result":"softfail"},{"domain":"helo.example.org",)"
        R"("scope":"helo","result":"pass"}]})");
}

TEST(RecordRow, HasARowForEachAuthorDomain) {
    const auto row = to_row(test::sample_record());
    ASSERT_EQ(row.domains.size(), 2U);
    EXPECT_FALSE(row.domains[0].deciding);
    EXPECT_EQ(row.domains[0].author_domain, "example.net");
    EXPECT_EQ(row.domains[0].policy_domain, "");
    EXPECT_EQ(row.domains[0].policy_record, "");
    EXPECT_FALSE(row.domains[0].reportable);
    EXPECT_EQ(row.domains[0].result, "temperror");
    EXPECT_TRUE(row.domains[0].spf_aligned);
    EXPECT_TRUE(row.domains[0].dkim_aligned);
    EXPECT_FALSE(row.domains[0].sampled_out);
    EXPECT_EQ(row.domains[0].reasons, "[]");
    EXPECT_TRUE(row.domains[1].deciding);
    EXPECT_EQ(row.domains[1].policy_domain, "example.org");
    EXPECT_TRUE(row.domains[1].policy_record.starts_with("v=DMARC1; p=reject"));
    EXPECT_TRUE(row.domains[1].reportable);
    EXPECT_FALSE(row.domains[1].spf_aligned);
    EXPECT_FALSE(row.domains[1].dkim_aligned);
    EXPECT_EQ(row.domains[1].requested, "reject");
    EXPECT_EQ(row.domains[1].disposition, "quarantine");
    EXPECT_TRUE(row.domains[1].sampled_out);
    EXPECT_EQ(row.domains[1].reasons, R"([{"type":"sampled_out","comment":"pct=50, draw 42"}])");
}

TEST(RecordRow, IsReportableOnlyWhereItWasJudgedAndAReportIsWanted) {
    auto exempt = test::sample_record();
    exempt.judgement.exemption = auth::Exemption::authenticated;
    EXPECT_FALSE(to_row(exempt).domains[1].reportable);
    auto unwanted = test::sample_record();
    unwanted.evidence.policies[0].record.aggregate_uris.clear();
    EXPECT_FALSE(to_row(unwanted).domains[1].reportable);
}

TEST(RecordRow, ThePolicyIsTheOneThatTheDomainWasJudgedBy) {
    auto record = test::sample_record();
    record.evidence.walked = tests::TreeWalks()
                                 .record("org", "v=DMARC1; p=none; psd=y; rua=mailto:reports@org.example")
                                 .from({"example.org"});
    auto& domain = record.judgement.domains[1];
    domain.discovery = auth::DiscoveryMethod::treewalk;
    domain.policy_domain = "org";
    const auto row = to_row(record).domains[1];
    EXPECT_EQ(row.policy_domain, "org");
    EXPECT_TRUE(row.policy_record.starts_with("v=DMARC1; p=none; psd=y"));
    EXPECT_TRUE(row.reportable);
}

TEST(RecordRow, MailOfOurOwnReportingIsNotReportable) {
    auto own = test::sample_record();
    EXPECT_TRUE(to_row(own).domains[1].reportable);
    own.evidence.own_report_mail = true;
    EXPECT_FALSE(to_row(own).domains[1].reportable);
}

TEST(RecordRow, EqualVerdictsHaveEqualAuthResultsWhateverTheLookupsCost) {
    auto one = test::sample_record();
    auto other = one;
    other.evidence.spf[0].terms = 9;
    other.evidence.dkim[0].signature_prefix = "zzzzzzzz";
    EXPECT_EQ(to_row(one).auth_results, to_row(other).auth_results);
    other.evidence.spf[0].result = auth::SpfResult::fail;
    EXPECT_NE(to_row(one).auth_results, to_row(other).auth_results);
}

TEST(RecordRow, TheDayIsTheUtcDayHalfOpen) {
    EXPECT_EQ(to_row(test::plain_record("Q", 86399)).day.number, 0);
    EXPECT_EQ(to_row(test::plain_record("Q", 86400)).day.number, 1);
}

TEST(RecordRow, EnvelopeFromIsTheLowerCaseDomainOfTheSender) {
    auto record = test::plain_record("Q");
    for (const auto& [sender, domain] : {std::pair{"", ""},
                                         {"Jane@Example.ORG", "example.org"},
                                         {"@example.org", "example.org"},
                                         {"nobody", ""}}) {
        record.evidence.mail_from = sender;
        EXPECT_EQ(to_row(record).envelope_from, domain) << sender;
    }
}

TEST(RecordRow, AClientWithoutAnAddressHasNone) {
    auto record = test::plain_record("Q");
    record.evidence.client.local = true;
    EXPECT_EQ(to_row(record).client, "");
}

TEST(RecordRow, ColumnsAreUtf8WithoutNul) {
    EXPECT_EQ(column_text("plain"), "plain");
    EXPECT_EQ(column_text(""), "");
    EXPECT_EQ(column_text("j\xC3\xB6rg"), "j\xC3\xB6rg");
    EXPECT_EQ(column_text("j\xF6rg"), "j\xEF\xBF\xBDrg");
    EXPECT_EQ(column_text(std::string_view("a\0b\0", 4)),
              "a\xEF\xBF\xBD"
              "b\xEF\xBF\xBD");
    EXPECT_EQ(column_text("line\nnext"), "line\nnext");
}

TEST(RecordRow, ComesBackAsTheRecord) {
    const auto before = test::sample_record();
    const auto after = from_row(to_row(before));
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(after->host, before.host);
    EXPECT_EQ(after->reply, before.reply);
    EXPECT_EQ(after->error, before.error);
    EXPECT_EQ(after->milliseconds, before.milliseconds);
    EXPECT_EQ(json_text(to_json(after->evidence)), json_text(to_json(before.evidence)));
    EXPECT_EQ(json_text(to_json(after->judgement)), json_text(to_json(before.judgement)));
}

TEST(RecordRow, DamagedJsonIsAnErrorNotAGuess) {
    auto row = to_row(test::sample_record());
    row.evidence.pop_back();
    EXPECT_FALSE(from_row(row));
    row = to_row(test::sample_record());
    row.judgement = "{}";
    EXPECT_FALSE(from_row(row));
}

}  // namespace
}  // namespace defender::store
