#include "milter/milter_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "common/log/recent_problems.hpp"
#include "tests/support/dkim_message.hpp"
#include "tests/support/milter_gateway.hpp"
#include "tests/support/milter_packets.hpp"

namespace defender::milter {
namespace {

using namespace std::string_literals;
using test::packet;
using test::strings;
using testing::HasSubstr;
using State = MilterConnection::State;

constexpr std::chrono::seconds patience{20};
// Nothing is quiet but what has to be, and nothing can be skipped, so that each step has its answer.
constexpr std::uint32_t loud = steps::leading_space;

class MilterConnectionTest : public testing::Test {
  protected:
    struct Made {
        std::uint64_t message;
        Reply reply;
    };

    void start() {
        connection_.emplace(world_.start(), [this](std::uint64_t message, Reply reply) {
            const std::lock_guard lock(mutex_);
            made_.push_back({message, std::move(reply)});
            arrived_.notify_all();
        });
    }

    /// Up to a connected client, with the answers taken.
    void greet(std::uint32_t offered_steps = loud) {
        if (!connection_) start();
        take(test::offer(test::every_action, offered_steps) + test::client("192.0.2.1"));
        answers();
    }

    std::size_t take(const std::string& octets) { return connection_->take(octets); }

    std::vector<test::MilterAnswer> answers() {
        auto answers = test::take_answers(connection_->output());
        EXPECT_EQ(connection_->output(), "") << "half an answer";
        return answers;
    }
    std::string codes() { return test::codes(answers()); }

    Made next_reply() {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, patience, [this] { return !made_.empty(); }))
            throw std::runtime_error("no reply");
        auto made = std::move(made_.front());
        made_.erase(made_.begin());
        return made;
    }

    /// The answers to a message that has come to its end.
    std::vector<test::MilterAnswer> finish() {
        const auto made = next_reply();
        connection_->give_reply(made.message, made.reply);
        return answers();
    }

    void expect_refused(const std::string& octets, const std::string& why) {
        start();
        take(octets);
        EXPECT_EQ(connection_->state(), State::closed) << why;
        EXPECT_EQ(log::recent_problems().back().id, "MILTER_PACKET_REFUSED");
        EXPECT_THAT(log::recent_problems().back().line, HasSubstr(why));
        connection_.reset();
    }

    test::MilterGateway world_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Made> made_;
    std::optional<MilterConnection> connection_;
};

const auto greeting = test::offer() + test::client("192.0.2.1");
const auto good = test::message_head("<user@example.com>", " user@example.com");
const auto forged = test::message_head("<user@example.com>", " user@example.com") + packet('B', "forged\r\n");

TEST_F(MilterConnectionTest, AMessageIsJudgedAndAnsweredWithItsEdits) {
    greet();
    take(good + test::message_end("Q1"));
    EXPECT_EQ(codes(), "cccccc") << "HELO, MAIL, RCPT, two fields, end of headers";
    EXPECT_EQ(connection_->state(), State::waiting);
    const auto edited = finish();
    ASSERT_EQ(test::codes(edited), "ic");
    EXPECT_THAT(edited[0].data, HasSubstr("Authentication-Results"s + '\0' + " mx.example.net;"));
    EXPECT_THAT(edited[0].data, HasSubstr("dmarc=pass"));
    EXPECT_EQ(connection_->state(), State::reading);
    EXPECT_FALSE(connection_->has_message());
    ASSERT_EQ(world_.records().size(), 1U);
    EXPECT_EQ(world_.records()[0].evidence.queue_id, "Q1");
    EXPECT_EQ(world_.records()[0].evidence.client.name, "client.example.com");
}

TEST_F(MilterConnectionTest, ARefusalIsAReplyWithItsCode) {
    start();
    take(test::offer() + test::client("192.0.2.99") + forged + test::message_end("Q1"));
    EXPECT_EQ(codes(), "Os");
    const auto refusal = finish();
    ASSERT_EQ(test::codes(refusal), "y");
    EXPECT_THAT(refusal[0].data, testing::StartsWith("550 5.7.1 "));
}

TEST_F(MilterConnectionTest, QuietStepsHaveNoAnswerAndTheBodyIsSkipped) {
    start();
    take(greeting);
    EXPECT_EQ(codes(), "O");
    take(good);
    EXPECT_EQ(codes(), "");
    take(packet('B', "hello\r\n"));
    EXPECT_EQ(codes(), "s") << "nothing is signed, so nobody wants the body";
    take(test::message_end("Q1"));
    EXPECT_EQ(test::codes(finish()), "ic");
}

TEST_F(MilterConnectionTest, EverySplitOfTheOctetsIsTheSame) {
    start();
    const auto all = greeting + good + packet('B', "hello\r\n") + test::message_end("Q1");
    std::string untaken;
    for (const char octet : all) {
        untaken += octet;
        untaken.erase(0, take(untaken));
    }
    EXPECT_EQ(untaken, "");
    EXPECT_EQ(codes(), "Os");
    EXPECT_EQ(test::codes(finish()), "ic");
}

TEST_F(MilterConnectionTest, WhatComesBehindTheEndOfAMessageIsTakenAfterItsReply) {
    greet();
    const auto first = good + test::message_end("Q1");
    const auto both = first + packet('A') + good + test::message_end("Q2");
    EXPECT_EQ(take(both), first.size());
    EXPECT_EQ(take(both.substr(first.size())), 0U) << "while it waits";
    answers();
    EXPECT_EQ(test::codes(finish()), "ic");
    EXPECT_EQ(take(both.substr(first.size())), both.size() - first.size());
    answers();
    EXPECT_EQ(test::codes(finish()), "ic");
    ASSERT_EQ(world_.records().size(), 2U);
    EXPECT_EQ(world_.records()[1].evidence.queue_id, "Q2");
}

TEST_F(MilterConnectionTest, SignsOfLifeComeOnlyWhileAMessageWaits) {
    greet();
    connection_->give_progress();
    EXPECT_EQ(codes(), "");
    take(good + test::message_end("Q1"));
    answers();
    connection_->give_progress();
    EXPECT_EQ(codes(), "p");
    finish();
}

TEST_F(MilterConnectionTest, TheLoginOfMailIsKnown) {
    greet();
    take(packet('D', "M" + strings({"{auth_authen}", "ann"})) + good + test::message_end("Q1"));
    answers();
    finish();
    EXPECT_TRUE(world_.records().at(0).evidence.client.authenticated);
    take(good + test::message_end("Q2"));
    answers();
    finish();
    EXPECT_FALSE(world_.records().at(1).evidence.client.authenticated) << "the login of another message";
}

TEST_F(MilterConnectionTest, TheQueueIdMayComeAtMailOnly) {
    greet();
    take(packet('D', "M" + strings({"i", "Q7"})) + good + packet('E'));
    answers();
    finish();
    EXPECT_EQ(world_.records().at(0).evidence.queue_id, "Q7");
}

TEST_F(MilterConnectionTest, AnAbortedMessageLeavesNothing) {
    greet();
    take(good + packet('A') + good + test::message_end("Q2"));
    answers();
    finish();
    ASSERT_EQ(world_.records().size(), 1U);
    EXPECT_EQ(world_.records()[0].evidence.queue_id, "Q2");
}

TEST_F(MilterConnectionTest, AMailWithinAMessageBeginsANewOne) {
    greet();
    take(test::message_head("<user@attack.example>", " user@attack.example") + good +
         test::message_end("Q1"));
    answers();
    finish();
    ASSERT_EQ(world_.records().size(), 1U);
    EXPECT_EQ(world_.records()[0].evidence.mail_from, "@example.com") << "the domain, as is the default";
}

TEST_F(MilterConnectionTest, AnotherClientMayFollowOnTheConnection) {
    greet();
    take(packet('K') + test::client("192.0.2.99", "other.example.com") + good + test::message_end("Q1"));
    answers();
    EXPECT_EQ(test::codes(finish()), "y");
    EXPECT_EQ(world_.records().at(0).evidence.client.name, "other.example.com");
}

TEST_F(MilterConnectionTest, TheHeaderIsCompleteThoughItsEndWasNotTold) {
    greet();
    const auto second = test::header("From", " other@example.com");
    const auto head = good.substr(0, good.size() - packet('N').size());
    take(head + second + test::message_end("Q1"));
    answers();
    finish();
    EXPECT_EQ(world_.records().at(0).evidence.author_status, mail::AuthorStatus::multiple_fields);
}

TEST_F(MilterConnectionTest, APieceOfABodyIsAnsweredBeforeTheNextIsTaken) {
    std::vector<std::string> sent;
    connection_.emplace(
        world_.start(), [](std::uint64_t, const Reply&) {},
        [&] { sent.push_back(test::codes(test::take_answers(connection_->output()))); });
    take(test::offer() + test::client("192.0.2.1"));
    EXPECT_EQ(codes(), "O");
    const mail::HeaderFields fields{{"From", " user@example.com"}};
    test::DkimSigning how;
    how.signed_fields = {"from"};
    const auto signature = test::DkimSigner::sign(test::rsa_key(), how, fields, "one\r\ntwo\r\n");
    take(packet('M', strings({"<user@example.com>"})) + test::header(signature.name, signature.value) +
         test::header("From", fields[0].value) + packet('N'));
    take(packet('B', "one\r\n") + packet('B', "two\r\n"));
    EXPECT_THAT(sent, testing::ElementsAre("c", "c"));
    EXPECT_EQ(connection_->output(), "");
}

TEST_F(MilterConnectionTest, TheEndMayBringTheLastOfTheBody) {
    greet();
    take(good + packet('B', "hel") + packet('E', "lo\r\n"));
    EXPECT_EQ(codes(), "ccccccc");
    EXPECT_EQ(test::codes(finish()), "ic");
}

TEST_F(MilterConnectionTest, CommandsThatSayNothingAreAnswered) {
    greet();
    take(packet('U', strings({"XYZZY"})) + packet('H', strings({"h"})) +
         packet('M', strings({"<user@example.com>"})) + packet('T'));
    EXPECT_EQ(codes(), "cccc");
}

TEST_F(MilterConnectionTest, QuitEndsItAtAnyPoint) {
    for (const auto& before : {""s, test::offer(), greeting, greeting + good}) {
        start();
        take(before + packet('Q') + packet('M'));
        EXPECT_EQ(connection_->state(), State::closed);
        connection_.reset();
    }
    EXPECT_TRUE(world_.records().empty());
}

TEST_F(MilterConnectionTest, AnMtaThatCannotDoWhatIsNeededIsTurnedAway) {
    start();
    take(test::offer(0x01, test::every_step));
    EXPECT_EQ(connection_->state(), State::closed);
    EXPECT_EQ(codes(), "");
    EXPECT_EQ(log::recent_problems().back().id, "MILTER_MTA_UNSUITABLE");
}

TEST_F(MilterConnectionTest, AnOlderMtaIsAnsweredInItsVersion) {
    start();
    take(test::offer(test::every_action, test::every_step, 99));
    EXPECT_THAT(answers().at(0).data, testing::StartsWith(test::number_octets(6)));
    connection_.reset();
    start();
    take(test::offer(test::every_action, test::every_step, 4));
    EXPECT_THAT(answers().at(0).data, testing::StartsWith(test::number_octets(4)));
}

TEST_F(MilterConnectionTest, PacketsOutOfPlaceEndTheConnection) {
    const auto mail = packet('M', strings({"<user@example.com>"}));
    const auto field = test::header("From", " user@example.com");
    expect_refused(test::offer(test::every_action, test::every_step, 1), "too old");
    expect_refused(packet('O', "short"), "too short");
    expect_refused(test::offer() + test::offer(), "second negotiation");
    expect_refused(test::client("192.0.2.1"), "before the negotiation");
    expect_refused(packet('D', "C"), "before the negotiation");
    expect_refused(test::offer() + mail, "before a client");
    expect_refused(test::offer() + packet('E'), "before a client");
    expect_refused(greeting + test::client("192.0.2.2"), "second client");
    for (const auto& part :
         {packet('R', strings({"<a>"})), packet('T'), field, packet('N'), packet('B', "x"), packet('E')}) {
        expect_refused(greeting + part, "before MAIL");
        expect_refused(greeting + mail + packet('A') + part, "before MAIL");
    }
    for (const auto& late : {field, packet('N'), packet('R', strings({"<a>"})), packet('T')}) {
        expect_refused(greeting + mail + field + packet('N') + late, "out of order");
        expect_refused(greeting + mail + packet('B', "x") + late, "out of order");
    }
    expect_refused(greeting + mail + field + packet('R', strings({"<a>"})), "out of order");
    expect_refused(greeting + packet('x'), "not known");
    expect_refused(greeting + mail + packet('\0'), "not known");
}

TEST_F(MilterConnectionTest, PacketsThatCannotBeReadEndTheConnection) {
    expect_refused(test::number_octets(0) + "x", "without a command");
    expect_refused("GET / HTTP/1.0\r\n\r\n", "octets");
    expect_refused(greeting + packet('D', "M" + strings({"i"})), "list of pairs");
    expect_refused(greeting + packet('D'), "list of pairs");
    expect_refused(test::offer() + packet('C', "x"), "a client that");
    expect_refused(greeting + packet('H', "x"), "HELO");
    expect_refused(greeting + packet('M'), "MAIL");
    expect_refused(greeting + packet('M', strings({"<a>"})) + packet('R', "x"), "RCPT");
    expect_refused(greeting + packet('M', strings({"<a>"})) + packet('L', strings({"x"})), "header field");
}

TEST_F(MilterConnectionTest, AClosedConnectionTakesNothing) {
    greet();
    take(packet('x'));
    EXPECT_EQ(take(good), 0U);
    EXPECT_EQ(codes(), "");
}

TEST_F(MilterConnectionTest, AReplyThatIsNotWaitedForIsDropped) {
    greet();
    connection_->give_reply(1, Reply{});
    EXPECT_EQ(codes(), "");
    take(good + test::message_end("Q1"));
    answers();
    connection_->give_reply(0, Reply{});
    EXPECT_EQ(codes(), "");
    const auto made = next_reply();
    connection_->close();
    connection_->give_reply(made.message, made.reply);
    EXPECT_EQ(codes(), "");
}

TEST_F(MilterConnectionTest, AMessageInFlightIsRecordedThoughItsMtaIsGone) {
    world_.resolver->hold();
    greet();
    take(good + test::message_end("Q1"));
    connection_->close();
    while (world_.resolver->answer_round()) {
    }
    next_reply();
    EXPECT_EQ(world_.records().size(), 1U);
}

TEST_F(MilterConnectionTest, HoldThatTheMtaCannotDoIsAnsweredAsAProblemOfTheFilter) {
    world_.settings->milter.on_error = config::OnError::tempfail;
    world_.settings->policy.on_reject = config::OnReject::quarantine;
    start();
    take(test::offer(test::every_action & ~actions::quarantine) + test::client("192.0.2.99"));
    world_.settings->policy.on_quarantine = config::OnQuarantine::hold;
    world_.reload();
    take(good + test::message_end("Q1"));
    answers();
    EXPECT_EQ(test::codes(finish()), "t");
    EXPECT_EQ(log::recent_problems().back().id, "MILTER_CALLBACK_FAILED");
    EXPECT_EQ(connection_->state(), State::reading);
}

TEST_F(MilterConnectionTest, AClientWithoutAnAddressIsLocal) {
    start();
    take(test::offer() + packet('C', strings({"localhost"}) + "U") + good + test::message_end("Q1"));
    answers();
    finish();
    EXPECT_TRUE(world_.records().at(0).evidence.client.local);
}

TEST_F(MilterConnectionTest, LongHeaderFieldsAreTaken) {
    greet();
    take(packet('M', strings({"<user@example.com>"})) + test::header("X-Long", std::string(1000000, 'x')) +
         test::header("From", " user@example.com") + packet('N') + test::message_end("Q1"));
    answers();
    EXPECT_EQ(test::codes(finish()), "ic");
}

}  // namespace
}  // namespace defender::milter
