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
        {"arc", "none", "", {{"smtp", "remote-ip", "192.0.2.1"}}},
        {"dmarc", "pass", "", {{"header", "from", "example.com"}, {"policy", "dmarc", "reject"}}},
    };
    EXPECT_EQ(results_of(message), expected);
    EXPECT_EQ(mail::encode(verdict_header(message, judge(message, enforcing()), host)),
              " mx.example.net;\r\n"
              "\tspf=pass smtp.mailfrom=example.com;\r\n"
              "\tdkim=pass header.d=example.com header.i=@example.com header.a=rsa-sha256 header.s=s1 "
              "header.b=AbCdEfGh;\r\n"
              "\tarc=none smtp.remote-ip=192.0.2.1;\r\n"
              "\tdmarc=pass header.from=example.com policy.dmarc=reject");
}

TEST(VerdictHeader, MessageWithoutSignatureHasDkimNone) {
    const auto results = results_of(MessageEvidence().no_policy());
    ASSERT_EQ(results.size(), 3U);
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
    ASSERT_EQ(results.size(), 4U);
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
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0].result, "fail");
    EXPECT_EQ(results[0].reason, "body hash did not verify");
    EXPECT_EQ(results[0].properties[0].value, "one.example");
    EXPECT_EQ(results[1].result, "pass");
    EXPECT_EQ(results[1].properties.size(), 4U) << "an empty value is left out";
    EXPECT_EQ(results[2].method, "arc");
    EXPECT_EQ(results[3].method, "dmarc");
}

MethodResult arc_of(const Evidence& evidence) {
    const auto results = results_of(evidence);
    return results.at(results.size() - 2);
}

TEST(VerdictHeader, ArcHasWhereTheMessageCameFromAndHowFarBackItHolds) {
    auto message = MessageEvidence().no_policy();
    const mail::ResultProperty client{"smtp", "remote-ip", "192.0.2.1"};
    EXPECT_EQ(arc_of(message), (MethodResult{"arc", "none", "", {client}}));
    message.get().arc.result = ArcResult::pass;
    EXPECT_EQ(arc_of(message), (MethodResult{"arc", "pass", "", {client, {"header", "oldest-pass", "0"}}}));
    message.get().arc.oldest_pass = 3;
    EXPECT_EQ(arc_of(message), (MethodResult{"arc", "pass", "", {client, {"header", "oldest-pass", "3"}}}));
    message.get().arc.reason = "ARC set 2 is not complete";
    for (const auto result : {ArcResult::fail, ArcResult::temperror}) {
        message.get().arc.result = result;
        EXPECT_EQ(arc_of(message), (MethodResult{"arc", "fail", "ARC set 2 is not complete", {client}}));
    }
    message.get().client.address = IpAddress::parse("2001:db8::7").value();
    EXPECT_EQ(arc_of(message).properties[0].value, "2001:db8::7");
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
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[2],
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
