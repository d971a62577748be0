#include "ctl/sender_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/support/message_evidence.hpp"

namespace defender::ctl {
namespace {

using auth::DkimResult;
using auth::SpfResult;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using tests::MessageEvidence;

store::Record judged(const MessageEvidence& message, auth::JudgeSettings settings = tests::enforcing()) {
    store::Record record;
    record.host = "mx.example.net";
    record.evidence = message;
    record.evidence.received_at = 1777636800;
    record.judgement = auth::judge(record.evidence, settings);
    return record;
}

/// The text as one line, so that a test does not depend on where lines are broken.
std::string answer(const store::Record& record) {
    std::istringstream words(sender_answer(record));
    std::string line;
    for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
    return line;
}

std::string answer(const MessageEvidence& message) {
    return answer(judged(message));
}

MessageEvidence rejecting() {
    return MessageEvidence().policy("v=DMARC1; p=reject");
}

TEST(SenderAnswer, SaysWhatWasDoneByWhosePolicyWhatFailedAndWhatToMend) {
    auto message = rejecting().spf(SpfResult::fail, "example.com").dkim(DkimResult::fail, "example.com");
    message.get().dkim[0].reason = "the body was changed";
    EXPECT_EQ(sender_answer(judged(message)),
              R"(This is about the message from author@example.com that reached us on
2026-05-01T12:00:00Z from 192.0.2.1, with the envelope sender
bounce@example.com. Our reference is Q1. It was refused, and whoever sent it
was told so.

The domain example.com publishes a DMARC policy for mail in the name of
example.com: "v=DMARC1; p=reject". It asks receivers to refuse such mail
where it cannot be shown to come from there.

What we found:
  - SPF: the record of example.com says that 192.0.2.1 may not send its
    mail.
  - DKIM: the signature of example.com (selector s1) is not valid (the body
    was changed).

What the sender, or who looks after example.com, can do:
  - See why the signature of example.com fails: mostly something changed the
    message after it was signed, or the key at s1._domainkey.example.com is
    not the one that it was signed with.
  - If 192.0.2.1 sends with your consent, name it in the SPF record of
    example.com.
  - If nobody at example.com knows the server 192.0.2.1, somebody else used
    the name of the domain, and there is nothing to mend.
)");
}

TEST(SenderAnswer, EachSpfResultIsSaidInWords) {
    const struct {
        SpfResult result;
        const char* says;
    } cases[] = {
        {SpfResult::pass,
         "192.0.2.1 may send mail for other.example, but that is the domain of the envelope"},
        {SpfResult::fail, "says that 192.0.2.1 may not send its mail"},
        {SpfResult::softfail, "says that 192.0.2.1 should not send its mail"},
        {SpfResult::neutral, "does not say whether 192.0.2.1 may send its mail"},
        {SpfResult::none, "other.example has no SPF record"},
        {SpfResult::permerror, "the record of other.example is not valid"},
        {SpfResult::temperror, "the record of other.example could not be had from DNS"},
    };
    for (const auto& c : cases) {
        EXPECT_THAT(answer(rejecting().spf(c.result, "other.example")), HasSubstr(c.says));
    }
    EXPECT_THAT(answer(rejecting().spf(SpfResult::permerror, "other.example")),
                HasSubstr("Correct the SPF record of other.example."));
}

TEST(SenderAnswer, WithoutASignatureItAsksForOne) {
    EXPECT_THAT(answer(rejecting()),
                AllOf(HasSubstr("DKIM: the message has no signature."),
                      HasSubstr("Have the sending server sign with DKIM, with d=example.com.")));
}

TEST(SenderAnswer, AValidSignatureOfAnotherDomainDoesNotHelp) {
    EXPECT_THAT(answer(rejecting().dkim(DkimResult::pass, "esp.example")),
                AllOf(HasSubstr("is valid, but that is not the author's domain, example.com."),
                      HasSubstr("with d=example.com.")));
}

TEST(SenderAnswer, AKeyInTestingAndAPartialBodyAreSaid) {
    auto testing_key = rejecting().dkim(DkimResult::pass, "example.com");
    testing_key.get().dkim[0].testing = true;
    EXPECT_THAT(answer(testing_key),
                AllOf(HasSubstr("its key is marked as a test (t=y)"),
                      HasSubstr("Take t=y out of the key at s1._domainkey.example.com.")));
    auto partial = rejecting().dkim(DkimResult::pass, "example.com");
    partial.get().dkim[0].unsigned_octets = 7;
    EXPECT_THAT(answer(partial), AllOf(HasSubstr("covers only a part of the message (l=)"),
                                       HasSubstr("Sign whole messages, without l=.")));
}

TEST(SenderAnswer, AMailingListIsNamed) {
    auto message = rejecting();
    message.get().list_id = "users.lists.example.org";
    EXPECT_THAT(answer(message), HasSubstr("came by the mailing list users.lists.example.org"));
}

TEST(SenderAnswer, WhatWasDoneOtherwiseThanThePolicyAsksIsSaidWithoutSettings) {
    const auto text = answer(judged(rejecting(), tests::monitoring()));
    EXPECT_THAT(text,
                AllOf(HasSubstr("It was accepted."), HasSubstr("We did otherwise, as our own rules say so."),
                      Not(HasSubstr("monitor")), Not(HasSubstr("policy.mode"))));
    EXPECT_THAT(answer(MessageEvidence().policy("v=DMARC1; p=reject; pct=10").draw(50)),
                HasSubstr("the policy asks for this of a part of such mail only"));
}

TEST(SenderAnswer, EachActionIsSaid) {
    auto record = judged(rejecting());
    for (const auto& [action, says] : {std::pair{auth::Action::accept, "It was accepted."},
                                       {auth::Action::tag, "marked as suspicious"},
                                       {auth::Action::hold, "held back"},
                                       {auth::Action::reject, "It was refused"},
                                       {auth::Action::tempfail, "tries again by itself"}}) {
        record.judgement.action = action;
        EXPECT_THAT(answer(record), HasSubstr(says));
    }
}

TEST(SenderAnswer, ATemporaryErrorNamesNoCulprit) {
    EXPECT_THAT(answer(MessageEvidence().policy_temperror()),
                AllOf(HasSubstr("could not be told, as DNS gave no answer"),
                      HasSubstr("DMARC: TXT _dmarc.example.com: timeout."), HasSubstr("Try again later.")));
}

TEST(SenderAnswer, AFromFieldThatNamesNobodyIsSaid) {
    MessageEvidence message;
    message.get().author_status = mail::AuthorStatus::multiple_fields;
    message.get().author_reason = "2 From fields";
    message.get().author_addresses.clear();
    EXPECT_THAT(answer(message),
                AllOf(HasSubstr("This is about the message that reached us"),
                      HasSubstr("in a way that can be checked"), HasSubstr("exactly one From field")));
}

TEST(SenderAnswer, AddressesThatWereKeptWithoutTheirLocalPartsAreSaidInWords) {
    auto message = rejecting();
    message.get().author_addresses = {"@example.com"};
    message.get().mail_from = "@example.com";
    EXPECT_THAT(answer(message),
                AllOf(HasSubstr("the message from an address at example.com that reached us"),
                      HasSubstr("with the envelope sender an address at example.com.")));
    message.get().mail_from.clear();
    EXPECT_THAT(answer(message), HasSubstr("with the envelope sender the empty address."));
}

TEST(SenderAnswer, WhatPassedOrWasNotCheckedIsShort) {
    EXPECT_THAT(answer(rejecting().spf(SpfResult::pass, "example.com")),
                HasSubstr("It was shown to come from example.com."));
    EXPECT_THAT(answer(MessageEvidence().no_policy()), HasSubstr("has no DMARC policy"));
    MessageEvidence exempt;
    exempt.get().client.local = true;
    EXPECT_THAT(answer(exempt), HasSubstr("It was not checked, as we trust the server that sent it."));
    auto failed = judged(MessageEvidence());
    failed.error = "std::bad_alloc at 0x7f";
    EXPECT_THAT(answer(failed), AllOf(HasSubstr("A fault on our side"), Not(HasSubstr("bad_alloc"))));
}

TEST(SenderAnswer, WhatSendersWroteCannotSpeakToATerminal) {
    auto message = rejecting().dkim(DkimResult::fail, "example.com");
    message.get().mail_from = "a\x1b[2J@example.com";
    message.get().dkim[0].reason = "odd\nnews";
    const auto text = sender_answer(judged(message));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_THAT(text, HasSubstr("odd?news"));
    EXPECT_THAT(text, StartsWith("This is about"));
}

TEST(SenderAnswer, NoLineIsLongerThanAMailTakesUnlessAWordIs) {
    std::istringstream lines(sender_answer(judged(rejecting().spf(SpfResult::softfail, "example.com"))));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 76U) << line;
}

}  // namespace
}  // namespace defender::ctl
