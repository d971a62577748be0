#include "milter/failure_reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "common/store/sqlite_connection.hpp"
#include "tests/support/fake_resolver.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::milter {
namespace {

using store::DeliveryState;
using testing::HasSubstr;

class FailureReportsTest : public testing::Test {
  protected:
    FailureReportsTest() {
        settings_->report.org_name = "Example";
        settings_->report.email = "reports@mx.example";
        settings_->failure.enabled = true;
        settings_->failure.redact = true;
        settings_->failure.max_per_domain_hour = 2;
        settings_->failure.max_per_hour = 3;
    }

    FailureReports::OpenStore opener(const std::string& name) {
        return [path = folder_.file(name)]() -> Result<std::unique_ptr<store::ReportStore>> {
            auto connection = store::open_sqlite_connection(path, store::OpenMode::read_write);
            if (!connection) return connection.error();
            return store::make_report_store(std::move(connection).value());
        };
    }

    std::vector<store::DeliveryListing> listed(const std::string& name) {
        return opener(name)().value()->list({}).value();
    }

    static report::FailedMessage failing(const std::string& queue_id, const std::string& policy_domain) {
        report::FailedMessage message;
        message.record = test::sample_record();
        auto& evidence = message.record.evidence;
        evidence.queue_id = queue_id;
        for (auto& policy : evidence.policies) {
            if (policy.outcome != auth::PolicyOutcome::found) continue;
            policy.policy_domain = policy_domain;
            policy.record.failure_options = "0";
            policy.record.failure_uris = {{"mailto:ruf@" + policy_domain, std::nullopt},
                                          {"https://" + policy_domain + "/ruf", std::nullopt}};
        }
        for (auto& domain : message.record.judgement.domains) {
            if (!domain.policy_domain.empty()) domain.policy_domain = policy_domain;
        }
        message.header = "From: jane@example.org\r\nSubject: hello\r\n";
        return message;
    }

    void offer(FailureReports& reports, const std::string& queue_id, const std::string& policy_domain) {
        reports.offer(failing(queue_id, policy_domain), settings_, resolver_);
    }

    test::TemporaryFolder folder_;
    std::shared_ptr<test::FakeResolver> resolver_ = std::make_shared<test::FakeResolver>();
    std::shared_ptr<config::Settings> settings_ = std::make_shared<config::Settings>();
};

TEST_F(FailureReportsTest, PutsAReportForEachUriIntoTheOutbox) {
    {
        FailureReports reports(opener("journal.db"), nullptr);
        offer(reports, "q1", "example.org");
    }
    const auto found = listed("journal.db");
    ASSERT_EQ(found.size(), 2U);
    for (const auto& listing : found) {
        EXPECT_EQ(listing.document.kind, store::DocumentKind::failure);
        const bool is_mail = listing.delivery.address == "ruf@example.org";
        EXPECT_EQ(listing.delivery.state, is_mail ? DeliveryState::made : DeliveryState::skipped);
    }
}

TEST_F(FailureReportsTest, TellsTheSpfRecordThatFailed) {
    resolver_->add_txt("bounce.example.org", "v=spf1 ~all");
    {
        FailureReports reports(opener("journal.db"), nullptr);
        offer(reports, "q1", "example.org");
    }
    const auto found = listed("journal.db");
    ASSERT_FALSE(found.empty());
    const auto document = opener("journal.db")().value()->document(found[0].document.id).value();
    ASSERT_TRUE(document);
    EXPECT_THAT(document->content, HasSubstr("v=spf1 ~all"));
    EXPECT_THAT(document->content, HasSubstr("Subject: hello"));
    EXPECT_THAT(document->content, testing::Not(HasSubstr("jane@")));
}

TEST_F(FailureReportsTest, LeavesOutWhatIsOverTheLimits) {
    {
        FailureReports reports(opener("journal.db"), nullptr);
        for (int i = 0; i < 5; ++i) offer(reports, "a" + std::to_string(i), "a.example");
        for (int i = 0; i < 5; ++i) offer(reports, "b" + std::to_string(i), "b.example");
    }
    std::map<std::string, int> by_domain;
    for (const auto& listing : listed("journal.db")) {
        if (!listing.delivery.address.empty()) ++by_domain[listing.document.policy_domain];
    }
    // Two of the one domain, and what is left of three in all; more where the hour turned in between.
    EXPECT_GE(by_domain["a.example"], 2);
    EXPECT_GE(by_domain["b.example"], 1);
    EXPECT_LE(by_domain["a.example"] + by_domain["b.example"], 6);
}

TEST_F(FailureReportsTest, MovesOnToTheSharedOutboxEachOnce) {
    {
        FailureReports reports(opener("journal.db"), opener("shared.db"));
        offer(reports, "q1", "example.org");
        offer(reports, "q2", "example.org");
    }
    EXPECT_TRUE(listed("journal.db").empty());
    std::map<std::string, int> states;
    for (const auto& listing : listed("shared.db")) ++states[std::string(to_string(listing.delivery.state))];
    EXPECT_EQ(states, (std::map<std::string, int>{{"made", 2}, {"skipped", 2}}));
}

TEST_F(FailureReportsTest, WaitsInTheJournalWhileTheSharedOutboxIsAway) {
    std::atomic<bool> away = true;
    const auto shared = opener("shared.db");
    const FailureReports::OpenStore sometimes = [&]() -> Result<std::unique_ptr<store::ReportStore>> {
        if (away) return Error{"away"};
        return shared();
    };
    {
        FailureReports reports(opener("journal.db"), sometimes);
        offer(reports, "q1", "example.org");
    }
    EXPECT_EQ(listed("journal.db").size(), 2U);
    away = false;
    { const FailureReports reports(opener("journal.db"), sometimes); }
    EXPECT_TRUE(listed("journal.db").empty());
    EXPECT_EQ(listed("shared.db").size(), 2U);
}

TEST_F(FailureReportsTest, MakesNoneThatCannotBeSent) {
    auto message = failing("q1", "example.org");
    for (auto& policy : message.record.evidence.policies) {
        policy.record.failure_uris = {{"https://example.org/ruf", std::nullopt}};
    }
    {
        FailureReports reports(opener("journal.db"), nullptr);
        reports.offer(message, settings_, resolver_);
    }
    EXPECT_TRUE(listed("journal.db").empty());
}

TEST_F(FailureReportsTest, AMessageTwiceMakesOneReport) {
    for (int run = 0; run < 2; ++run) {
        FailureReports reports(opener("journal.db"), nullptr);
        offer(reports, "q1", "example.org");
    }
    EXPECT_EQ(listed("journal.db").size(), 2U);
}

TEST_F(FailureReportsTest, AnOutboxThatCannotBeWrittenHoldsUpNothing) {
    const FailureReports::OpenStore broken = []() -> Result<std::unique_ptr<store::ReportStore>> {
        return Error{"no disk"};
    };
    testing::internal::CaptureStderr();
    {
        FailureReports reports(broken, nullptr);
        offer(reports, "q1", "example.org");
    }
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("FAILURE_REPORT_LOST queue_id=q1"));
}

}  // namespace
}  // namespace defender::milter
