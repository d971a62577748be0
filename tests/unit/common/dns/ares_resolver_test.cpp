#include "common/dns/ares_resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

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

TEST(AresResolver, GivesWhatTheServerAnswersByOutcome) {
    const DnsServer server([](const ServerQuery& query) {
        const std::string name = text::to_lower(query.name);
        if (name == "found.x") return found(query);
        if (name == "gone.x") return send(query.reply().rcode(3).authority("x", 6, 300, testing::soa(40)));
        return send(query.reply().authority("x", 6, 300, testing::soa(30)));
    });
    Asker asker(options_for({&server}));
    const auto answer = asker.ask("Found.X.");
    EXPECT_EQ(answer->outcome, Outcome::found);
    EXPECT_EQ(answer->texts, std::vector<std::string>{"ok"});
    EXPECT_EQ(answer->ttl_seconds, 60U);
    EXPECT_EQ(asker.ask("gone.x")->outcome, Outcome::nxdomain);
    EXPECT_EQ(asker.ask("gone.x")->ttl_seconds, 40U);
    EXPECT_EQ(asker.ask("empty.x")->outcome, Outcome::nodata);
    EXPECT_EQ(asker.ask("empty.x")->ttl_seconds, 30U);
}

TEST(AresResolver, OffersEdnsWith1232OctetsAndAsksInMixedCaseWithFreshIds) {
    const DnsServer server([](const ServerQuery& query) { return found(query); });
    Asker asker(options_for({&server}));
    for (int i = 0; i < 20; ++i) asker.ask("a-rather-long-name.example.org");
    std::set<std::string> names;
    std::set<std::uint16_t> ids;
    for (const auto& query : server.queries()) {
        EXPECT_TRUE(query.edns);
        EXPECT_EQ(query.udp_size, 1232U);
        EXPECT_FALSE(query.tcp);
        names.insert(query.name);
        ids.insert(query.id);
    }
    EXPECT_GT(names.size(), 15U);
    EXPECT_GT(ids.size(), 15U);
}

TEST(AresResolver, ALongUdpAnswerWithinEdnsNeedsNoTcp) {
    const DnsServer server([](const ServerQuery& query) {
        const auto data =
            txt({std::string(255, 'a'), std::string(255, 'b'), std::string(255, 'c'), std::string(255, 'd')});
        return send(query.reply().answer(query.wire_name, 16, 60, data));
    });
    Asker asker(options_for({&server}));
    EXPECT_EQ(asker.ask("long.x")->texts.at(0).size(), 1020U);
    for (const auto& query : server.queries()) EXPECT_FALSE(query.tcp);
}

TEST(AresResolver, ATruncatedAnswerIsAskedForAgainOverTcp) {
    const DnsServer server([](const ServerQuery& query) {
        if (!query.tcp) return send(query.reply().truncated());
        testing::Octets data;
        for (int i = 0; i < 250; ++i) testing::put_label(data, std::string(255, 'z'));
        return send(query.reply().answer(query.wire_name, 16, 60, data));
    });
    Asker asker(options_for({&server}));
    const auto answer = asker.ask("huge.x");
    ASSERT_EQ(answer->outcome, Outcome::found);
    EXPECT_EQ(answer->texts.at(0), std::string(250U * 255U, 'z'));
    ASSERT_EQ(server.queries().size(), 2U);
    EXPECT_TRUE(server.queries()[1].tcp);
}

TEST(AresResolver, TruncationWithoutATcpServerIsTempfail) {
    const DnsServer server([](const ServerQuery& query) { return send(query.reply().truncated()); },
                           DnsServer::Serve::udp_only);
    Asker asker(options_for({&server}));
    EXPECT_EQ(asker.ask("huge.x")->failure, "unreachable");
}

TEST(AresResolver, ErrorCodesAreTempfailWithTheirReason) {
    const DnsServer server(
        [](const ServerQuery& query) { return code(query, query.name.size() == 3 ? 2 : 5); });
    Asker asker(options_for({&server}));
    EXPECT_EQ(asker.ask("a.x")->failure, "SERVFAIL");
    EXPECT_EQ(asker.ask("bb.x")->failure, "REFUSED");
}

TEST(AresResolver, WrongIdsWrongQuestionsAndGarbageAreNoAnswersAndTheRightOneStillComes) {
    const DnsServer server([](const ServerQuery& query) {
        testing::ServerReplies replies;
        testing::DnsPacket wrong_id(static_cast<std::uint16_t>(query.id + 1));
        wrong_id.question(query.wire_name, query.type).answer(query.wire_name, 16, 60, txt({"forged id"}));
        testing::DnsPacket wrong_name(query.id);
        wrong_name.question("evil.x", query.type).answer("evil.x", 16, 60, txt({"forged name"}));
        testing::DnsPacket wrong_type(query.id);
        wrong_type.question(query.wire_name, 1).answer(query.wire_name, 1, 60, {6, 6, 6, 6});
        for (const auto& packet : {wrong_id.octets(), wrong_name.octets(), wrong_type.octets(),
                                   testing::Octets{1, 2, 3}, testing::Octets(600, 0xff)}) {
            replies.push_back({packet, {}});
        }
        replies.push_back(found(query)[0]);
        return replies;
    });
    Asker asker(options_for({&server}));
    EXPECT_EQ(asker.ask("a.x")->texts, std::vector<std::string>{"ok"});
}

TEST(AresResolver, OnlyWrongQuestionsEndInTempfail) {
    const DnsServer server([](const ServerQuery& query) {
        testing::DnsPacket wrong(query.id);
        wrong.question("evil.x", query.type).answer("evil.x", 16, 60, txt({"forged"}));
        return send(wrong);
    });
    Asker asker(impatient(options_for({&server})));
    EXPECT_EQ(asker.ask("a.x")->failure, "timeout");
}

testing::ServerReplies in_lower_case(const ServerQuery& query, const std::string& text) {
    testing::DnsPacket packet(query.id);
    packet.question(text::to_lower(query.name), query.type);
    packet.answer(text::to_lower(query.name), 16, 60, txt({text}));
    return send(packet);
}

TEST(AresResolver, AUdpAnswerWithoutTheCaseAsSentIsNotBelievedWhereTcpSaysOtherwise) {
    const DnsServer server([](const ServerQuery& query) {
        return query.tcp ? found(query, "true") : in_lower_case(query, "forged");
    });
    Asker asker(options_for({&server}));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(asker.ask("a-long-name.example")->texts.at(0), "true");
}

TEST(AresResolver, AServerThatLosesTheCaseIsAskedOverTcpOnceAndThenBelieved) {
    const DnsServer server([](const ServerQuery& query) { return in_lower_case(query, "ok"); });
    Asker asker(options_for({&server}));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(asker.ask("a-long-name.example")->texts.at(0), "ok");
    std::size_t over_tcp = 0;
    for (const auto& query : server.queries()) over_tcp += query.tcp ? 1U : 0U;
    EXPECT_EQ(over_tcp, 1U);
    EXPECT_EQ(server.queries().size(), 6U);
}

TEST(AresResolver, AServerThatLosesTheCaseAndHasNoTcpIsBelievedAfterAskingOnceMore) {
    const DnsServer server([](const ServerQuery& query) { return in_lower_case(query, "ok"); },
                           DnsServer::Serve::udp_only);
    Asker asker(options_for({&server}));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(asker.ask("a-long-name.example")->texts.at(0), "ok");
    EXPECT_EQ(server.queries().size(), 4U);
}

TEST(AresResolver, AServerThatLosesTheCaseAndIsSilentOverTcpIsBelievedAtTheNextTry) {
    const DnsServer server(
        [](const ServerQuery& query) { return query.tcp ? silence() : in_lower_case(query, "ok"); });
    Asker asker(impatient(options_for({&server})));
    EXPECT_EQ(asker.ask("a-long-name.example")->texts.at(0), "ok");
}

/// Answers "n<i>.x" with a CNAME to "n<i+1>.x" and nothing else, up to `last`, which has a text.
testing::ServerReplies chain(const ServerQuery& query, unsigned last) {
    const auto number = text::parse_unsigned(text::to_lower(query.name).substr(1, query.name.size() - 3));
    if (!number || *number >= last) return found(query, "end");
    const auto target = wire_name("n" + std::to_string(*number + 1) + ".x");
    return send(query.reply().answer(query.wire_name, 5, static_cast<std::uint32_t>(50 - *number), target));
}

TEST(AresResolver, CnamesAreFollowedFromPacketToPacketUpToEight) {
    for (const unsigned last : {1U, 8U, 9U}) {
        const DnsServer server([last](const ServerQuery& query) { return chain(query, last); });
        Asker asker(options_for({&server}));
        const auto answer = asker.ask("n0.x");
        if (last <= 8) {
            EXPECT_EQ(answer->outcome, Outcome::found) << answer->failure;
            EXPECT_EQ(answer->ttl_seconds, 51U - last);
        } else {
            EXPECT_EQ(answer->failure, "CNAME chain too long");
        }
    }
}

TEST(AresResolver, ACnameLoopOverSeveralPacketsIsTempfail) {
    const DnsServer server([](const ServerQuery& query) {
        const auto* target = text::iequals(query.name, "a.x") ? "b.x" : "a.x";
        return send(query.reply().answer(query.wire_name, 5, 60, wire_name(target)));
    });
    Asker asker(options_for({&server}));
    EXPECT_EQ(asker.ask("a.x")->failure, "CNAME loop");
    EXPECT_EQ(server.queries().size(), 2U);
}

TEST(AresResolver, NamesWithAnyOctetGoOutAsTheyAre) {
    const DnsServer server([](const ServerQuery& query) { return found(query, query.name); });
    Asker asker(options_for({&server}));
    for (const std::string& name :
         {std::string("back\\slash.x"), std::string("\\046dot.x"), std::string("\"quote\" blank.x"),
          std::string("nul\0.x", 6), std::string("\xc3\xa4\xff.x"), std::string("@.*.$;().x"),
          std::string("tab\t\r\n.x")}) {
        const auto answer = asker.ask(name);
        ASSERT_EQ(answer->outcome, Outcome::found) << answer->failure << " " << text::printable(name, 50);
        EXPECT_TRUE(text::iequals(answer->texts.at(0), name)) << text::printable(name, 50);
    }
}

TEST(AresResolver, WhatCannotBeAskedIsNxdomainAndIsNotSent) {
    const DnsServer server([](const ServerQuery& query) { return found(query); });
    Asker asker(options_for({&server}));
    for (const std::string& name : {std::string(), std::string("."), std::string("a..x"),
                                    std::string(64, 'a') + ".x", std::string(254, 'a')}) {
        EXPECT_EQ(asker.ask(name)->outcome, Outcome::nxdomain);
    }
    EXPECT_TRUE(server.queries().empty());
}

TEST(AresResolver, SourcePortsChangeUnderLoadAndRenewalLosesNoQuestion) {
    const DnsServer server([](const ServerQuery& query) { return found(query, text::to_lower(query.name)); });
    auto options = options_for({&server});
    options.channels_per_server = 2;
    options.queries_per_channel = 10;
    options.tries = 10;
    options.try_timeout = seconds(2);
    Asker asker(options);
    std::vector<Pending> pending(600);
    for (std::size_t i = 0; i < pending.size(); ++i) {
        asker.resolver.ask({"n" + std::to_string(i) + ".x", RecordType::txt}, Clock::now() + seconds(25),
                           pending[i].handler());
    }
    for (std::size_t i = 0; i < pending.size(); ++i) {
        const auto answer = pending[i].get();
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->outcome, Outcome::found) << answer->failure;
        EXPECT_EQ(answer->texts.at(0), "n" + std::to_string(i) + ".x");
    }
    std::set<std::uint16_t> ports;
    for (const auto& query : server.queries()) ports.insert(query.source_port);
    EXPECT_GT(ports.size(), 40U);
}

TEST(AresResolver, NoMoreQuestionsAreInFlightThanAllowedAndTheOthersWait) {
    std::atomic<int> open = 0;
    std::atomic<int> most = 0;
    const DnsServer server([&](const ServerQuery& query) {
        most = std::max(most.load(), ++open);
        auto replies = found(query);
        replies[0].delay = milliseconds(10);
        return replies;
    });
    auto options = options_for({&server});
    options.max_in_flight = 4;
    Asker asker(options);
    std::vector<Pending> pending(40);
    for (std::size_t i = 0; i < pending.size(); ++i) {
        auto handler = [&open, done = pending[i].handler()](AnswerPtr answer) {
            --open;
            done(std::move(answer));
        };
        asker.resolver.ask({"n" + std::to_string(i) + ".x", RecordType::txt}, Clock::now() + seconds(25),
                           handler);
    }
    for (auto& one : pending) EXPECT_EQ(one.get()->outcome, Outcome::found);
    EXPECT_LE(most, 4);
}

TEST(AresResolver, AQuestionThatWaitsKeepsItsDeadlineAndTooManyAreOverload) {
    const DnsServer server([](const ServerQuery&) { return silence(); });
    auto options = options_for({&server});
    options.max_in_flight = 1;
    options.max_waiting = 1;
    Asker asker(options);
    Pending busy;
    Pending waits;
    Pending refused;
    asker.resolver.ask({"a.x", RecordType::txt}, Clock::now() + seconds(20), busy.handler());
    asker.resolver.ask({"b.x", RecordType::txt}, Clock::now() + milliseconds(50), waits.handler());
    asker.resolver.ask({"c.x", RecordType::txt}, Clock::now() + seconds(20), refused.handler());
    EXPECT_EQ(refused.get()->failure, "overloaded");
    EXPECT_EQ(waits.get()->failure, "timeout");
    EXPECT_FALSE(busy.ready());
}

TEST(AresResolver, ItsEndAnswersWhatIsOutstandingAndWhatHandlersAskThen) {
    const DnsServer server([](const ServerQuery&) { return silence(); });
    auto options = options_for({&server});
    options.max_in_flight = 2;
    std::vector<Pending> pending(5);
    Pending nested;
    {
        EventThread thread;
        AresResolver resolver(thread, options);
        for (auto& one : pending) {
            resolver.ask({"a.x", RecordType::txt}, Clock::now() + seconds(25), one.handler());
        }
        resolver.ask({"b.x", RecordType::txt}, Clock::now() + seconds(25), [&](const AnswerPtr&) {
            resolver.ask({"c.x", RecordType::txt}, Clock::now() + seconds(25), nested.handler());
        });
    }
    for (auto& one : pending) EXPECT_EQ(one.get()->outcome, Outcome::tempfail);
    EXPECT_EQ(nested.get()->outcome, Outcome::tempfail);
}

TEST(AresResolver, WithoutAUsableServerThereIsNoResolver) {
    EventThread thread;
    AresOptions options;
    options.servers = {"ns.example"};
    EXPECT_THROW(AresResolver(thread, options), std::runtime_error);
}

TEST(AresResolver, TakesTheServersOfTheSystemWhereNoneAreGiven) {
    EventThread thread;
    EXPECT_NO_THROW(AresResolver(thread, AresOptions{}));
}

}  // namespace
}  // namespace defender::dns
