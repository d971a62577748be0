#include "common/auth/indirect_mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using testing::HasSubstr;
using tests::MessageEvidence;
using tests::trace_holds;

JudgeSettings judging() {
    auto settings = tests::enforcing();
    settings.policy.on_reject = config::OnReject::judge;
    return settings;
}

MessageEvidence failing(const std::string& record = "v=DMARC1; p=reject") {
    return MessageEvidence().policy(record);
}

MessageEvidence from_forwarder(ForwarderStatus status) {
    auto message = failing();
    message.get().forwarder = {status, "192.0.2.1", 12};
    return message;
}

MessageEvidence with_chain(ArcResult result) {
    auto message = failing();
    message.get().arc.result = result;
    message.get().arc.sets.resize(2);
    message.get().arc.sets[0].seal_domain = "first.example";
    message.get().arc.sets[1].seal_domain = "forwarder.example";
    return message;
}

MessageEvidence with_envelope(bool rewritten, SpfResult result, SpfScope scope = SpfScope::mail_from) {
    auto message = failing().spf(result, "fwd.example", scope);
    message.get().rewritten_sender = rewritten;
    return message;
}

MessageEvidence with_list() {
    auto message = failing();
    message.get().list_id = "talk.lists.example";
    return message;
}

MessageEvidence resent() {
    auto message = failing();
    message.get().resent_from = "helper.example";
    return message;
}

struct Row {
    std::string name;
    MessageEvidence message;
    OverrideType reason;
    std::string text;
};

std::vector<Row> signs() {
    using enum OverrideType;
    return {
        {"list", with_list(), mailing_list, "List-Id talk.lists.example"},
        {"confirmed", from_forwarder(ForwarderStatus::confirmed), trusted_forwarder,
         "confirmed forwarder 192.0.2.1"},
        {"learned", from_forwarder(ForwarderStatus::learned), forwarded,
         "forwarder 192.0.2.1 of mail of 12 domains"},
        {"ARC", with_chain(ArcResult::pass), forwarded, "ARC chain of forwarder.example"},
        {"resent", resent(), forwarded, "Resent-From helper.example"},
        {"rewritten", with_envelope(true, SpfResult::pass), forwarded, "envelope rewritten by fwd.example"},
        {"broken", failing().dkim(DkimResult::fail, "mail.example.com"), forwarded,
         "broken signature of mail.example.com"},
    };
}

TEST(IndirectMail, RewrittenSendersAreKnownByTheirForm) {
    for (const std::string rewritten : {"SRS0=HHH=TT=example.com=u", "srs0+HHH=TT=example.com=u",
                                        "SRS1-HHH=f.example==HHH=TT=example.com=u", "u+caf_=v=example.com"}) {
        EXPECT_TRUE(is_rewritten_sender(rewritten)) << rewritten;
    }
    for (const std::string plain : {"", "srs0", "srs0x", "srs2=HHH", "u+caf", "xsrs0=HHH=TT=example.com=u"})
        EXPECT_FALSE(is_rewritten_sender(plain)) << plain;
}

TEST(IndirectMail, EachSignMakesQuarantineOfARefusalAndGivesItsReason) {
    for (const auto& row : signs()) {
        const auto judgement = judge(row.message, judging());
        EXPECT_EQ(judgement.result, DmarcResult::fail) << row.name;
        EXPECT_EQ(judgement.action, Action::tag) << row.name;
        EXPECT_EQ(judgement.disposition, Disposition::quarantine) << row.name;
        ASSERT_EQ(judgement.overrides.size(), 1U) << row.name;
        EXPECT_EQ(judgement.overrides[0].type, row.reason) << row.name;
        EXPECT_THAT(judgement.overrides[0].comment, HasSubstr(row.text)) << row.name;
        EXPECT_TRUE(trace_holds(judgement, "RFC 9989 7.4", row.text)) << row.name;
    }
}

TEST(IndirectMail, WithoutASignAFailureIsRefused) {
    const std::vector<std::pair<std::string, MessageEvidence>> table = {
        {"nothing", failing()},
        {"a denied forwarder", from_forwarder(ForwarderStatus::denied)},
        {"an unknown client", from_forwarder(ForwarderStatus::unknown)},
        {"a chain that fails", with_chain(ArcResult::fail)},
        {"a chain that could not be checked", with_chain(ArcResult::temperror)},
        {"a rewritten envelope that nobody vouches for", with_envelope(true, SpfResult::softfail)},
        {"a rewritten envelope, and a pass of HELO alone",
         with_envelope(true, SpfResult::pass, SpfScope::helo)},
        {"a pass of somebody else's envelope", with_envelope(false, SpfResult::pass)},
        {"a broken signature of somebody else", failing().dkim(DkimResult::fail, "attack.example")},
        {"a signature that was never valid", failing().dkim(DkimResult::permerror, "example.com")},
    };
    for (const auto& [name, message] : table) {
        const auto judgement = judge(message, judging());
        EXPECT_EQ(judgement.action, Action::reject) << name;
        EXPECT_TRUE(judgement.overrides.empty()) << name;
    }
}

TEST(IndirectMail, NoSignEverMakesAMessagePassOrStaysTheHandOfAQuarantine) {
    for (auto& row : signs()) {
        auto message = row.message;
        message.get().policies.clear();
        message.policy("v=DMARC1; p=quarantine");
        const auto judgement = judge(message, judging());
        EXPECT_EQ(judgement.result, DmarcResult::fail) << row.name;
        EXPECT_EQ(judgement.disposition, Disposition::quarantine) << row.name;
        EXPECT_TRUE(judgement.overrides.empty()) << row.name;
    }
}

TEST(IndirectMail, OneSettingTakesTheirEffectAway) {
    auto settings = judging();
    settings.indirect.enabled = false;
    for (const auto& row : signs()) {
        const auto judgement = judge(row.message, settings);
        EXPECT_EQ(judgement.action, Action::reject) << row.name;
        EXPECT_TRUE(trace_holds(judgement, "RFC 9989 7.4", "do not count: indirect.enabled = false"))
            << row.name;
    }
}

TEST(IndirectMail, ADeniedForwarderHasNoOtherSignEither) {
    for (auto& row : signs()) {
        auto message = row.message;
        message.get().forwarder = {ForwarderStatus::denied, "192.0.2.0/24", 0};
        const auto judgement = judge(message, judging());
        EXPECT_EQ(judgement.action, Action::reject) << row.name;
        EXPECT_TRUE(trace_holds(judgement, "RFC 9989 7.4", "the operator denied that 192.0.2.0/24"))
            << row.name;
    }
}

TEST(IndirectMail, AllSignsAreToldAndTheStrongestGivesTheReason) {
    auto message = with_list().dkim(DkimResult::fail, "example.com");
    message.get().forwarder = {ForwarderStatus::confirmed, "192.0.2.1", 0};
    const auto judgement = judge(message, judging());
    ASSERT_EQ(judgement.overrides.size(), 1U);
    EXPECT_EQ(judgement.overrides[0].type, OverrideType::trusted_forwarder);
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 7.4",
                            "confirmed forwarder 192.0.2.1, List-Id talk.lists.example, broken signature of "
                            "example.com"));
}

TEST(IndirectMail, WhatIsQuarantinedIsRefusedWhereTheOperatorSaysSoOfQuarantine) {
    auto settings = judging();
    settings.policy.on_quarantine = config::OnQuarantine::reject;
    const auto judgement = judge(with_list(), settings);
    EXPECT_EQ(judgement.action, Action::reject);
    EXPECT_TRUE(judgement.overrides.empty()) << "the policy was carried out";
}

}  // namespace
}  // namespace defender::auth
