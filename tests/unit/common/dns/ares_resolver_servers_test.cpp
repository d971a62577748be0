// Servers that fail, are silent or slow, and who is asked in their place; how long a question may take.
#include <gtest/gtest.h>

#include <atomic>

#include "common/base/text.hpp"
#include "tests/support/ares_asker.hpp"

namespace defender::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Asker;
using testing::code;
using testing::DnsServer;
using testing::found;
using testing::impatient;
using testing::options_for;
using testing::Pending;
using testing::send;
using testing::ServerQuery;
using testing::silence;
using testing::txt;
using testing::wire_name;

TEST(AresResolver, AnErrorOfOneServerSendsTheQuestionToTheNextAtOnce) {
    for (const unsigned rcode : {2U, 5U}) {
        const DnsServer bad([rcode](const ServerQuery& query) { return code(query, rcode); });
        const DnsServer good([](const ServerQuery& query) { return found(query); });
        Asker asker(options_for({&bad, &good}));
        EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
    }
}

TEST(AresResolver, AReferralOfOneServerSendsTheQuestionToTheNext) {
    const DnsServer lame([](const ServerQuery& query) {
        return send(query.reply(0x8000).authority("x", 2, 300, wire_name("ns.x")));
    });
    const DnsServer good([](const ServerQuery& query) { return found(query); });
    Asker asker(options_for({&lame, &good}));
    EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
}

TEST(AresResolver, AfterFailuresLongAnswersStillComeAndManyFailuresAreTold) {
    const DnsServer server([](const ServerQuery& query) {
        if (text::istarts_with(query.name, "bad")) return code(query, 2);
        return send(
            query.reply().answer(query.wire_name, 16, 60,
                                 txt({std::string(255, 'a'), std::string(255, 'b'), std::string(200, 'c')})));
    });
    Asker asker(options_for({&server}));
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(asker.ask("bad" + std::to_string(i) + ".x")->failure, "SERVFAIL");
        EXPECT_EQ(asker.ask("good.x")->texts.at(0).size(), 710U);
    }
}

TEST(AresResolver, AServerThatRefusesEdnsIsAskedWithout) {
    for (const unsigned rcode : {1U, 4U}) {
        const DnsServer server(
            [rcode](const ServerQuery& query) { return query.edns ? code(query, rcode) : found(query); });
        Asker asker(options_for({&server}));
        for (int i = 0; i < 20; ++i) EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
    }
}

TEST(AresResolver, SilenceIsTempfailTimeoutAfterAllTries) {
    const DnsServer server([](const ServerQuery&) { return silence(); });
    auto options = impatient(options_for({&server}));
    options.tries = 3;
    Asker asker(options);
    const auto begin = Clock::now();
    EXPECT_EQ(asker.ask("a.x")->failure, "timeout");
    EXPECT_GE(Clock::now() - begin, milliseconds(1200));
    EXPECT_EQ(server.queries().size(), 3U);
}

TEST(AresResolver, ALostPacketCostsOneTryOnly) {
    std::atomic<int> count = 0;
    const DnsServer server([&](const ServerQuery& query) { return ++count == 1 ? silence() : found(query); });
    Asker asker(impatient(options_for({&server})));
    EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
}

TEST(AresResolver, TheDeadlineOfTheQuestionEndsIt) {
    const DnsServer server([](const ServerQuery&) { return silence(); });
    Asker asker(options_for({&server}));
    const auto begin = Clock::now();
    const auto answer = testing::ask(asker.resolver, "a.x", RecordType::txt, milliseconds(50));
    EXPECT_EQ(answer->failure, "timeout");
    EXPECT_GE(Clock::now() - begin, milliseconds(50));
    EXPECT_LT(Clock::now() - begin, seconds(9));
    EXPECT_EQ(testing::ask(asker.resolver, "a.x", RecordType::txt, milliseconds(-1))->failure, "timeout");
}

TEST(AresResolver, TheTotalTimeEndsAQuestionWithALaterDeadline) {
    const DnsServer server([](const ServerQuery&) { return silence(); });
    auto options = options_for({&server});
    options.total_timeout = milliseconds(60);
    Asker asker(options);
    EXPECT_EQ(asker.ask("a.x")->failure, "timeout");
}

TEST(AresResolver, ALateAnswerToAnEarlierTryStillCounts) {
    std::atomic<int> count = 0;
    const DnsServer server([&](const ServerQuery& query) {
        if (++count > 1) return silence();
        auto replies = found(query, "late");
        replies[0].delay = milliseconds(600);
        return replies;
    });
    auto options = impatient(options_for({&server}));
    options.tries = 50;
    Asker asker(options);
    EXPECT_EQ(asker.ask("a.x")->texts.at(0), "late");
    EXPECT_GE(server.queries().size(), 2U);
}

TEST(AresResolver, ADeadFirstServerCostsItsTimeOnce) {
    const DnsServer dead([](const ServerQuery&) { return silence(); });
    const DnsServer good([](const ServerQuery& query) { return found(query); });
    Asker asker(impatient(options_for({&dead, &good})));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
    EXPECT_EQ(dead.queries().size(), 1U);
    EXPECT_EQ(good.queries().size(), 10U);
}

TEST(AresResolver, AServerHeldBackIsTriedAgainAfterAWhile) {
    std::atomic<bool> up = false;
    const DnsServer first([&](const ServerQuery& query) { return up ? found(query, "first") : silence(); });
    const DnsServer second([](const ServerQuery& query) { return found(query, "second"); });
    auto options = impatient(options_for({&first, &second}));
    options.hold_back = milliseconds(50);
    Asker asker(options);
    EXPECT_EQ(asker.ask("a.x")->texts.at(0), "second");
    up = true;
    const auto patience = Clock::now() + seconds(20);
    while (asker.ask("a.x")->texts.at(0) != "first") ASSERT_LT(Clock::now(), patience);
}

TEST(AresResolver, AServerThatAnswersOthersIsNotHeldBackForOneSlowName) {
    const DnsServer first([](const ServerQuery& query) {
        return text::istarts_with(query.name, "slow") ? silence() : found(query, "first");
    });
    const DnsServer second([](const ServerQuery& query) { return found(query, "second"); });
    auto options = options_for({&first, &second});
    options.try_timeout = seconds(2);
    Asker asker(options);
    Pending slow;
    asker.resolver.ask({"slow.x", RecordType::txt}, Clock::now() + seconds(20), slow.handler());
    const auto until = Clock::now() + milliseconds(100);
    while (Clock::now() < until) EXPECT_EQ(asker.ask("quick.x")->texts.at(0), "first");
    EXPECT_EQ(slow.get()->texts.at(0), "second");
    EXPECT_EQ(asker.ask("quick.x")->texts.at(0), "first");
}

TEST(AresResolver, AServerThatRefusesConnectionsIsPassedOverAtOnce) {
    std::string closed;
    {
        const DnsServer gone([](const ServerQuery&) { return silence(); });
        closed = gone.address();
    }
    const DnsServer good([](const ServerQuery& query) { return found(query); });
    auto options = options_for({&good});
    options.servers.insert(options.servers.begin(), closed);
    Asker asker(options);
    const auto begin = Clock::now();
    EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
    EXPECT_LT(Clock::now() - begin, seconds(9));

    options.servers = {closed};
    Asker alone(options);
    EXPECT_EQ(alone.ask("a.x")->failure, "unreachable");
}

TEST(AresResolver, AMalformedAnswerIsTempfailAndTheNextServerIsAsked) {
    const DnsServer bad([](const ServerQuery& query) {
        return send(query.reply().answer(query.wire_name, 16, 60, {200, 'a'}));
    });
    Asker alone(options_for({&bad}));
    EXPECT_EQ(alone.ask("a.x")->failure, "malformed response");
    const DnsServer good([](const ServerQuery& query) { return found(query); });
    Asker asker(options_for({&bad, &good}));
    EXPECT_EQ(asker.ask("a.x")->outcome, Outcome::found);
}

}  // namespace
}  // namespace defender::dns
