#include "common/report/smtp_dialogue.hpp"

#include <gmock/gmock.h>

namespace defender::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A dialogue up to what is asked of it: "C: " the client's lines, "S: " the server's.
SmtpDialogue said(const std::vector<std::string>& lines) {
    SmtpDialogue dialogue;
    dialogue.begin();
    for (const auto& line : lines) {
        const auto text = line.substr(3) + "\r\n";
        line.starts_with("C: ") ? dialogue.sent(text) : dialogue.received(text);
    }
    return dialogue;
}

const std::vector<std::string> up_to_mail{"S: 220 hello", "C: EHLO us", "S: 250-them", "S: 250 HELP",
                                          "C: MAIL FROM:<a@b.example>"};

std::vector<std::string> operator+(std::vector<std::string> lines, const std::vector<std::string>& more) {
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
}

TEST(SmtpDialogue, TellsWhoIsToBlame) {
    struct Case {
        std::vector<std::string> lines;
        SmtpOutcome outcome;
        int code;
        bool server;
    };
    const Case cases[] = {
        {{}, SmtpOutcome::retry, 0, true},
        {{"S: 554 go away"}, SmtpOutcome::retry, 554, true},
        {{"S: 220 hello", "C: EHLO us"}, SmtpOutcome::retry, 0, true},
        {{"S: 220 hello", "C: EHLO us", "S: 250 them"}, SmtpOutcome::retry, 0, true},
        {up_to_mail, SmtpOutcome::retry, 0, true},
        {up_to_mail + std::vector<std::string>{"S: 451 later"}, SmtpOutcome::retry, 451, true},
        {up_to_mail + std::vector<std::string>{"S: 550 not you"}, SmtpOutcome::retry, 550, true},
        {up_to_mail + std::vector<std::string>{"S: 552 too large"}, SmtpOutcome::refused, 552, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>"}, SmtpOutcome::retry,
         0, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 450 later"},
         SmtpOutcome::retry, 450, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 550 gone"},
         SmtpOutcome::refused, 550, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 250 ok",
                                               "C: DATA", "S: 354 go on"},
         SmtpOutcome::retry, 0, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 250 ok",
                                               "C: DATA", "S: 354 go on", "S: 554 5.7.1 spam"},
         SmtpOutcome::refused, 554, false},
        {up_to_mail + std::vector<std::string>{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 550 gone",
                                               "C: QUIT", "S: 221 bye"},
         SmtpOutcome::refused, 550, false},
        {up_to_mail + std::vector<std::string>{"S: 550 not you", "C: QUIT"}, SmtpOutcome::retry, 550, true},
    };
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        const auto answer = said(cases[i].lines).failure("it broke", false);
        EXPECT_EQ(answer.outcome, cases[i].outcome) << i;
        EXPECT_EQ(answer.code, cases[i].code) << i;
        EXPECT_EQ(answer.server_is_at_fault, cases[i].server) << i;
    }
}

TEST(SmtpDialogue, RefusalWithoutTheLoginThatWasToBeIsTheServersFault) {
    const std::vector<std::string> refused{"S: 250 ok", "C: RCPT TO:<x@y.example>", "S: 554 relay denied"};
    const auto answer = said(up_to_mail + refused).failure("", true);
    EXPECT_EQ(answer.outcome, SmtpOutcome::retry);
    EXPECT_TRUE(answer.server_is_at_fault);
    EXPECT_THAT(answer.text, HasSubstr("no login was offered"));
    const std::vector<std::string> with_login{
        "S: 220 hello", "C: EHLO us",  "S: 250-AUTH PLAIN", "S: 250 HELP",      "C: AUTH PLAIN",
        "S: 334 ",      "C: AGEAYg==", "S: 235 ok",         "C: MAIL FROM:<a>", "S: 250 ok"};
    const auto meant = said(with_login + std::vector<std::string>{"C: RCPT TO:<x>", "S: 550 gone"});
    EXPECT_EQ(meant.failure("", true).outcome, SmtpOutcome::refused);
}

TEST(SmtpDialogue, NothingOfALoginIsKept) {
    const auto answer = said({"S: 220 hello", "C: EHLO us", "S: 250 AUTH PLAIN",
                              "C: AUTH PLAIN AHVzZXIAc2VjcmV0", "S: 535 5.7.8 wrong"})
                            .failure("Login denied", true);
    EXPECT_TRUE(answer.server_is_at_fault);
    EXPECT_EQ(answer.code, 535);
    EXPECT_THAT(answer.text, Not(HasSubstr("AHVz")));
}

TEST(SmtpDialogue, LinesOfOneReplyAreJoinedAndMadePrintable) {
    const auto answer =
        said({"C: RCPT TO:<x>", "S: 550-5.1.1 no such", "S: 550 5.1.1 u\x1bser"}).failure("", false);
    EXPECT_EQ(answer.text, "5.1.1 no such 5.1.1 u?ser");
}

TEST(SmtpDialogue, SmtpUtf8CountsForTheConnectionThatOfferedIt) {
    auto dialogue = said({"S: 220 hello", "C: EHLO us", "S: 250-SMTPUTF8", "S: 250 HELP"});
    EXPECT_TRUE(dialogue.offers_smtputf8());
    dialogue.begin();
    EXPECT_TRUE(dialogue.offers_smtputf8());
    dialogue.sent("EHLO us\r\n");
    dialogue.received("250 HELP\r\n");
    EXPECT_FALSE(dialogue.offers_smtputf8());
}

}  // namespace
}  // namespace defender::report
