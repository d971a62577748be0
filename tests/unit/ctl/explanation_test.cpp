#include "ctl/explanation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/tree_walks.hpp"

namespace defender::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Explanation, SaysWhatWasDecidedFromWhichEvidenceByWhichRule) {
    const auto text = explanation_text(test::sample_record());
    EXPECT_EQ(text, R"(Message
  queue id     4F2A1B
  host         mx.example.net
  received     2026-05-01T12:00:00Z
  client       2001:db8::25 (mail.example.org), authenticated
  HELO         helo.example.org
  MAIL FROM    <jane@bounce.example.org>
  From         jane@example.org, joe@example.net: two authors
  forwarder    learned, 2001:db8::/64, mail of 12 domains
  List-Id      list.example.org
  Resent-From  resender.example.org

Decision
  DMARC        fail
  asked for    reject
  disposition  quarantine
  overrides    sampled_out (pct=50, draw 42)
  action       hold
  reply        550 5.7.1 no
  error        something odd
  took         12 ms

Author domains
  author domain  policy domain  result     spf      dkim     asked for  disposition  overrides
  example.net    (none)         temperror  aligned  aligned  none       none
  example.org    example.org    fail       -        -        reject     quarantine   sampled_out (pct=50, draw 42)

SPF
  identity  result    domain              look-ups  void  by
  mfrom     softfail  bounce.example.org  3         1     ~all
  helo      pass      helo.example.org    1         0     a

DKIM signatures
  result   domain       selector  identity          algorithm   bits  b=        notes
  policy   example.org  s1        jane@example.org  rsa-sha256  2048  AbCdEfGh  the body is signed in part; )"
                    R"(over the limit of signatures, not verified; the key is for testing; )"
                    R"(17 octets of the body are not signed
  neutral  (none)                                               -

ARC chain
  result       pass
  reason       none
  oldest pass  2
  instance  sealed by    selector  cv=   seal       signed by      signature  results
  1         one.example  s1        none  pass       signs.example  fail       mx; spf=pass smtp.mailfrom=jane@example.org
  2         two.example  s3        pass  temperror  two.example    unchecked  mx; dmarc=pass header.from=example.org

Policies
  author domain  outcome    found at     record
  example.org    found      example.org  v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.org!10m
  example.net    temperror  (none)       _dmarc.example.net TXT: SERVFAIL

Limits reached
  limits.header_octets

Why
  1  RFC 7489 6.6.2        nothing aligned passed for example.org
  2  policy.on_quarantine  hold
)");
}

TEST(Explanation, SaysWhatWasKnownOfTheClientAsAForwarderWhereSomethingWas) {
    auto record = test::sample_record();
    record.evidence.forwarder = {auth::ForwarderStatus::denied, "2001:db8::/32", 0};
    EXPECT_THAT(explanation_text(record), HasSubstr("  forwarder    denied, 2001:db8::/32\n"));
    record.evidence.forwarder = {};
    EXPECT_THAT(explanation_text(record), Not(HasSubstr("forwarder")));
}

TEST(Explanation, NamesOfTheTreeWalksAreShownWithWhatStandsThere) {
    auto record = test::plain_record("Q");
    record.evidence.walked = tests::TreeWalks()
                                 .record("example.org", "v=DMARC1; p=none")
                                 .fails("org")
                                 .open("a.b.example.org")
                                 .from({"a.b.example.org"});
    EXPECT_THAT(explanation_text(record), HasSubstr(R"(
Tree walks (RFC 9989)
  name                    answer     record
  _dmarc.a.b.example.org  not known
  _dmarc.b.example.org    nothing
  _dmarc.example.org      record     v=DMARC1; p=none
  _dmarc.org              failed     SERVFAIL
)"));
}

TEST(Explanation, AMessageThatWasNotJudgedSaysWhy) {
    auto record = test::plain_record("Q");
    record.evidence.client.local = true;
    record.judgement.exemption = auth::Exemption::local_client;
    const auto text = explanation_text(record);
    EXPECT_THAT(text, HasSubstr("  not judged   local_client\n"));
    EXPECT_THAT(text, HasSubstr("  client     local\n"));
    EXPECT_THAT(text, HasSubstr("  From       missing\n"));
    EXPECT_THAT(text, HasSubstr("  MAIL FROM  <>\n"));
    for (const auto* part :
         {"SPF\n", "DKIM signatures\n", "Policies\n", "Author domains\n", "Why\n", "overrides"}) {
        EXPECT_THAT(text, Not(HasSubstr(part)));
    }
}

TEST(Explanation, TextFromTheSenderDoesNotSpeakToTheTerminal) {
    auto record = test::sample_record();
    record.evidence.client.helo = "\x1b]0;pwned\x07\nQueue id forged";
    const auto text = explanation_text(record);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
    EXPECT_THAT(text, HasSubstr("?]0;pwned??Queue id forged"));
}

TEST(Explanation, JsonHoldsTheWholeRecord) {
    const auto json = explanation_json(test::sample_record());
    EXPECT_EQ(json["host"], "mx.example.net");
    EXPECT_EQ(json["reply"], "550 5.7.1 no");
    EXPECT_EQ(json["error"], "something odd");
    EXPECT_EQ(json["milliseconds"], 12);
    EXPECT_EQ(json["evidence"]["queue_id"], "4F2A1B");
    EXPECT_EQ(json["judgement"]["action"], "hold");
}

}  // namespace
}  // namespace defender::ctl
