#include "milter/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

#include "common/config/settings_reader.hpp"
#include "common/log/recent_problems.hpp"
#include "tests/support/arc_message.hpp"
#include "tests/support/fake_record_store.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::milter {
namespace {

using auth::Action;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::seconds patience{20};

class SessionTest : public testing::Test {
  protected:
    SessionTest() {
        resolver_->add_txt("example.com", "v=spf1 ip4:192.0.2.1 -all");
        resolver_->add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
        settings_->milter.authserv_id = "mx.example.net";
        settings_->policy.mode = config::PolicyMode::enforce;
    }

    void start() {
        gateway_ = std::make_unique<Gateway>(
            configuration(),
            [this] {
                return Result<std::unique_ptr<store::RecordStore>>(
                    std::make_unique<test::FakeRecordStore>(stored_));
            },
            metrics_);
    }

    std::shared_ptr<const Configuration> configuration() {
        auto sources = std::make_shared<auth::EvidenceSources>();
        sources->settings = settings_;
        sources->resolver = resolver_;
        sources->suffixes = auth::PublicSuffixList::load("").value();
        auto made = std::make_shared<Configuration>();
        made->settings = settings_;
        made->judge = auth::judge_settings(*settings_);
        made->sources = std::move(sources);
        made->sealer = sealer_;
        return made;
    }

    /// For the messages that follow.
    void use(std::shared_ptr<dns::Resolver> resolver) {
        auto other = std::make_shared<Configuration>(*configuration());
        auto sources = std::make_shared<auth::EvidenceSources>(*other->sources);
        sources->resolver = std::move(resolver);
        other->sources = std::move(sources);
        gateway_->replace_configuration(other);
    }

    /// A message with this From from this client, up to its end.
    static void feed(Session& session, const std::string& client, const std::string& from) {
        session.connect("client.example.com", IpAddress::parse(client));
        session.helo("mail.example.com");
        session.mail_from("<user@example.com>", false);
        session.header("From", " " + from);
        session.header("Subject", " hello");
        session.end_of_headers();
    }

    static Reply end(Session& session, const std::string& queue_id) {
        std::promise<Reply> promise;
        auto reply = promise.get_future();
        session.end_of_message(queue_id, [&](Reply made) { promise.set_value(std::move(made)); });
        if (reply.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no reply");
        return reply.get();
    }

    std::vector<store::Record> records() { return stored_->records(); }

    metrics::Metrics metrics_;
    std::shared_ptr<test::FakeResolver> resolver_ = std::make_shared<test::FakeResolver>();
    std::shared_ptr<config::Settings> settings_ =
        std::make_shared<config::Settings>(*config::default_settings());
    std::shared_ptr<test::FakeStoreState> stored_ = std::make_shared<test::FakeStoreState>();
    std::shared_ptr<const auth::ArcSealer> sealer_;
    std::unique_ptr<Gateway> gateway_;

    /// As the settings of [arc] have it.
    void seal_messages() {
        settings_->arc.domain = "example.net";
        sealer_ = std::make_shared<auth::ArcSealer>("example.net", "s1",
                                                    auth::SigningKey::parse(test::rsa_key().pem()).value());
    }
};

TEST_F(SessionTest, AlignedSpfPassIsAcceptedMarkedAndRecorded) {
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    const auto reply = end(session, "Q1");
    EXPECT_EQ(reply.action, Action::accept);
    ASSERT_TRUE(reply.authentication_results);
    EXPECT_THAT(reply.authentication_results->value, HasSubstr("dmarc=pass"));
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].evidence.queue_id, "Q1");
    EXPECT_EQ(records()[0].judgement.result, auth::DmarcResult::pass);
    EXPECT_EQ(records()[0].host, "mx.example.net");
}

TEST_F(SessionTest, WhatIsKnownOfTheClientAsAForwarderIsEvidence) {
    start();
    gateway_->replace_forwarders(std::make_shared<const auth::KnownForwarders>(
        std::vector<auth::KnownForwarder>{{"192.0.2.1", auth::ForwarderStatus::learned, 12}}));
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    end(session, "Q1");
    feed(session, "192.0.2.2", "user@example.com");
    end(session, "Q2");
    ASSERT_EQ(records().size(), 2U);
    EXPECT_EQ(records()[0].evidence.forwarder.status, auth::ForwarderStatus::learned);
    EXPECT_EQ(records()[0].evidence.forwarder.network, "192.0.2.1");
    EXPECT_EQ(records()[0].evidence.forwarder.domains, 12U);
    EXPECT_EQ(records()[1].evidence.forwarder.status, auth::ForwarderStatus::unknown);
}

TEST_F(SessionTest, WithoutTheSettingForwardersAreNotLookedAt) {
    settings_->indirect.enabled = false;
    start();
    gateway_->replace_forwarders(std::make_shared<const auth::KnownForwarders>(
        std::vector<auth::KnownForwarder>{{"192.0.2.1", auth::ForwarderStatus::confirmed, 0}}));
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    end(session, "Q1");
    EXPECT_EQ(records().at(0).evidence.forwarder.status, auth::ForwarderStatus::unknown);
}

TEST_F(SessionTest, WhatGoesOnIsSealedBelowTheResultsAndTheSealHolds) {
    seal_messages();
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    EXPECT_TRUE(session.wants_body());
    session.body(std::string_view("Hel"));
    session.body(std::string_view("lo\r\n"));
    const auto reply = end(session, "Q1");
    ASSERT_EQ(reply.arc_set.size(), 3U);
    EXPECT_EQ(reply.arc_set[2].value, " i=1;" + reply.authentication_results->value);

    test::ArcMessage sealed;
    sealed.publish("example.net");
    sealed.fields = reply.arc_set;
    sealed.fields.push_back({"From", " user@example.com"});
    sealed.fields.push_back({"Subject", " hello"});
    sealed.body = "Hello\r\n";
    EXPECT_EQ(sealed.validate().reason, "");
    EXPECT_EQ(sealed.validate().result, auth::ArcResult::pass);
}

TEST_F(SessionTest, WhatIsRefusedOrNotJudgedIsNotSealed) {
    seal_messages();
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    EXPECT_THAT(end(session, "Q1").arc_set, testing::IsEmpty());
    feed(session, "127.0.0.1", "user@example.com");
    EXPECT_FALSE(session.wants_body());
    EXPECT_THAT(end(session, "Q2").arc_set, testing::IsEmpty());
}

TEST_F(SessionTest, AHeaderThatWasCutIsNotSealed) {
    seal_messages();
    settings_->limits.header_fields = 3;
    start();
    Session session(*gateway_);
    session.connect("client.example.com", IpAddress::parse("192.0.2.1"));
    session.helo("mail.example.com");
    session.mail_from("<user@example.com>", false);
    session.header("From", " user@example.com");
    for (int i = 0; i < 3; ++i) session.header("X-Field", " x");
    session.end_of_headers();
    EXPECT_THAT(end(session, "Q1").arc_set, testing::IsEmpty());
}

TEST_F(SessionTest, WithoutAKeyNothingIsSealedAndTheBodyIsNotWanted) {
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    EXPECT_FALSE(session.wants_body());
    EXPECT_THAT(end(session, "Q1").arc_set, testing::IsEmpty());
}

TEST_F(SessionTest, ForgeryIsRefusedAndTheRefusalRecorded) {
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    const auto reply = end(session, "Q2");
    EXPECT_EQ(reply.code, "550");
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].reply, smtp_text(reply));
    EXPECT_EQ(records()[0].judgement.action, Action::reject);
}

TEST_F(SessionTest, RecordIsThereBeforeTheReply) {
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    std::promise<std::size_t> seen;
    session.end_of_message("Q3", [&](const Reply&) { seen.set_value(records().size()); });
    auto count = seen.get_future();
    ASSERT_EQ(count.wait_for(patience), std::future_status::ready);
    EXPECT_EQ(count.get(), 1U);
}

TEST_F(SessionTest, MailFlowsAndIsJudgedWhereTheStoreFails) {
    stored_->set_verdict([](const auto&) { return Status(Error{"no space left on device"}); });
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    EXPECT_EQ(end(session, "Q4").code, "550");
    feed(session, "192.0.2.1", "user@example.com");
    EXPECT_EQ(end(session, "Q5").action, Action::accept);
    EXPECT_EQ(gateway_->writer().counts().queued, 2U) << "kept";
    EXPECT_EQ(gateway_->writer().counts().lost, 0U);
}

TEST_F(SessionTest, LimitThatWasReachedIsLoggedCountedAndRecorded) {
    settings_->limits.header_fields = 1;
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    end(session, "Limited");
    ASSERT_EQ(records().size(), 1U);
    EXPECT_THAT(records()[0].evidence.limits_reached, ElementsAre("limits.header_fields"));
    EXPECT_EQ(metrics_.milter().limits.Value(), 1.0);
    const auto problems = log::recent_problems();
    EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const log::Problem& problem) {
        return problem.id == "MILTER_LIMIT_REACHED" && problem.line.find("Limited") != std::string::npos &&
               problem.line.find("limits.header_fields") != std::string::npos;
    }));
}

TEST_F(SessionTest, SeveralMessagesOnOneConnectionAreJudgedApart) {
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    EXPECT_EQ(end(session, "Q6").code, "550");
    session.mail_from("<user@example.com>", false);
    session.header("From", " someone@example.org");
    session.end_of_headers();
    const auto reply = end(session, "Q7");
    EXPECT_EQ(reply.action, Action::accept);
    EXPECT_THAT(reply.authentication_results->value, HasSubstr("dmarc=none header.from=example.org"));
}

/// Fails as if there were no memory for a question.
class BrokenResolver : public dns::Resolver {
  public:
    void ask(dns::Question, dns::Deadline, Handler) override { throw std::bad_alloc(); }
};

/// Knows no name, and is broken once it was told so.
class BreakingResolver : public dns::Resolver {
  public:
    void ask(dns::Question, dns::Deadline, Handler handler) override {
        if (broken) throw std::bad_alloc();
        auto answer = std::make_shared<dns::Answer>();
        answer->outcome = dns::Outcome::nxdomain;
        handler(answer);
    }
    std::atomic<bool> broken{false};
};

TEST_F(SessionTest, MessageThatCouldNotBeTakenUpIsNotLetThroughUnjudged) {
    start();
    Session session(*gateway_);
    session.connect("client.example.com", IpAddress::parse("192.0.2.1"));
    use(std::make_shared<BrokenResolver>());
    EXPECT_THROW(session.mail_from("<user@example.com>", false), std::bad_alloc);
    session.header("From", " user@example.com");
    EXPECT_THROW(session.end_of_message("Untaken", [](const Reply&) { FAIL() << "a reply"; }),
                 std::runtime_error);
    gateway_->replace_configuration(configuration());
    session.mail_from("<user@example.com>", false);
    session.header("From", " user@example.com");
    session.end_of_headers();
    EXPECT_EQ(end(session, "Taken").action, Action::accept);
}

TEST_F(SessionTest, MessageWhoseQuestionsCouldNotBeAskedIsAnsweredAllTheSame) {
    start();
    const auto resolver = std::make_shared<BreakingResolver>();
    use(resolver);
    Session session(*gateway_);
    session.connect("client.example.com", IpAddress::parse("203.0.113.9"));
    session.mail_from("<user@example.com>", false);
    resolver->broken = true;
    EXPECT_THROW(session.header("From", " user@example.com"), std::bad_alloc);
    session.report_problem("no memory");  // as the front ends do
    resolver->broken = false;
    session.end_of_headers();
    EXPECT_EQ(end(session, "Unasked").action, Action::accept);
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].error, "no memory");
    EXPECT_TRUE(gateway_->wait_until_idle(patience));
}

TEST_F(SessionTest, AbortedMessageLeavesNoTrace) {
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    session.abort();
    EXPECT_EQ(end(session, "Q8").action, Action::accept);
    EXPECT_TRUE(records().empty());
}

TEST_F(SessionTest, SessionMayGoWhileItsMessageIsInFlight) {
    start();
    resolver_->hold();
    std::promise<Reply> promise;
    auto reply = promise.get_future();
    {
        Session session(*gateway_);
        feed(session, "203.0.113.9", "user@example.com");
        session.end_of_message("Q9", [&](Reply made) { promise.set_value(std::move(made)); });
    }
    EXPECT_EQ(gateway_->in_flight(), 1U);
    while (resolver_->answer_round()) {
    }
    ASSERT_EQ(reply.wait_for(patience), std::future_status::ready);
    EXPECT_EQ(reply.get().code, "550");
    EXPECT_TRUE(gateway_->wait_until_idle(patience));
}

TEST_F(SessionTest, ProblemOnTheWayGivesOnErrorAndIsRecorded) {
    settings_->milter.on_error = config::OnError::tempfail;
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    session.report_problem("out of luck");
    const auto reply = end(session, "Q10");
    EXPECT_EQ(reply.code, "451");
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].error, "out of luck");
    EXPECT_EQ(records()[0].evidence.queue_id, "Q10");
    EXPECT_EQ(records()[0].judgement.action, Action::tempfail);
}

TEST_F(SessionTest, MailToOurReportAddressAloneIsRecordedAsOwn) {
    settings_->report.enabled = true;
    settings_->report.email = "reports@example.net";
    start();
    Session session(*gateway_);
    const auto send = [&](const std::vector<std::string>& recipients, const std::string& queue_id) {
        session.connect("client.example.com", IpAddress::parse("192.0.2.1"));
        session.mail_from("<>", false);
        for (const auto& recipient : recipients) session.recipient(recipient);
        session.header("From", " mailer-daemon@example.com");
        session.end_of_headers();
        end(session, queue_id);
        return records().back().evidence.own_report_mail;
    };
    EXPECT_TRUE(send({"<Reports@Example.NET>"}, "Q1"));
    EXPECT_FALSE(send({"<reports@example.net>", "<someone@example.net>"}, "Q2"));
    EXPECT_FALSE(send({}, "Q3"));
}

TEST_F(SessionTest, MessageKeepsTheConfigurationThatItBeganWith) {
    start();
    Session session(*gateway_);
    feed(session, "203.0.113.9", "user@example.com");
    settings_ = std::make_shared<config::Settings>(*settings_);
    settings_->policy.mode = config::PolicyMode::monitor;
    gateway_->replace_configuration(configuration());
    EXPECT_EQ(end(session, "Q11").code, "550");
    feed(session, "203.0.113.9", "user@example.com");
    EXPECT_EQ(end(session, "Q12").action, Action::accept);
}

TEST_F(SessionTest, ForgedResultsOfOursAreNamedForDeletionLastFirst) {
    start();
    Session session(*gateway_);
    session.connect("client.example.com", IpAddress::parse("192.0.2.1"));
    session.helo("mail.example.com");
    session.mail_from("<user@example.com>", false);
    session.header("Authentication-Results", " mx.example.net; dmarc=pass");
    session.header("authentication-results", " other.example; dmarc=pass");
    session.header("Authentication-Results", " \"MX.example.net\" (hello)\n\t; spf=pass");
    session.header("From", " user@example.com");
    session.end_of_headers();
    EXPECT_THAT(end(session, "Q13").delete_positions, ElementsAre(3, 1));
}

TEST_F(SessionTest, TrustedClientIsRecordedButNotJudged) {
    start();
    Session session(*gateway_);
    feed(session, "127.0.0.1", "user@example.com");
    const auto reply = end(session, "Q14");
    EXPECT_EQ(reply.action, Action::accept);
    EXPECT_FALSE(reply.authentication_results);
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].judgement.exemption, auth::Exemption::trusted_network);
}

TEST_F(SessionTest, RecordKeepsOnlyDomainsOfAddressesByDefault) {
    start();
    Session session(*gateway_);
    feed(session, "192.0.2.1", "user@example.com");
    static_cast<void>(end(session, "Q15"));
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records()[0].evidence.mail_from, "@example.com");
    EXPECT_THAT(records()[0].evidence.author_addresses, ElementsAre("@example.com"));
}

TEST_F(SessionTest, ManySessionsAtOnceEachGetTheirOwnReply) {
    start();
    constexpr int count = 40;
    std::vector<std::unique_ptr<Session>> sessions;
    std::vector<std::promise<Reply>> promises(count);
    for (int i = 0; i < count; ++i) {
        sessions.push_back(std::make_unique<Session>(*gateway_));
        feed(*sessions.back(), i % 2 ? "192.0.2.1" : "203.0.113.9", "user@example.com");
    }
    for (int i = 0; i < count; ++i) {
        auto& promise = promises[static_cast<std::size_t>(i)];
        sessions[static_cast<std::size_t>(i)]->end_of_message(
            "M" + std::to_string(i), [&promise](Reply made) { promise.set_value(std::move(made)); });
    }
    for (int i = 0; i < count; ++i) {
        auto reply = promises[static_cast<std::size_t>(i)].get_future();
        ASSERT_EQ(reply.wait_for(patience), std::future_status::ready);
        EXPECT_EQ(reply.get().action, i % 2 ? Action::accept : Action::reject);
    }
    EXPECT_EQ(records().size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(gateway_->wait_until_idle(patience));
}

}  // namespace
}  // namespace defender::milter
