#include "milter/milter_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/milter_packets.hpp"

namespace defender::milter {
namespace {

using namespace std::string_literals;
using test::number_octets;
using test::strings;
using testing::ElementsAre;

TEST(FirstPacket, IsTakenOnceItIsWhole) {
    const auto octets = test::packet('L', "From\0 x\0"s);
    for (std::size_t count = 0; count < octets.size(); ++count) {
        const auto cut = first_packet(std::string_view(octets).substr(0, count));
        ASSERT_TRUE(cut) << count;
        EXPECT_FALSE(*cut) << count;
    }
    const auto more = octets + "behind";
    const auto packet = first_packet(more);
    ASSERT_TRUE(packet && *packet);
    EXPECT_EQ((*packet)->command, Command::header);
    EXPECT_EQ((*packet)->data, "From\0 x\0"s);
    EXPECT_EQ((*packet)->octets, octets.size());
}

TEST(FirstPacket, SaysHowLongItWillBeOnceThatIsKnown) {
    const auto octets = test::packet('L', "From\0 x\0"s);
    EXPECT_EQ(first_packet_octets(""), 5U);
    EXPECT_EQ(first_packet_octets(std::string_view(octets).substr(0, 3)), 5U);
    EXPECT_EQ(first_packet_octets(std::string_view(octets).substr(0, 4)), octets.size());
    EXPECT_EQ(first_packet_octets(octets + "behind"), octets.size());
    EXPECT_EQ(first_packet_octets(number_octets(0)), 5U) << "what is wrong with it shows with one more";
}

TEST(FirstPacket, IsNeverSaidToBeLongerThanTheLongest) {
    EXPECT_EQ(first_packet_octets(number_octets(0xffffffff)), 4 + longest_header_packet)
        << "room is made for so many, before a command has come that could be refused";
}

TEST(FirstPacket, MayHaveNoData) {
    const auto octets = test::packet('E');
    const auto packet = first_packet(octets);
    ASSERT_TRUE(packet && *packet);
    EXPECT_EQ((*packet)->command, Command::end_of_message);
    EXPECT_EQ((*packet)->data, "");
    EXPECT_EQ((*packet)->octets, 5U);
}

TEST(FirstPacket, WithoutACommandIsRefused) {
    EXPECT_TRUE(first_packet(number_octets(0))) << "the next octets may be anything";
    EXPECT_FALSE(first_packet(number_octets(0) + "Q"));
}

TEST(FirstPacket, TooLongIsRefusedBeforeItComes) {
    struct Row {
        char command;
        std::size_t length;
        bool taken;
    };
    for (const auto& row : {Row{'B', longest_packet, true}, Row{'B', longest_packet + 1, false},
                            Row{'M', longest_packet, true}, Row{'M', longest_packet + 1, false},
                            Row{'L', longest_header_packet, true}, Row{'L', longest_header_packet + 1, false},
                            Row{'L', 0xffffffff, false}, Row{'\0', longest_packet + 1, false}}) {
        const auto octets = number_octets(static_cast<std::uint32_t>(row.length)) + row.command;
        EXPECT_EQ(first_packet(octets).has_value(), row.taken) << row.command << row.length;
    }
}

TEST(ParseOffer, HasThreeNumbers) {
    const auto data = number_octets(6) + number_octets(0x1ff) + number_octets(0xf01fffff);
    const auto offer = parse_offer(data);
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->version, 6U);
    EXPECT_EQ(offer->terms, (Terms{0x1ff, 0xf01fffff}));
    EXPECT_TRUE(parse_offer(data + "what a later version may add"));
    EXPECT_FALSE(parse_offer(std::string_view(data).substr(1)));
    EXPECT_FALSE(parse_offer(""));
}

TEST(ParseClient, OfEachFamily) {
    struct Row {
        std::string data;
        std::string name;
        std::string address;
    };
    const std::vector<Row> rows{
        {"mx.example\0"
         "4\x12\x34"
         "192.0.2.1\0"s,
         "mx.example", "192.0.2.1"},
        {"mx.example\0"
         "6\x12\x34"
         "2001:db8::1\0"s,
         "mx.example", "2001:db8::1"},
        {"mx.example\0"
         "6\x12\x34"
         "IPv6:2001:db8::1\0"s,
         "mx.example", "2001:db8::1"},
        {"mx.example\0"
         "6\x12\x34"
         "ipv6:::ffff:192.0.2.1\0"s,
         "mx.example", "192.0.2.1"},
        {"\0"
         "4\0\0"
         "192.0.2.1\0"s,
         "", "192.0.2.1"},
        {"localhost\0U"s, "localhost", ""},
        {"localhost\0L\0\0/run/x\0"s, "localhost", ""},
    };
    for (const auto& row : rows) {
        const auto client = parse_client(row.data);
        ASSERT_TRUE(client) << row.address;
        EXPECT_EQ(client->name, row.name);
        EXPECT_EQ(client->address ? client->address->to_string() : "", row.address);
    }
}

TEST(ParseClient, IsRefusedWhereItCannotBeRead) {
    for (const auto& data : {""s, "mx.example"s, "mx.example\0"s,
                             "mx.example\0"
                             "4"s,
                             "mx.example\0"
                             "4\x12\x34"s,
                             "mx.example\0"
                             "4\x12\x34"
                             "192.0.2.1"s,
                             "mx.example\0"
                             "4\x12\x34"
                             "192.0.2.256\0"s,
                             "mx.example\0"
                             "4\x12\x34"
                             "2001:db8::1\0"s,
                             "mx.example\0"
                             "6\x12\x34"
                             "\0"s,
                             "mx.example\0"
                             "5\x12\x34"
                             "192.0.2.1\0"s,
                             "mx.example\0L\0\0/run/x"s}) {
        EXPECT_FALSE(parse_client(data)) << testing::PrintToString(data);
    }
}

TEST(ParseFirst, IsTheFirstOfStringsThatAreAllWhole) {
    EXPECT_EQ(parse_first(strings({"<a@example.com>"})), "<a@example.com>");
    EXPECT_EQ(parse_first(strings({"<a@example.com>", "SIZE=1"})), "<a@example.com>");
    EXPECT_EQ(parse_first(strings({""})), "");
    EXPECT_FALSE(parse_first(""));
    EXPECT_FALSE(parse_first("<a@example.com>"));
    EXPECT_FALSE(parse_first("<a@example.com>\0SIZE"s));
}

TEST(ParseHeader, IsNameAndValue) {
    const auto data = strings({"From", " a@example.com,\n\tb"});
    const auto field = parse_header(data);
    ASSERT_TRUE(field);
    EXPECT_EQ(field->name, "From");
    EXPECT_EQ(field->value, " a@example.com,\n\tb");
    EXPECT_EQ(parse_header(strings({"X", ""}))->value, "");
    EXPECT_EQ(parse_header(strings({"", "x"}))->name, "");
}

TEST(ParseHeader, WhatStandsBehindANulIsPartOfTheValue) {
    EXPECT_EQ(parse_header("From\0 a@example.com\0.attack.example\0"s)->value,
              " a@example.com\0.attack.example"s);
}

TEST(ParseHeader, IsRefusedWhereItIsCut) {
    for (const auto& data : {""s, "From"s, "From\0"s, "From\0 x"s}) EXPECT_FALSE(parse_header(data));
}

TEST(Macros, QueueIdAndLoginAreTakenWithAndWithoutBraces) {
    for (const auto* const name : {"i", "{i}"}) {
        Macros macros;
        EXPECT_TRUE(macros.take("M" + strings({"{mail_addr}", "a@example.com", name, "4F2"})));
        EXPECT_EQ(macros.queue_id(), "4F2") << name;
        EXPECT_FALSE(macros.authenticated());
    }
    Macros macros;
    EXPECT_TRUE(macros.take("M" + strings({"{auth_authen}", "ann"})));
    EXPECT_TRUE(macros.authenticated());
    EXPECT_EQ(macros.queue_id(), "");
}

TEST(Macros, AnEmptyLoginIsNone) {
    Macros macros;
    EXPECT_TRUE(macros.take("M" + strings({"{auth_authen}", ""})));
    EXPECT_FALSE(macros.authenticated());
}

TEST(Macros, AListThatIsNotOfPairsIsRefusedAndNoneOfItTaken) {
    for (const auto& list : {strings({"i"}), strings({"i", "4F2", "j"}), "i"s,
                             "i\0"s
                             "4F2"s}) {
        Macros macros;
        EXPECT_FALSE(macros.take("M" + list)) << testing::PrintToString(list);
        EXPECT_EQ(macros.queue_id(), "");
    }
    EXPECT_FALSE(Macros().take(""));
}

TEST(Macros, AnEmptyListAndStepsOfNoInterestAreLetPass) {
    Macros macros;
    EXPECT_TRUE(macros.take("C"));
    EXPECT_TRUE(macros.take("U" + strings({"i", "4F2"})));
    EXPECT_EQ(macros.queue_id(), "");
}

TEST(Macros, OfALaterStepCountMoreAndGoWhereAnEarlierStepHasThemAnew) {
    Macros macros;
    EXPECT_TRUE(macros.take("M" + strings({"i", "at mail"})));
    EXPECT_TRUE(macros.take("E" + strings({"i", "at the end"})));
    EXPECT_EQ(macros.queue_id(), "at the end");
    EXPECT_TRUE(macros.take("R" + strings({"j", "mx"})));
    EXPECT_EQ(macros.queue_id(), "at mail");
    EXPECT_TRUE(macros.take("M" + strings({"j", "mx"})));
    EXPECT_EQ(macros.queue_id(), "");
}

TEST(Macros, OfAMessageAreForgottenWithItAndThoseOfTheClientStay) {
    Macros macros;
    EXPECT_TRUE(macros.take("H" + strings({"{auth_authen}", "ann"})));
    EXPECT_TRUE(macros.take("M" + strings({"i", "4F2"})));
    macros.forget_message();
    EXPECT_EQ(macros.queue_id(), "");
    EXPECT_TRUE(macros.authenticated());
    macros.forget_all();
    EXPECT_FALSE(macros.authenticated());
}

std::vector<test::MilterAnswer> answers_of(std::string octets) {
    auto answers = test::take_answers(octets);
    EXPECT_EQ(octets, "");
    return answers;
}

TEST(PutTerms, AsksForMacrosWhereThatMayBeAsked) {
    std::string out;
    put_terms(out, 6, {0x131, 0x10fdc0});
    const auto numbers = number_octets(6) + number_octets(0x131) + number_octets(0x10fdc0);
    EXPECT_THAT(answers_of(out), ElementsAre(test::MilterAnswer{'O', numbers + number_octets(2) +
                                                                         strings({"i {auth_authen}"}) +
                                                                         number_octets(5) + strings({"i"})}));
    out.clear();
    put_terms(out, 2, {0x11, 0x100000});
    EXPECT_EQ(answers_of(out)[0].data, number_octets(2) + number_octets(0x11) + number_octets(0x100000));
}

TEST(PutAnswer, IsOneOctet) {
    std::string out;
    for (const auto answer :
         {Answer::go_on, Answer::accept, Answer::try_later, Answer::skip, Answer::progress}) {
        put_answer(out, answer);
    }
    EXPECT_EQ(test::codes(answers_of(out)), "catsp");
}

constexpr Terms all_terms{0x131, 0};

TEST(PutReply, EditsStandBeforeTheAnswerDeletionsFirstTheResultsOnTop) {
    Reply reply;
    reply.delete_positions = {3, 1};
    reply.authentication_results = mail::HeaderField{"Authentication-Results", " mx.example;\r\n\tspf=pass"};
    reply.arc_set = {{"ARC-Seal", " s"}, {"ARC-Message-Signature", " m"}};
    reply.tag = mail::HeaderField{"X-Defender-Disposition", " quarantine"};
    std::string out;
    put_reply(out, reply, all_terms);
    EXPECT_THAT(
        answers_of(out),
        ElementsAre(test::MilterAnswer{'m', number_octets(3) + strings({"Authentication-Results", ""})},
                    test::MilterAnswer{'m', number_octets(1) + strings({"Authentication-Results", ""})},
                    test::MilterAnswer{'i', number_octets(0) + strings({"ARC-Message-Signature", " m"})},
                    test::MilterAnswer{'i', number_octets(0) + strings({"ARC-Seal", " s"})},
                    test::MilterAnswer{'i', number_octets(0) + strings({"Authentication-Results",
                                                                        " mx.example;\n\tspf=pass"})},
                    test::MilterAnswer{'h', strings({"X-Defender-Disposition", " quarantine"})},
                    test::MilterAnswer{'c', ""}));
}

TEST(PutReply, ARefusalIsCodeAndTextWithPercentSignsDoubled) {
    Reply reply;
    reply.action = auth::Action::reject;
    reply.code = "550";
    reply.enhanced_code = "5.7.1";
    reply.text = "100% no %s";
    std::string out;
    put_reply(out, reply, all_terms);
    EXPECT_THAT(answers_of(out), ElementsAre(test::MilterAnswer{'y', strings({"550 5.7.1 100%% no %%s"})}));
}

TEST(PutReply, HoldGivesTheReasonAndNeedsTheMtasWord) {
    Reply reply;
    reply.action = auth::Action::hold;
    reply.text = "DMARC: why";
    std::string out;
    put_reply(out, reply, all_terms);
    EXPECT_THAT(answers_of(out),
                ElementsAre(test::MilterAnswer{'q', strings({"DMARC: why"})}, test::MilterAnswer{'c', ""}));
    EXPECT_THROW(put_reply(out, reply, {0x11, 0}), std::runtime_error);
}

TEST(PutReply, TextWithANulIsADefect) {
    Reply reply;
    reply.tag = mail::HeaderField{"X-Tag", " a\0b"s};
    std::string out;
    EXPECT_THROW(put_reply(out, reply, all_terms), std::logic_error);
}

}  // namespace
}  // namespace defender::milter
