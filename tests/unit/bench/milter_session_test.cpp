#include "tests/bench/milter_session.hpp"

#include <gtest/gtest.h>

#include "tests/bench/milter_chain.hpp"
#include "tests/support/scripted_milter.hpp"

namespace defender::bench {
namespace {

using test::ScriptedMilter;

constexpr std::uint32_t leading_space = 0x100000;
constexpr std::uint32_t nothing_answered =
    0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x80 | 0x40000 | 0x80000 | 0x10000;
const Packet go_on{'c', ""};

Mail mail() {
    Mail made{"192.0.2.1", "mail.example", "a@b.example", "c@d.example", "", {}, "body\r\n"};
    made.header = {{"From", " a@b.example"}, {"Subject", "close"}};
    return made;
}

/// A milter that asks for these steps and says `c` to all others, and at the end this.
ScriptedMilter::Answers answers(std::uint32_t steps, std::vector<Packet> end = {go_on}) {
    ScriptedMilter::Answers made{{'O', {ScriptedMilter::negotiated(steps)}}, {'E', std::move(end)}};
    const std::map<char, std::uint32_t> unanswered{{'C', 0x1000},  {'H', 0x2000},  {'M', 0x4000},
                                                   {'R', 0x8000},  {'T', 0x10000}, {'L', 0x80},
                                                   {'N', 0x40000}, {'B', 0x80000}};
    for (const auto& [command, flag] : unanswered) {
        if (!(steps & flag)) made[command] = {go_on};
    }
    return made;
}

/// One message in a session of its own.
Outcome outcome_of(const ScriptedMilter& milter, const Mail& message) {
    boost::asio::io_context context;
    MilterChain chain(context, {milter.address()});
    chain.greet(message);
    chain.begin(message, "Q1");
    auto outcome = chain.finish();
    chain.quit();
    return outcome;
}

/// The kind of its answer.
std::string play(const ScriptedMilter& milter, const Mail& message) {
    return outcome_of(milter, message).kind;
}

/// What was said with this command, in order.
std::vector<std::string> data_of(ScriptedMilter& milter, char command) {
    std::vector<std::string> found;
    for (const auto& packet : milter.heard()) {
        if (packet.command == command) found.push_back(packet.data);
    }
    return found;
}

std::string text(std::string_view with_bars) {
    std::string made(with_bars);
    for (char& octet : made) octet = octet == '|' ? '\0' : octet;
    return made;
}

TEST(MilterSession, SaysEveryStepInTheOrderOfSmtp) {
    ScriptedMilter milter(answers(leading_space));
    const auto outcome = outcome_of(milter, mail());
    EXPECT_EQ(outcome.kind, "accept");
    EXPECT_FALSE(outcome.early);
    EXPECT_EQ(milter.commands(), "DCHDMDRDTLLDNBDEAQ");
}

TEST(MilterSession, SaysTheSameWithoutAwaitingAnswers) {
    ScriptedMilter milter(answers(leading_space | nothing_answered));
    EXPECT_EQ(play(milter, mail()), "accept");
    EXPECT_EQ(milter.commands(), "DCHDMDRDTLLDNBDEAQ");
}

TEST(MilterSession, LeavesOutStepsThatAreNotWanted) {
    constexpr std::uint32_t no_helo_recipient_data_body = 0x02 | 0x08 | 0x200 | 0x10;
    ScriptedMilter milter(answers(leading_space | no_helo_recipient_data_body));
    play(milter, mail());
    EXPECT_EQ(milter.commands(), "DCDMDDLLDNDEAQ");
}

TEST(MilterSession, GivesMacrosAsPostfixDoes) {
    ScriptedMilter milter(answers(leading_space));
    play(milter, mail());
    const auto macros = data_of(milter, 'D');
    ASSERT_EQ(macros.size(), 6U);
    EXPECT_EQ(macros[1], text("M{mail_addr}|a@b.example|{mail_host}|b.example|"));
    EXPECT_EQ(macros[3], text("Ti|Q1|"));
}

TEST(MilterSession, GivesTheMacrosThatTheMilterAskedForInstead) {
    auto script = answers(leading_space);
    script['O'] = {ScriptedMilter::negotiated(leading_space, {{0, "{client_addr} j unheard_of"}, {5, ""}})};
    ScriptedMilter milter(script);
    play(milter, mail());
    EXPECT_EQ(data_of(milter, 'D').front(), text("C{client_addr}|192.0.2.1|j|mx.bench.example|"));
    EXPECT_EQ(milter.commands(), "DCHDMDRDTLLDNBEAQ");
}

TEST(MilterSession, TellsTheClientWithFamilyAndPort) {
    ScriptedMilter milter(answers(leading_space));
    auto message = mail();
    play(milter, message);
    message.client = "2001:db8::1";
    play(milter, message);
    const auto connects = data_of(milter, 'C');
    ASSERT_EQ(connects.size(), 2U);
    EXPECT_EQ(connects[0], text("mail.example|4\x9c\x40"
                                "192.0.2.1|"));
    EXPECT_EQ(connects[1], text("mail.example|6\x9c\x40IPv6:2001:db8::1|"));
}

TEST(MilterSession, KeepsTheLeadingBlankOnlyWhereItIsWanted) {
    for (const auto steps : {leading_space, 0U}) {
        ScriptedMilter milter(answers(steps));
        play(milter, mail());
        EXPECT_EQ(data_of(milter, 'L')[0], text(steps ? "From| a@b.example|" : "From|a@b.example|"));
        EXPECT_EQ(data_of(milter, 'L')[1], text("Subject|close|"));
    }
}

TEST(MilterSession, SendsABodyInPiecesUntilTheMilterHasEnough) {
    auto script = answers(leading_space);
    auto message = mail();
    message.body = std::string(150000, 'x');
    ScriptedMilter whole(script);
    play(whole, message);
    ASSERT_EQ(data_of(whole, 'B').size(), 3U);
    EXPECT_EQ(data_of(whole, 'B')[0].size(), 65535U);
    EXPECT_EQ(data_of(whole, 'B')[2].size(), 150000U - 2 * 65535U);
    script['B'] = {{'s', ""}};
    ScriptedMilter enough(script);
    EXPECT_EQ(play(enough, message), "accept");
    EXPECT_EQ(data_of(enough, 'B').size(), 1U);
}

TEST(MilterSession, NamesTheAnswers) {
    const std::map<std::string, std::vector<Packet>> answered{
        {"accept", {{'a', ""}}},
        {"discard", {{'d', ""}}},
        {"reject", {{'r', ""}}},
        {"tempfail", {{'t', ""}}},
        {"quarantine", {{'q', text("held|")}, {'p', ""}, {'c', ""}}},
    };
    for (const auto& [kind, packets] : answered) {
        ScriptedMilter milter(answers(leading_space, packets));
        EXPECT_EQ(play(milter, mail()), kind);
    }
    ScriptedMilter refuses(answers(leading_space, {{'y', text("550 5.7.1 no|")}}));
    EXPECT_EQ(play(refuses, mail()), "reject");
    ScriptedMilter puts_off(answers(leading_space, {{'y', text("451 4.7.1 later|")}}));
    EXPECT_EQ(play(puts_off, mail()), "tempfail");
}

TEST(MilterSession, AnAnswerBeforeTheEndEndsTheMessage) {
    auto script = answers(leading_space);
    script['R'] = {{'r', ""}};
    ScriptedMilter milter(script);
    const auto outcome = outcome_of(milter, mail());
    EXPECT_EQ(outcome.kind, "reject");
    EXPECT_TRUE(outcome.early);
    EXPECT_EQ(milter.commands(), "DCHDMDRAQ");
}

TEST(MilterSession, AMilterThatAcceptsTheClientHearsNoMoreOfIt) {
    auto script = answers(leading_space);
    script['C'] = {{'a', ""}};
    ScriptedMilter milter(script);
    const auto outcome = outcome_of(milter, mail());
    EXPECT_EQ(outcome.kind, "accept");
    EXPECT_TRUE(outcome.early);
    EXPECT_EQ(milter.commands(), "DCAQ");
}

TEST(MilterSession, AMilterThatSpeaksSomethingElseIsAnException) {
    boost::asio::io_context context;
    ScriptedMilter milter({{'O', {go_on}}});
    EXPECT_THROW(MilterSession(context, milter.address()), std::runtime_error);
}

TEST(MilterChain, TheSecondMilterSeesTheHeaderAsTheFirstHasLeftIt) {
    const auto number = [](std::uint32_t index) { return wire_number(index); };
    ScriptedMilter first(answers(leading_space, {{'i', number(0) + text("Authentication-Results| one|")},
                                                 {'h', text("X-Last| two|")},
                                                 {'m', number(1) + text("Subject||")},
                                                 go_on}));
    ScriptedMilter second(answers(leading_space));
    boost::asio::io_context context;
    MilterChain chain(context, {first.address(), second.address()});
    const auto message = mail();
    chain.greet(message);
    chain.begin(message, "Q1");
    EXPECT_EQ(chain.finish().kind, "accept");
    chain.quit();
    EXPECT_EQ(data_of(second, 'L'),
              (std::vector<std::string>{text("Authentication-Results| one|"), text("From| a@b.example|"),
                                        text("X-Last| two|")}));
    EXPECT_EQ(data_of(first, 'L').size(), 2U);
}

TEST(MilterChain, WhatTheFirstRefusesTheSecondHearsNoContentOf) {
    ScriptedMilter first(answers(leading_space, {{'r', ""}}));
    ScriptedMilter second(answers(leading_space));
    boost::asio::io_context context;
    MilterChain chain(context, {first.address(), second.address()});
    const auto message = mail();
    chain.greet(message);
    chain.begin(message, "Q1");
    EXPECT_EQ(chain.finish().kind, "reject");
    chain.quit();
    EXPECT_EQ(second.commands(), "DCHDMDRAQ");
}

TEST(MilterChain, OneSessionPlaysSeveralMessages) {
    ScriptedMilter milter(answers(leading_space));
    boost::asio::io_context context;
    MilterChain chain(context, {milter.address()});
    const auto message = mail();
    chain.greet(message);
    for (const auto* queue_id : {"Q1", "Q2"}) {
        chain.begin(message, queue_id);
        chain.finish();
    }
    chain.quit();
    EXPECT_EQ(milter.commands(), "DCHDMDRDTLLDNBDEADMDRDTLLDNBDEAQ");
}

}  // namespace
}  // namespace defender::bench
