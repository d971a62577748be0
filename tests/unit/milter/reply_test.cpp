#include "milter/reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace defender::milter {
namespace {

using auth::Action;
using auth::DmarcResult;

auth::Evidence evidence_of(const std::string& author) {
    auth::Evidence evidence;
    evidence.queue_id = "4F2bcd1TzPz";
    evidence.author_status = mail::AuthorStatus::ok;
    evidence.policies.push_back({});
    evidence.policies.back().author_domain = author;
    return evidence;
}

auth::Judgement judgement_of(const std::string& author, DmarcResult result, Action action) {
    auth::Judgement judgement;
    judgement.result = result;
    judgement.action = action;
    judgement.domains.push_back({});
    judgement.domains.back().author_domain = author;
    judgement.domains.back().result = result;
    return judgement;
}

config::Settings settings() {
    config::Settings settings;
    settings.milter.authserv_id = "mx.example.net";
    settings.policy.tag_header = "X-Defender-Disposition";
    return settings;
}

Reply reply_to(Action action, std::vector<unsigned> forged = {}) {
    return reply_for(evidence_of("example.com"), judgement_of("example.com", DmarcResult::fail, action),
                     settings(), std::move(forged));
}

TEST(Reply, RejectionNamesDomainAndQueueId) {
    const auto reply = reply_to(Action::reject);
    EXPECT_EQ(reply.code, "550");
    EXPECT_EQ(reply.enhanced_code, "5.7.1");
    EXPECT_THAT(reply.text, testing::HasSubstr("example.com"));
    EXPECT_THAT(reply.text, testing::HasSubstr("4F2bcd1TzPz"));
    EXPECT_THAT(smtp_text(reply), testing::StartsWith("550 5.7.1 "));
}

TEST(Reply, TemporaryFailureNamesDomainAndQueueId) {
    const auto reply = reply_to(Action::tempfail);
    EXPECT_EQ(reply.code, "451");
    EXPECT_EQ(reply.enhanced_code, "4.7.1");
    EXPECT_THAT(reply.text,
                testing::AllOf(testing::HasSubstr("example.com"), testing::HasSubstr("4F2bcd1TzPz")));
}

TEST(Reply, RefusedMessageGetsNoHeaderEdits) {
    const auto reply = reply_to(Action::reject, {2, 1});
    EXPECT_TRUE(reply.delete_positions.empty());
    EXPECT_FALSE(reply.authentication_results);
    EXPECT_FALSE(reply.tag);
}

TEST(Reply, AcceptedMessageIsMarkedAndForgedFieldsGo) {
    const auto reply = reply_to(Action::accept, {3, 1});
    EXPECT_TRUE(reply.code.empty());
    EXPECT_EQ(smtp_text(reply), "");
    EXPECT_THAT(reply.delete_positions, testing::ElementsAre(3, 1));
    ASSERT_TRUE(reply.authentication_results);
    EXPECT_EQ(reply.authentication_results->name, "Authentication-Results");
    EXPECT_THAT(reply.authentication_results->value, testing::StartsWith(" mx.example.net;"));
    EXPECT_FALSE(reply.tag);
}

TEST(Reply, TaggedMessageCarriesTheTagHeader) {
    const auto reply = reply_to(Action::tag);
    ASSERT_TRUE(reply.tag);
    EXPECT_EQ(*reply.tag, (mail::HeaderField{"X-Defender-Disposition", " quarantine"}));
    EXPECT_TRUE(reply.authentication_results);
}

TEST(Reply, HeldMessageSaysWhy) {
    const auto reply = reply_to(Action::hold);
    EXPECT_THAT(reply.text, testing::HasSubstr("example.com"));
    EXPECT_TRUE(reply.code.empty());
    EXPECT_FALSE(reply.tag);
}

TEST(Reply, MalformedFromIsNamedAsTheReason) {
    auto evidence = evidence_of("");
    evidence.policies.clear();
    evidence.author_status = mail::AuthorStatus::multiple_fields;
    auth::Judgement judgement;
    judgement.result = DmarcResult::permerror;
    judgement.action = Action::reject;
    const auto reply = reply_for(evidence, judgement, settings(), {});
    EXPECT_EQ(reply.code, "550");
    EXPECT_THAT(reply.text, testing::HasSubstr("From header field"));
}

TEST(Reply, EchoesNeitherControlsNorMoreThanItsBound) {
    const std::string hostile = "evil\r\n250 ok\x01" + std::string(5000, 'x') + ".example";
    const auto reply = reply_for(evidence_of(hostile),
                                 judgement_of(hostile, DmarcResult::fail, Action::reject), settings(), {});
    EXPECT_TRUE(
        std::all_of(reply.text.begin(), reply.text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }));
    EXPECT_LE(smtp_text(reply).size(), 500U);
    EXPECT_THAT(reply.text, testing::HasSubstr("4F2bcd1TzPz"));
}

TEST(Reply, TrustedNetworkKeepsItsFieldsInOurName) {
    auto judgement = judgement_of("example.com", DmarcResult::none, Action::accept);
    judgement.exemption = auth::Exemption::trusted_network;
    const auto reply = reply_for(evidence_of("example.com"), judgement, settings(), {1});
    EXPECT_TRUE(reply.delete_positions.empty());
    EXPECT_FALSE(reply.authentication_results);
}

TEST(Reply, AuthenticatedClientCannotForgeOurField) {
    auto judgement = judgement_of("example.com", DmarcResult::none, Action::accept);
    judgement.exemption = auth::Exemption::authenticated;
    const auto reply = reply_for(evidence_of("example.com"), judgement, settings(), {1});
    EXPECT_THAT(reply.delete_positions, testing::ElementsAre(1));
    EXPECT_FALSE(reply.authentication_results);
}

TEST(Reply, ErrorInsideFollowsOnError) {
    const auto accept = reply_on_error(config::OnError::accept, "4F2");
    EXPECT_EQ(accept.action, Action::accept);
    EXPECT_TRUE(accept.code.empty());
    const auto tempfail = reply_on_error(config::OnError::tempfail, "4F2");
    EXPECT_EQ(tempfail.action, Action::tempfail);
    EXPECT_EQ(tempfail.code, "451");
    EXPECT_THAT(tempfail.text, testing::HasSubstr("4F2"));
}

}  // namespace
}  // namespace defender::milter
