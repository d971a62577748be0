#include "common/auth/policy_override.hpp"

#include <gtest/gtest.h>

#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using config::PolicyOverride;
using tests::enforcing;
using tests::MessageEvidence;

DomainName domain(const std::string& text) {
    return DomainName::parse(text).value();
}
IpNetwork network(const std::string& text) {
    return IpNetwork::parse(text).value();
}

bool matches(const PolicyOverride& entry, const Evidence& evidence,
             const std::string& author = "mail.example.com",
             config::PartialBody partial_body = config::PartialBody::policy) {
    return find_override(std::vector{entry}, author, evidence, partial_body).has_value();
}

TEST(PolicyOverride, AuthorDomainMatchesItselfAndNamesBelow) {
    PolicyOverride entry;
    entry.author_domains = {domain("unrelated.org"), domain("example.com")};
    const MessageEvidence message;
    EXPECT_TRUE(matches(entry, message, "example.com"));
    EXPECT_TRUE(matches(entry, message, "a.b.example.com"));
    EXPECT_FALSE(matches(entry, message, "com"));
    EXPECT_FALSE(matches(entry, message, "notexample.com"));
    EXPECT_FALSE(matches(entry, message, "example.com.attack.example"));
}

TEST(PolicyOverride, NetworkMatchesTheClient) {
    PolicyOverride entry;
    entry.networks = {network("2001:db8::/32"), network("192.0.2.0/30")};
    MessageEvidence message;
    EXPECT_TRUE(matches(entry, message));
    message.get().client.address = IpAddress::parse("192.0.2.4").value();
    EXPECT_FALSE(matches(entry, message));
    message.get().client.address = IpAddress::parse("2001:db8::1").value();
    EXPECT_TRUE(matches(entry, message));
}

TEST(PolicyOverride, DkimDomainMatchesOnlyASignatureThatAuthenticatesIt) {
    PolicyOverride entry;
    entry.dkim_domains = {domain("list.example")};
    EXPECT_FALSE(matches(entry, MessageEvidence()));
    EXPECT_TRUE(matches(entry, MessageEvidence().dkim(DkimResult::pass, "list.example")));
    EXPECT_TRUE(matches(
        entry,
        MessageEvidence().dkim(DkimResult::fail, "list.example").dkim(DkimResult::pass, "list.example")));
    EXPECT_FALSE(matches(entry, MessageEvidence().dkim(DkimResult::fail, "list.example")));
    EXPECT_FALSE(matches(entry, MessageEvidence().dkim(DkimResult::temperror, "list.example")));
    EXPECT_FALSE(matches(entry, MessageEvidence().dkim(DkimResult::pass, "sub.list.example")));
    EXPECT_FALSE(matches(
        entry,
        MessageEvidence().dkim(DkimResult::fail, "list.example").dkim(DkimResult::pass, "other.example")))
        << "the domain of one signature is never paired with the verdict of another";
    MessageEvidence testing;
    testing.dkim(DkimResult::pass, "list.example").get().dkim[0].testing = true;
    EXPECT_FALSE(matches(entry, testing));
    MessageEvidence partial;
    partial.dkim(DkimResult::pass, "list.example").get().dkim[0].unsigned_octets = 10;
    EXPECT_FALSE(matches(entry, partial));
    EXPECT_TRUE(matches(entry, partial, "mail.example.com", config::PartialBody::accept));
}

TEST(PolicyOverride, ListIdMatchesExactlyAndNeverWhereThereIsNone) {
    PolicyOverride entry;
    entry.list_ids = {"users.lists.example"};
    MessageEvidence message;
    EXPECT_FALSE(matches(entry, message));
    message.get().list_id = "users.lists.example";
    EXPECT_TRUE(matches(entry, message));
    message.get().list_id = "other.lists.example";
    EXPECT_FALSE(matches(entry, message));
    entry.list_ids = {""};
    message.get().list_id = "";
    EXPECT_FALSE(matches(entry, message));
}

TEST(PolicyOverride, EveryListThatIsNotEmptyMustMatch) {
    PolicyOverride entry;
    entry.author_domains = {domain("example.com")};
    entry.networks = {network("192.0.2.0/24")};
    entry.dkim_domains = {domain("list.example")};
    entry.list_ids = {"users.lists.example"};
    MessageEvidence message;
    message.dkim(DkimResult::pass, "list.example").get().list_id = "users.lists.example";
    EXPECT_TRUE(matches(entry, message));
    EXPECT_FALSE(matches(entry, message, "example.org"));
    auto elsewhere = message;
    elsewhere.get().client.address = IpAddress::parse("198.51.100.1").value();
    EXPECT_FALSE(matches(entry, elsewhere));
    auto unsigned_message = message;
    unsigned_message.get().dkim.clear();
    EXPECT_FALSE(matches(entry, unsigned_message));
    auto no_list = message;
    no_list.get().list_id.clear();
    EXPECT_FALSE(matches(entry, no_list));
    EXPECT_TRUE(matches(PolicyOverride{}, MessageEvidence()))
        << "an entry without lists matches every message";
}

TEST(PolicyOverride, FirstMatchWins) {
    std::vector<PolicyOverride> entries(3);
    entries[0].list_ids = {"users.lists.example"};
    entries[1].author_domains = {domain("example.com")};
    const auto found = [&](const Evidence& evidence, const std::string& author) {
        return find_override(entries, author, evidence, config::PartialBody::policy);
    };
    MessageEvidence message;
    EXPECT_EQ(found(message, "example.com"), 1U);
    EXPECT_EQ(found(message, "example.org"), 2U);
    message.get().list_id = "users.lists.example";
    EXPECT_EQ(found(message, "example.com"), 0U);
    EXPECT_FALSE(find_override({}, "example.com", message, config::PartialBody::policy));
}

TEST(PolicyOverride, ReasonsAreTheReportsTypes) {
    EXPECT_EQ(to_string(override_type(config::OverrideReason::forwarded)), "forwarded");
    EXPECT_EQ(to_string(override_type(config::OverrideReason::trusted_forwarder)), "trusted_forwarder");
    EXPECT_EQ(to_string(override_type(config::OverrideReason::mailing_list)), "mailing_list");
    EXPECT_EQ(to_string(override_type(config::OverrideReason::local_policy)), "local_policy");
    EXPECT_EQ(to_string(override_type(config::OverrideReason::other)), "other");
}

/// A failing message of a domain with `record`, under one override entry for everything.
Judgement judged_with(config::OverrideAction action, JudgeSettings settings,
                      const std::string& record = "v=DMARC1; p=reject; pct=0") {
    PolicyOverride entry;
    entry.action = action;
    entry.reason = config::OverrideReason::mailing_list;
    entry.comment = "our list";
    settings.policy.overrides = {entry};
    return judge(MessageEvidence().policy(record).spf(SpfResult::fail, "example.com"), settings);
}

TEST(PolicyOverride, EntryTakesThePolicysPlaceSamplingIncluded) {
    const OverrideApplied reason{OverrideType::mailing_list, "our list"};
    const std::vector<std::tuple<config::OverrideAction, Action, Disposition>> table = {
        {config::OverrideAction::accept, Action::accept, Disposition::none},
        {config::OverrideAction::tag, Action::tag, Disposition::quarantine},
        {config::OverrideAction::quarantine, Action::tag, Disposition::quarantine},
        {config::OverrideAction::reject, Action::reject, Disposition::reject},
    };
    for (const std::string record :
         {"v=DMARC1; p=reject; pct=0", "v=DMARC1; p=none", "v=DMARC1; p=quarantine"}) {
        for (const auto& [action, expected, disposition] : table) {
            const auto judgement = judged_with(action, enforcing(), record);
            EXPECT_EQ(judgement.result, DmarcResult::fail);
            EXPECT_EQ(judgement.action, expected) << record;
            EXPECT_EQ(judgement.disposition, disposition) << record;
            EXPECT_EQ(judgement.overrides, std::vector{reason}) << record;
            EXPECT_EQ(judgement.domains[0].overrides, std::vector{reason}) << record;
        }
    }
}

TEST(PolicyOverride, QuarantineFollowsOnQuarantine) {
    auto settings = enforcing();
    settings.policy.on_quarantine = config::OnQuarantine::hold;
    EXPECT_EQ(judged_with(config::OverrideAction::quarantine, settings).action, Action::hold);
    settings.policy.on_quarantine = config::OnQuarantine::accept;
    const auto judgement = judged_with(config::OverrideAction::quarantine, settings);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.disposition, Disposition::none);
    ASSERT_EQ(judgement.overrides.size(), 2U);
    EXPECT_EQ(judgement.overrides[1],
              (OverrideApplied{OverrideType::local_policy, "policy.on_quarantine = accept"}));
}

TEST(PolicyOverride, RejectDoesNotFollowOnReject) {
    auto settings = enforcing();
    settings.policy.on_reject = config::OnReject::accept;
    EXPECT_EQ(judged_with(config::OverrideAction::reject, settings).action, Action::reject);
}

TEST(PolicyOverride, OnlyFailuresAreOverridden) {
    auto settings = enforcing();
    PolicyOverride entry;
    entry.action = config::OverrideAction::reject;
    settings.policy.overrides = {entry};
    const std::string record = "v=DMARC1; p=reject";
    for (const auto& message : {MessageEvidence().policy(record).spf(SpfResult::pass, "example.com"),
                                MessageEvidence().policy(record).spf(SpfResult::temperror, "example.com"),
                                MessageEvidence().no_policy(), MessageEvidence().policy_temperror()}) {
        const auto judgement = judge(message, settings);
        EXPECT_EQ(judgement.action, Action::accept) << to_string(judgement.result);
        EXPECT_TRUE(judgement.overrides.empty()) << to_string(judgement.result);
    }
}

TEST(PolicyOverride, MonitorModeRecordsTheOverrideAndAcceptsAllTheSame) {
    auto settings = enforcing();
    settings.policy.mode = config::PolicyMode::monitor;
    const auto judgement = judged_with(config::OverrideAction::reject, settings);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.disposition, Disposition::none);
    ASSERT_EQ(judgement.overrides.size(), 2U);
    EXPECT_EQ(judgement.overrides[0].type, OverrideType::mailing_list);
    EXPECT_EQ(judgement.overrides[1], (OverrideApplied{OverrideType::local_policy, "monitor mode"}));
}

}  // namespace
}  // namespace defender::auth
