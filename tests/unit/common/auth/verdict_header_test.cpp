#include "common/auth/verdict_header.hpp"

#include <gtest/gtest.h>

#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using mail::MethodResult;
using tests::enforcing;
using tests::MessageEvidence;

const std::string host = "mx.example.net";

std::vector<MethodResult> results_of(const Evidence& evidence, const JudgeSettings& settings = enforcing()) {
    const auto header = verdict_header(evidence, judge(evidence, settings), host);
    EXPECT_EQ(header.authserv_id, host);
    return header.results;
}

MethodResult dmarc_of(const Evidence& evidence) {
    return results_of(evidence).back();
}

TEST(VerdictHeader, PassingMessageHasTheDocumentedForm) {
    auto message = MessageEvidence()
                       .policy("v=DMARC1; p=reject")
                       .spf(SpfResult::pass, "example.com")
                       .dkim(DkimResult::pass, "example.com");
    const std::vector<MethodResult> expected = {
        {"spf", "pass", "", {{"smtp", "mailfrom", "example.com"}}},
        {"dkim",
         "pass",
         "",
         {{"header", "d", "example.com"},
          {"header", "i", "@example.com"},
          {"header", "a", "rsa-sha256"},
          {"header", "s", "s1"},
          {"header", "b", "AbCdEfGh"}}},
        {"dmarc", "pass", "", {{"header", "from", "example.com"}, {"policy", "dmarc", "reject"}}},
    };
    EXPECT_EQ(results_of(message), expected);
    EXPECT_EQ(mail::encode(verdict_header(message, judge(message, enforcing()), host)),
              " mx.example.net;\r\n"
              "\tspf=pass smtp.mailfrom=example.com;\r\n"
              "\tdkim=pass header.d=example.com header.i=@example.com header.a=rsa-sha256 header.s=s1 "
              "header.b=AbCdEfGh;\r\n"
              "\tdmarc=pass header.from=example.com policy.dmarc=reject");
}

TEST(VerdictHeader, MessageWithoutSignatureHasDkimNone) {
    const auto results = results_of(MessageEvidence().no_policy());
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0], (MethodResult{"dkim", "none", "", {}}));
}

TEST(VerdictHeader, NullSenderIsReportedByItsHelo) {
    auto message = MessageEvidence().no_policy().spf(SpfResult::pass, "mx.sender.example");
    message.get().mail_from.clear();
    EXPECT_EQ(results_of(message)[0],
              (MethodResult{"spf", "pass", "", {{"smtp", "helo", "mx.sender.example"}}}));
}

TEST(VerdictHeader, HeloIdentityBesideASenderIsLeftOut) {
    const auto results = results_of(MessageEvidence()
                                        .no_policy()
                                        .spf(SpfResult::fail, "example.com")
                                        .spf(SpfResult::pass, "mx.example.com", SpfScope::helo));
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0], (MethodResult{"spf", "fail", "", {{"smtp", "mailfrom", "example.com"}}}));
}

TEST(VerdictHeader, SpfErrorsCarryTheirReason) {
    auto message = MessageEvidence().no_policy().spf(SpfResult::permerror, "example.com");
    message.get().spf[0].reason = "two records";
    EXPECT_EQ(results_of(message)[0].reason, "two records");
    message.get().spf[0].result = SpfResult::pass;
    EXPECT_EQ(results_of(message)[0].reason, "");
}

TEST(VerdictHeader, EachVerifiedSignatureHasItsOwnLine) {
    auto message = MessageEvidence()
                       .no_policy()
                       .dkim(DkimResult::fail, "one.example")
                       .dkim(DkimResult::pass, "two.example")
                       .dkim(DkimResult::neutral, "three.example");
    message.get().dkim[0].reason = "body hash did not verify";
    message.get().dkim[1].selector.clear();
    message.get().dkim[2].verified = false;
    const auto results = results_of(message);
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].result, "fail");
    EXPECT_EQ(results[0].reason, "body hash did not verify");
    EXPECT_EQ(results[0].properties[0].value, "one.example");
    EXPECT_EQ(results[1].result, "pass");
    EXPECT_EQ(results[1].properties.size(), 4U) << "an empty value is left out";
    EXPECT_EQ(results[2].method, "dmarc");
}

TEST(VerdictHeader, DmarcHasItsPolicyWhereThereIsOne) {
    const MethodResult none{"dmarc", "none", "", {{"header", "from", "example.com"}}};
    const MethodResult temperror{"dmarc", "temperror", "", {{"header", "from", "example.com"}}};
    const MethodResult fail{
        "dmarc", "fail", "", {{"header", "from", "mail.example.com"}, {"policy", "dmarc", "quarantine"}}};
    EXPECT_EQ(dmarc_of(MessageEvidence().no_policy()), none);
    EXPECT_EQ(dmarc_of(MessageEvidence().policy_temperror()), temperror);
    EXPECT_EQ(dmarc_of(MessageEvidence().policy("v=DMARC1; p=reject; sp=quarantine", "mail.example.com",
                                                "example.com")),
              fail);
}

TEST(VerdictHeader, PolicyIsTheOneAskedForNotTheDisposition) {
    const auto message = MessageEvidence().policy("v=DMARC1; p=reject; pct=0");
    EXPECT_EQ(dmarc_of(message).properties[1], (mail::ResultProperty{"policy", "dmarc", "reject"}));
}

TEST(VerdictHeader, SeveralAuthorDomainsHaveOneLineOfTheDecidingOne) {
    const auto results = results_of(MessageEvidence()
                                        .policy("v=DMARC1; p=none", "victim.example")
                                        .policy("v=DMARC1; p=reject", "attacker.example")
                                        .dkim(DkimResult::pass, "attacker.example"));
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[1],
              (MethodResult{
                  "dmarc", "fail", "", {{"header", "from", "victim.example"}, {"policy", "dmarc", "none"}}}));
}

TEST(VerdictHeader, UnusableAuthorIsPermerrorWithItsReason) {
    MessageEvidence message;
    message.get().author_status = mail::AuthorStatus::multiple_fields;
    message.get().author_reason = "2 From fields";
    EXPECT_EQ(dmarc_of(message), (MethodResult{"dmarc", "permerror", "2 From fields", {}}));
    message.get().author_reason.clear();
    EXPECT_EQ(dmarc_of(message).reason, mail::to_string(mail::AuthorStatus::multiple_fields));
}

TEST(VerdictHeader, ExemptMessageHasNoResults) {
    auto message = MessageEvidence().policy("v=DMARC1; p=reject").spf(SpfResult::pass, "example.com");
    message.get().client.local = true;
    EXPECT_TRUE(results_of(message).empty());
}

}  // namespace
}  // namespace defender::auth
