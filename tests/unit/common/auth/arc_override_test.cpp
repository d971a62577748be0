#include "common/auth/arc_override.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/auth/policy_override.hpp"
#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using testing::HasSubstr;
using tests::enforcing;
using tests::MessageEvidence;
using tests::trace_holds;

std::vector<DomainName> domains(const std::vector<std::string>& names) {
    std::vector<DomainName> parsed;
    for (const auto& name : names) parsed.push_back(*DomainName::parse(name));
    return parsed;
}

struct Hop {
    std::string domain;
    std::string results;
};

ArcEvidence chain(const std::vector<Hop>& hops, ArcResult result = ArcResult::pass) {
    ArcEvidence arc;
    arc.result = result;
    for (const auto& hop : hops) {
        auto& set = arc.sets.emplace_back();
        set.instance = static_cast<unsigned>(arc.sets.size());
        set.seal_domain = hop.domain;
        set.seal_selector = "s" + std::to_string(set.instance);
        set.authentication_results = hop.results;
    }
    return arc;
}

const std::string pass = "mx; dmarc=pass header.from=example.com; arc=none smtp.remote-ip=198.51.100.9";
const std::string fail = "mx; dmarc=fail header.from=example.com";
const std::string nothing = "mx; spf=none";

struct Trust {
    std::string what;
    std::vector<Hop> hops;
    std::vector<std::string> trusted;
    bool passed;
};

TEST(ArcOverride, OnlyARunOfTrustedSealersAtTheEndOfTheChainCounts) {
    const Trust table[] = {
        {"one hop, trusted", {{"a.example", pass}}, {"a.example"}, true},
        {"one hop, not trusted", {{"a.example", pass}}, {"b.example"}, false},
        {"nobody is trusted", {{"a.example", pass}}, {}, false},
        {"a name below a trusted one", {{"x.a.example", pass}}, {"a.example"}, false},
        {"a name above a trusted one", {{"a.example", pass}}, {"x.a.example"}, false},
        {"two hops, both trusted",
         {{"a.example", pass}, {"b.example", fail}},
         {"a.example", "b.example"},
         true},
        {"the last is not trusted", {{"a.example", pass}, {"b.example", pass}}, {"a.example"}, false},
        {"the first is not trusted, and the second saw it fail",
         {{"a.example", pass}, {"b.example", fail}},
         {"b.example"},
         false},
        {"the first is not trusted, but the second saw it pass",
         {{"a.example", fail}, {"b.example", pass}},
         {"b.example"},
         true},
        {"a stranger in the middle",
         {{"a.example", pass}, {"evil.example", pass}, {"b.example", fail}},
         {"a.example", "b.example"},
         false},
        {"the first trusted one saw it fail, whatever the next says",
         {{"a.example", fail}, {"b.example", pass}},
         {"a.example", "b.example"},
         false},
        {"the first trusted one says nothing, the next saw it pass",
         {{"a.example", nothing}, {"b.example", pass}},
         {"a.example", "b.example"},
         true},
        {"nobody says anything", {{"a.example", nothing}}, {"a.example"}, false},
        {"what it says was not kept", {{"a.example", ""}}, {"a.example"}, false},
        {"it says so of another domain",
         {{"a.example", "mx; dmarc=pass header.from=other.example"}},
         {"a.example"},
         false},
    };
    for (const auto& row : table) {
        const auto trust = arc_trust(chain(row.hops), domains(row.trusted), "example.com");
        EXPECT_EQ(trust.passed, row.passed) << row.what;
        EXPECT_EQ(trust.comment.empty(), !row.passed) << row.what;
        EXPECT_EQ(trust.explanation.empty(), row.trusted.empty()) << row.what;
    }
}

TEST(ArcOverride, AChainThatDoesNotPassIsWorthNothing) {
    const auto trusted = domains({"a.example"});
    for (const auto result : {ArcResult::none, ArcResult::fail, ArcResult::temperror}) {
        const auto arc = chain({{"a.example", pass}}, result);
        EXPECT_FALSE(arc_trust(arc, trusted, "example.com").passed);
        EXPECT_FALSE(newest_sealer_is(arc, trusted));
    }
    EXPECT_FALSE(arc_trust(chain({}), trusted, "example.com").passed);
}

TEST(ArcOverride, TheCommentHasTheFormOfTheStandard) {
    const auto trusted = domains({"d1.example", "d2.example"});
    EXPECT_EQ(
        arc_trust(chain({{"d1.example", pass}, {"d2.example", fail}}), trusted, "example.com").comment,
        "arc=pass as[2].d=d2.example as[2].s=s2 as[1].d=d1.example as[1].s=s1 remote-ip[1]=198.51.100.9");
    EXPECT_EQ(
        arc_trust(chain({{"d2.example", "mx; dmarc=pass header.from=example.com"}}), trusted, "example.com")
            .comment,
        "arc=pass as[1].d=d2.example as[1].s=s1");
}

TEST(ArcOverride, ALongChainsCommentKeepsTheNewestSealsAndTheOrigin) {
    std::vector<Hop> hops(50, {"a-rather-long-name-of-a-relay.example", pass});
    const auto comment =
        arc_trust(chain(hops), domains({"a-rather-long-name-of-a-relay.example"}), "example.com").comment;
    EXPECT_LE(comment.size(), 1000U);
    EXPECT_THAT(comment, HasSubstr("arc=pass as[50].d="));
    EXPECT_THAT(comment, testing::EndsWith(" remote-ip[1]=198.51.100.9"));
}

MessageEvidence forwarded(const ArcEvidence& arc, const std::string& record = "v=DMARC1; p=reject") {
    MessageEvidence message;
    message.policy(record).spf(SpfResult::pass, "list.example").dkim(DkimResult::fail, "example.com");
    message.get().arc = arc;
    return message;
}

JudgeSettings trusting(const std::string& domain = "list.example") {
    auto settings = enforcing();
    settings.trust.arc_sealers = domains({domain});
    return settings;
}

TEST(ArcOverride, AFailureIsLetThroughWithItsReason) {
    const auto judgement = judge(forwarded(chain({{"list.example", pass}})), trusting());
    EXPECT_EQ(judgement.result, DmarcResult::fail);
    EXPECT_EQ(judgement.requested, Policy::reject);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.disposition, Disposition::none);
    const std::vector<OverrideApplied> expected = {
        {OverrideType::local_policy, "arc=pass as[1].d=list.example as[1].s=s1 remote-ip[1]=198.51.100.9"}};
    EXPECT_EQ(judgement.overrides, expected);
    EXPECT_TRUE(trace_holds(judgement, "RFC 8617 7.2", "saw example.com pass"));
    EXPECT_TRUE(trace_holds(judgement, "trust.arc_sealers", "accept"));
}

TEST(ArcOverride, WithoutTrustTheSameMessageIsRefused) {
    const auto message = forwarded(chain({{"list.example", pass}}));
    EXPECT_EQ(judge(message, enforcing()).action, Action::reject);
    EXPECT_EQ(judge(message, trusting("other.example")).action, Action::reject);
    const auto failing = forwarded(chain({{"list.example", pass}}, ArcResult::fail));
    const auto judgement = judge(failing, trusting());
    EXPECT_EQ(judgement.action, Action::reject);
    EXPECT_TRUE(trace_holds(judgement, "RFC 8617 7.2", "arc=fail"));
}

TEST(ArcOverride, APassIsNotTouched) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=reject").spf(SpfResult::pass, "example.com");
    message.get().arc = chain({{"list.example", fail}});
    const auto judgement = judge(message, trusting());
    EXPECT_EQ(judgement.result, DmarcResult::pass);
    EXPECT_TRUE(judgement.overrides.empty());
}

TEST(ArcOverride, WhereThePolicyAsksForNothingThereIsNothingToOverride) {
    const auto judgement = judge(forwarded(chain({{"list.example", pass}}), "v=DMARC1; p=none"), trusting());
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_TRUE(judgement.overrides.empty());
}

TEST(ArcOverride, ATemporaryErrorOfDmarcStaysOne) {
    auto message = forwarded(chain({{"list.example", pass}}));
    message.get().dkim[0].result = DkimResult::temperror;
    EXPECT_EQ(judge(message, trusting()).result, DmarcResult::temperror);
}

TEST(ArcOverride, AnEntryOfTheOperatorComesFirst) {
    auto settings = trusting();
    auto& entry = settings.policy.overrides.emplace_back();
    entry.arc_sealers = domains({"list.example"});
    entry.action = config::OverrideAction::tag;
    entry.reason = config::OverrideReason::mailing_list;
    entry.comment = "our lists";
    const auto judgement = judge(forwarded(chain({{"list.example", pass}})), settings);
    EXPECT_EQ(judgement.action, Action::tag);
    EXPECT_EQ(judgement.overrides[0], (OverrideApplied{OverrideType::mailing_list, "our lists"}));
}

TEST(ArcOverride, AnEntryMatchesTheNewestSealerAlone) {
    config::PolicyOverride entry;
    entry.arc_sealers = domains({"a.example"});
    const auto matches = [&](const ArcEvidence& arc) {
        return find_override(std::span(&entry, 1), "example.com", forwarded(arc), config::PartialBody::policy)
            .has_value();
    };
    EXPECT_TRUE(matches(chain({{"b.example", ""}, {"a.example", ""}})));
    EXPECT_FALSE(matches(chain({{"a.example", ""}, {"b.example", ""}})));
    EXPECT_FALSE(matches(chain({{"x.a.example", ""}})));
    EXPECT_FALSE(matches(chain({{"a.example", ""}}, ArcResult::fail)));
    EXPECT_FALSE(matches(ArcEvidence{}));
}

TEST(ArcOverride, MonitorModeTellsWhatTheChainWouldHaveDone) {
    auto settings = trusting();
    settings.policy.mode = config::PolicyMode::monitor;
    const auto judgement = judge(forwarded(chain({{"list.example", pass}})), settings);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.overrides.size(), 1U);
    EXPECT_THAT(judgement.overrides[0].comment, HasSubstr("arc=pass"));
}

}  // namespace
}  // namespace defender::auth
