#include "common/report/outbox.hpp"

#include <gmock/gmock.h>

#include "tests/support/reporting_world.hpp"

namespace defender::report {
namespace {

using store::DeliveryState;
using test::ReportingWorld;
using test::ScriptedSmtp;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr UtcSeconds now = ReportingWorld::due;
constexpr UtcSeconds hour = 3600;

std::string policy_to(const std::string& uris) {
    return "v=DMARC1; p=reject; rua=" + uris;
}

/// One report of example.com, made and due, to these URIs.
void make_report(ReportingWorld& world, const std::string& uris) {
    world.judge("example.com", policy_to(uris));
    world.close();
}

std::vector<DeliveryState> states_of(ReportingWorld& world, std::int64_t delivery) {
    std::vector<DeliveryState> states;
    const auto history = world.reports().history(delivery);
    for (const auto& step : *history) states.push_back(step.state);
    return states;
}

TEST(Outbox, WaitsDoubleFromFiveMinutesToSixHours) {
    const std::vector<int> minutes{5, 10, 20, 40, 80, 160, 320, 360, 360};
    for (unsigned n = 1; n <= minutes.size(); ++n) {
        EXPECT_EQ(wait_after(n), std::chrono::minutes(minutes[n - 1])) << n;
    }
    EXPECT_EQ(wait_after(1000000), std::chrono::hours(6));
    EXPECT_EQ(pause_after(1), std::chrono::minutes(1));
    EXPECT_EQ(pause_after(5), std::chrono::minutes(16));
    EXPECT_EQ(pause_after(6), std::chrono::minutes(30));
    EXPECT_EQ(pause_after(1000000), std::chrono::minutes(30));
}

TEST(Outbox, SendsWithEveryStepInTheHistory) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com");
    world.deliver();
    const auto sent = world.delivery_to("d@example.com");
    EXPECT_EQ(sent.state, DeliveryState::sent);
    EXPECT_EQ(sent.attempts, 1U);
    EXPECT_EQ(sent.answer, "250 ok");
    EXPECT_EQ(sent.first_try_at, now);
    EXPECT_THAT(states_of(world, sent.id), ElementsAre(DeliveryState::made, DeliveryState::verified,
                                                       DeliveryState::sending, DeliveryState::sent));
    ASSERT_THAT(world.smtp.mails, SizeIs(1));
    EXPECT_EQ(world.smtp.mails[0].from, "reports@example.net");
    EXPECT_THAT(world.smtp.mails[0].message, HasSubstr("\r\nTo: d@example.com\r\n"));
    EXPECT_EQ(world.reporting().counts().sent, 1U);
    world.deliver(now + 1000000);
    EXPECT_THAT(world.smtp.mails, SizeIs(1));
}

TEST(Outbox, IsMarkedAsSendingBeforeTheFirstOctetGoesOut) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com");
    auto seen = DeliveryState::made;
    world.smtp.always = [&](const auto&) {
        seen = world.delivery_to("d@example.com").state;
        return ScriptedSmtp::accepted();
    };
    world.deliver();
    EXPECT_EQ(seen, DeliveryState::sending);
}

TEST(Outbox, BouncesGoToTheirOwnAddress) {
    ReportingWorld world;
    world.settings.report.bounce = "bounce@example.net";
    make_report(world, "mailto:d@example.com");
    world.deliver();
    EXPECT_EQ(world.smtp.mails[0].from, "bounce@example.net");
}

TEST(Outbox, DeferredMailIsTriedAgainAfterGrowingWaitsWithTheSameOctets) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com");
    world.smtp.answer("d@example.com", ScriptedSmtp::deferred(), 2);
    world.deliver();
    auto waiting = world.delivery_to("d@example.com");
    EXPECT_EQ(waiting.state, DeliveryState::retry);
    EXPECT_EQ(waiting.next_at, now + 300);
    EXPECT_EQ(waiting.answer, "450 later");
    world.deliver(now + 299);
    EXPECT_THAT(world.smtp.mails, SizeIs(1));
    world.deliver(now + 300);
    waiting = world.delivery_to("d@example.com");
    EXPECT_EQ(waiting.attempts, 2U);
    EXPECT_EQ(waiting.next_at, now + 300 + 600);
    world.deliver(now + 900);
    EXPECT_EQ(world.delivery_to("d@example.com").state, DeliveryState::sent);
    ASSERT_THAT(world.smtp.mails, SizeIs(3));
    EXPECT_EQ(world.smtp.mails[0].message, world.smtp.mails[2].message);
    EXPECT_EQ(world.reporting().counts().waiting, 2U);
    EXPECT_FALSE(world.reports().suppression("d@example.com").value());
}

TEST(Outbox, IsGivenUpThreeDaysAfterTheFirstTryAndSuppressed) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com");
    world.smtp.answer("d@example.com", ScriptedSmtp::deferred(), 1000);
    auto at = now;
    for (int i = 0; i < 100 && world.delivery_to("d@example.com").state != DeliveryState::given_up; ++i) {
        world.deliver(at);
        at = world.delivery_to("d@example.com").next_at;
    }
    const auto end = world.delivery_to("d@example.com");
    EXPECT_EQ(end.state, DeliveryState::given_up);
    EXPECT_EQ(end.answer, "450 later");
    EXPECT_THAT(end.changed_at - now, AllOf(Ge(72 * hour), Le(78 * hour)));
    EXPECT_EQ(world.reporting().counts().given_up, 1U);
    EXPECT_EQ(world.reports().suppression("d@example.com").value()->until, end.changed_at + 24 * hour);
}

TEST(Outbox, RefusalGivesUpAtOnceAndSuppressesTheAddressForATime) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com");
    world.judge("sub.example.com", policy_to("mailto:d@example.com,mailto:e@example.com"));
    world.close();
    world.smtp.answer("d@example.com", ScriptedSmtp::refused(), 2);
    world.deliver();
    const auto to_d = world.deliveries_to("d@example.com");
    EXPECT_EQ(to_d[0].delivery.state, DeliveryState::given_up);
    EXPECT_EQ(to_d[0].delivery.answer, "550 no such user");
    EXPECT_EQ(to_d[1].delivery.state, DeliveryState::skipped);
    EXPECT_THAT(to_d[1].delivery.answer, HasSubstr("suppressed until"));
    EXPECT_EQ(world.delivery_to("e@example.com").state, DeliveryState::sent);
    EXPECT_EQ(world.reports().suppression("d@example.com").value()->until, now + 24 * hour);

    // When it is over the address gets mail again; refusing that doubles the time, taking it forgets.
    ASSERT_TRUE(world.reports().resend(to_d[0].delivery.id, now + 24 * hour).value());
    world.deliver(now + 24 * hour);
    EXPECT_EQ(world.reports().suppression("d@example.com").value()->until, now + 72 * hour);
    ASSERT_TRUE(world.reports().resend(to_d[0].delivery.id, now + 72 * hour).value());
    world.deliver(now + 72 * hour);
    EXPECT_EQ(world.deliveries_to("d@example.com")[0].delivery.state, DeliveryState::sent);
    EXPECT_FALSE(world.reports().suppression("d@example.com").value());
}

TEST(Outbox, NeverSendIsSkipped) {
    ReportingWorld world;
    world.settings.report.never_send = {"example.com"};
    make_report(world, "mailto:d@example.com");
    world.deliver();
    EXPECT_EQ(world.delivery_to("d@example.com").state, DeliveryState::skipped);
    EXPECT_THAT(world.delivery_to("d@example.com").answer, HasSubstr("never_send"));
    EXPECT_THAT(world.smtp.mails, IsEmpty());
    EXPECT_EQ(world.reporting().counts().skipped, 1U);
}

TEST(Outbox, ExternalDestinationMustConsent) {
    ReportingWorld world;
    world.resolver.add_txt("example.com._report._dmarc.yes.example", "v=DMARC1");
    make_report(world, "mailto:d@yes.example,mailto:d@no.example");
    world.deliver();
    EXPECT_EQ(world.delivery_to("d@yes.example").state, DeliveryState::sent);
    EXPECT_EQ(world.delivery_to("d@no.example").state, DeliveryState::skipped);
    EXPECT_THAT(world.delivery_to("d@no.example").answer, HasSubstr("_report._dmarc.no.example"));
    EXPECT_THAT(world.smtp.recipients(), ElementsAre("d@yes.example"));
}

TEST(Outbox, FailureOfDnsIsRetriedAndSuppressesNobody) {
    ReportingWorld world;
    const std::string name = "example.com._report._dmarc.slow.example";
    world.resolver.set_tempfail(name, dns::RecordType::txt, "SERVFAIL");
    make_report(world, "mailto:d@slow.example");
    world.deliver();
    auto waiting = world.delivery_to("d@slow.example");
    EXPECT_EQ(waiting.state, DeliveryState::retry);
    EXPECT_EQ(waiting.next_at, now + 300);
    EXPECT_THAT(waiting.answer, HasSubstr("SERVFAIL"));
    world.deliver(now + 72 * hour - 1);
    EXPECT_EQ(world.delivery_to("d@slow.example").state, DeliveryState::retry);
    world.deliver(now + 73 * hour);
    EXPECT_EQ(world.delivery_to("d@slow.example").state, DeliveryState::given_up);
    EXPECT_FALSE(world.reports().suppression("d@slow.example").value());
    EXPECT_THAT(world.smtp.mails, IsEmpty());
}

TEST(Outbox, FailureOfDnsThatPassesHoldsUpOnlyForItsWait) {
    ReportingWorld world;
    const std::string name = "example.com._report._dmarc.slow.example";
    world.resolver.set_tempfail(name, dns::RecordType::txt);
    make_report(world, "mailto:d@slow.example");
    world.deliver();
    world.resolver.add_txt(name, "v=DMARC1");
    world.deliver(now + 300);
    EXPECT_EQ(world.delivery_to("d@slow.example").state, DeliveryState::sent);
}

TEST(Outbox, OverridingAddressReplacesTheOneOfThePolicy) {
    ReportingWorld world;
    world.resolver.add_txt("example.com._report._dmarc.new.example",
                           "v=DMARC1; rua=mailto:other@new.example");
    make_report(world, "mailto:d@new.example");
    world.deliver();
    EXPECT_THAT(world.smtp.recipients(), ElementsAre("other@new.example"));
    const auto sent = world.delivery_to("other@new.example");
    EXPECT_EQ(sent.state, DeliveryState::sent);
    EXPECT_EQ(sent.uri, "mailto:d@new.example");
}

TEST(Outbox, SeveralOverridingAddressesGetADeliveryEachAndOnlyOnce) {
    ReportingWorld world;
    world.resolver.add_txt("example.com._report._dmarc.new.example",
                           "v=DMARC1; rua=mailto:a@new.example,mailto:b@new.example");
    make_report(world, "mailto:d@new.example,mailto:e@new.example,mailto:f@new.example");
    world.smtp.answer("a@new.example", ScriptedSmtp::deferred(), 2);
    for (const auto at : {now, now + 300, now + 900, now + 10000}) world.deliver(at);
    EXPECT_THAT(world.smtp.recipients(),
                UnorderedElementsAre("a@new.example", "b@new.example", "a@new.example", "a@new.example"));
    EXPECT_EQ(world.delivery_to("a@new.example").state, DeliveryState::sent);
    EXPECT_EQ(world.delivery_to("b@new.example").state, DeliveryState::sent);
    for (const auto& each : world.deliveries()) {
        EXPECT_TRUE(each.delivery.state == DeliveryState::sent ||
                    each.delivery.state == DeliveryState::skipped);
    }
}

TEST(Outbox, OverridingAddressMayBeInNeverSend) {
    ReportingWorld world;
    world.settings.report.never_send = {"other@new.example"};
    world.resolver.add_txt("example.com._report._dmarc.new.example",
                           "v=DMARC1; rua=mailto:other@new.example");
    make_report(world, "mailto:d@new.example");
    world.deliver();
    EXPECT_THAT(world.smtp.mails, IsEmpty());
}

TEST(Outbox, MailOverTheLimitOfItsUriGivesWayToANotice) {
    ReportingWorld world;
    make_report(world, "mailto:d@example.com!1k,mailto:e@example.com!10m");
    world.deliver();
    const auto to_d = world.deliveries_to("d@example.com");
    ASSERT_THAT(to_d, SizeIs(2));
    EXPECT_EQ(to_d[0].delivery.state, DeliveryState::skipped);
    EXPECT_THAT(to_d[0].delivery.answer, HasSubstr("1024"));
    EXPECT_EQ(to_d[1].document.kind, store::DocumentKind::size_notice);
    EXPECT_EQ(to_d[1].delivery.state, DeliveryState::sent);
    EXPECT_EQ(world.delivery_to("e@example.com").state, DeliveryState::sent);
    ASSERT_THAT(world.smtp.mails, SizeIs(2));
    EXPECT_THAT(world.smtp.mails[1].message, HasSubstr("Report-Size: "));
}

TEST(Outbox, LimitIsInclusiveAndOfTheWholeMail) {
    std::size_t octets = 0;
    {
        ReportingWorld world;
        make_report(world, "mailto:d@example.com");
        world.deliver();
        octets = world.smtp.mails.at(0).message.size();
    }
    // The limit stands in the policy, whose text is part of the report's id, but never of its size.
    for (const auto& [limit, states] : {std::pair{octets, 1U}, std::pair{octets - 1, 2U}}) {
        ReportingWorld world;
        make_report(world, "mailto:d@example.com!" + std::to_string(limit));
        world.deliver();
        const auto size = world.smtp.mails.at(0).message.size();
        if (states == 1U) {
            EXPECT_LE(size, limit);
        }
        EXPECT_THAT(world.deliveries(), SizeIs(states)) << limit << " " << size;
    }
}

TEST(Outbox, Rfc9990HasNoLimit) {
    ReportingWorld world;
    world.settings.report.schema = config::ReportSchema::rfc9990;
    make_report(world, "mailto:d@example.com!1k");
    world.deliver();
    EXPECT_EQ(world.delivery_to("d@example.com").state, DeliveryState::sent);
    EXPECT_THAT(world.deliveries(), SizeIs(1));
}

TEST(Outbox, HourIsFullWhenItsMailsAreSentAndTheRestWaitsForTheNext) {
    ReportingWorld world;
    world.settings.report.max_per_hour = 2;
    const auto at = now - now % hour;
    make_report(world, "mailto:a@example.com,mailto:b@example.com,mailto:c@example.com");
    world.deliver(at + hour + 10);
    EXPECT_THAT(world.smtp.mails, SizeIs(2));
    world.deliver(at + 2 * hour - 1);
    EXPECT_THAT(world.smtp.mails, SizeIs(2));
    EXPECT_EQ(world.reports().counts()->waiting, 1U);
    world.deliver(at + 2 * hour);
    EXPECT_THAT(world.smtp.mails, SizeIs(3));
    EXPECT_EQ(world.delivery_to("c@example.com").attempts, 1U);
}

TEST(Outbox, MailServerThatCannotBeUsedEndsTheRoundAndIsHeldAgainstNobody) {
    ReportingWorld world;
    make_report(world, "mailto:a@example.com,mailto:b@example.com,mailto:c@example.com");
    world.smtp.always = [](const auto&) { return ScriptedSmtp::unusable(); };
    world.deliver();
    EXPECT_THAT(world.smtp.mails, SizeIs(1));
    for (const auto& each : world.deliveries()) {
        EXPECT_EQ(each.delivery.state, DeliveryState::retry);
        EXPECT_EQ(each.delivery.attempts, 0U);
        EXPECT_EQ(each.delivery.first_try_at, 0);
    }
    world.deliver(now + 59);
    EXPECT_THAT(world.smtp.mails, SizeIs(1)) << "it pauses";
    world.deliver(now + 60);
    EXPECT_THAT(world.smtp.mails, SizeIs(2)) << "it tries with one";
    world.deliver(now + 60 + 119);
    EXPECT_THAT(world.smtp.mails, SizeIs(2)) << "it pauses longer";
    world.smtp.always = nullptr;
    world.deliver(now + 60 + 120);
    EXPECT_THAT(world.smtp.mails, SizeIs(5));
    for (const auto& each : world.deliveries()) EXPECT_EQ(each.delivery.state, DeliveryState::sent);
    EXPECT_TRUE(world.reports().suppressions()->empty());
}

TEST(Outbox, MailServerThatIsAwayForDaysGivesNothingUp) {
    ReportingWorld world;
    make_report(world, "mailto:a@example.com");
    world.smtp.always = [](const auto&) { return ScriptedSmtp::unusable(); };
    for (UtcSeconds at = now; at < now + 100 * hour; at += hour) world.deliver(at);
    world.smtp.always = nullptr;
    world.deliver(now + 100 * hour);
    EXPECT_EQ(world.delivery_to("a@example.com").state, DeliveryState::sent);
    EXPECT_EQ(world.delivery_to("a@example.com").attempts, 1U);
}

TEST(Outbox, DeliveryOfAReporterThatDiedIsSentAgainAsItWas) {
    ReportingWorld world;
    make_report(world, "mailto:a@example.com");
    auto& store = world.reports();
    const store::Lease dead{"dead", now + 900};
    for (const auto state : {DeliveryState::made, DeliveryState::verified, DeliveryState::sending}) {
        auto claimed = store.claim(now, dead, 1).value();
        if (claimed.empty()) claimed = {world.delivery_to("a@example.com")};
        claimed[0].state = state;
        claimed[0].changed_at = now;
        ASSERT_TRUE(store.advance(claimed[0], dead).value());
    }
    world.deliver(now + 899);
    EXPECT_THAT(world.smtp.mails, IsEmpty());
    world.deliver(now + 900);
    EXPECT_EQ(world.delivery_to("a@example.com").state, DeliveryState::sent);
    EXPECT_THAT(world.smtp.mails, SizeIs(1));
}

TEST(Outbox, StopEndsBetweenTwoDeliveriesAndGivesTheOthersBack) {
    ReportingWorld world;
    make_report(world, "mailto:a@example.com,mailto:b@example.com,mailto:c@example.com");
    int asked = 0;
    ASSERT_TRUE(world.reporting().deliver_due(now, [&] { return ++asked > 1; }));
    EXPECT_THAT(world.smtp.mails, SizeIs(1));
    const auto another = world.make("reporter-2");
    ASSERT_TRUE(another->deliver_due(now, ReportingWorld::never()));
    EXPECT_THAT(world.smtp.mails, SizeIs(3));
    for (const auto& each : world.deliveries()) EXPECT_EQ(each.delivery.state, DeliveryState::sent);
}

TEST(Outbox, MailThatAnotherTookOverMeanwhileIsLeftToIt) {
    ReportingWorld world;
    make_report(world, "mailto:a@example.com,mailto:b@example.com");
    const store::Lease other{"other", now + 100000};
    world.smtp.always = [&](const auto& mail) {
        // While the first goes out, all leases end and another takes what is left.
        if (mail.recipient == "a@example.com") {
            EXPECT_THAT(world.reports().claim(now + 50000, other, 10).value(), SizeIs(2));
        }
        return ScriptedSmtp::accepted();
    };
    world.deliver();
    EXPECT_THAT(world.smtp.recipients(), ElementsAre("a@example.com"));
    EXPECT_EQ(world.delivery_to("a@example.com").state, DeliveryState::sending);
    EXPECT_EQ(world.delivery_to("b@example.com").state, DeliveryState::made);
}

TEST(Outbox, ManyDeliveriesAreDoneInOneRound) {
    ReportingWorld world;
    for (int i = 0; i < 70; ++i) {
        const auto domain = "d" + std::to_string(i) + ".example";
        world.judge(domain, policy_to("mailto:r@" + domain));
    }
    world.close();
    world.deliver();
    EXPECT_THAT(world.smtp.mails, SizeIs(70));
    EXPECT_EQ(world.reports().counts()->waiting, 0U);
}

}  // namespace
}  // namespace defender::report
