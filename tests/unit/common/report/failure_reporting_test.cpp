#include "common/report/failure_reporting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_record.hpp"

namespace defender::report {
namespace {

FailedMessage message() {
    FailedMessage failed;
    failed.record = test::sample_record();
    failed.header = "From: jane@example.org\r\n";
    failed.body = "text\r\n";
    return failed;
}

FailureAsked asked_of(const FailedMessage& failed, FailureKind kind) {
    return {1, kind, failed.record.evidence.policies[0]};
}

TEST(FailureReporting, TellsTheMessageAndTheDomainThatAsked) {
    auto failed = message();
    failed.record.evidence.dkim[0].result = auth::DkimResult::fail;
    const auto report = failure_report_of(failed, asked_of(failed, FailureKind::dmarc));
    EXPECT_EQ(report.queue_id, "4F2A1B");
    EXPECT_EQ(report.host, "mx.example.net");
    EXPECT_EQ(report.author_domain, "example.org");
    EXPECT_EQ(report.policy_domain, "example.org");
    EXPECT_EQ(report.source_ip, "2001:db8::25");
    EXPECT_EQ(report.arrived_at, 1777636800);
    EXPECT_EQ(report.mail_from, "jane@bounce.example.org");
    EXPECT_TRUE(report.recipients.empty()) << "nobody else's addresses are told";
    EXPECT_FALSE(report.spf_aligned);
    EXPECT_EQ(report.signature.domain, "example.org");
    EXPECT_EQ(report.signature.selector, "s1");
    EXPECT_EQ(report.header, failed.header);
    EXPECT_EQ(report.body, failed.body);
    EXPECT_THAT(report.authentication_results, ::testing::HasSubstr("mx.example.net;"));
    EXPECT_THAT(report.authentication_results, ::testing::HasSubstr("dmarc=fail"));
}

TEST(FailureReporting, NamesWhatFailedAndWhatWasDone) {
    auto failed = message();
    const std::pair<FailureKind, AuthFailure> kinds[] = {{FailureKind::dmarc, AuthFailure::dmarc},
                                                         {FailureKind::dkim, AuthFailure::signature},
                                                         {FailureKind::spf, AuthFailure::spf}};
    for (const auto& [kind, named] : kinds) {
        EXPECT_EQ(failure_report_of(failed, asked_of(failed, kind)).auth_failure, named);
    }
    const std::pair<auth::Action, DeliveryResult> actions[] = {
        {auth::Action::accept, DeliveryResult::delivered},
        {auth::Action::tag, DeliveryResult::spam},
        {auth::Action::hold, DeliveryResult::policy},
        {auth::Action::reject, DeliveryResult::reject},
        {auth::Action::tempfail, DeliveryResult::other}};
    for (const auto& [action, result] : actions) {
        failed.record.judgement.action = action;
        EXPECT_EQ(failure_report_of(failed, asked_of(failed, FailureKind::dmarc)).delivery_result, result);
    }
}

TEST(FailureReporting, ADocumentHasADeliveryForEachUri) {
    const auto failed = message();
    const auto asked = asked_of(failed, FailureKind::dmarc);
    config::Settings settings;
    settings.report.email = "reports@mx.example";
    settings.failure.redact = true;
    const auto made =
        new_failure_report(failure_report_of(failed, asked), asked, settings, "key", 1777636900);
    EXPECT_EQ(made.document.kind, store::DocumentKind::failure);
    EXPECT_EQ(made.document.made_at, 1777636900);
    ASSERT_EQ(made.deliveries.size(), 1U);
    EXPECT_EQ(made.deliveries[0].address, "f@example.org");
    EXPECT_EQ(made.deliveries[0].max_octets, 1U);
}

}  // namespace
}  // namespace defender::report
