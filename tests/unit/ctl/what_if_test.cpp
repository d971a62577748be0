#include "ctl/what_if.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defender::ctl {
namespace {

using auth::Action;
using auth::Disposition;
using auth::DmarcResult;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

auth::Judgement judgement(DmarcResult result, Disposition disposition, Action action,
                          std::vector<auth::TraceStep> trace = {},
                          const std::string& author_domain = "example.com") {
    auth::Judgement judgement;
    judgement.result = result;
    judgement.disposition = disposition;
    judgement.action = action;
    judgement.trace = std::move(trace);
    judgement.domains.emplace_back().author_domain = author_domain;
    return judgement;
}

const auth::Judgement delivered = judgement(DmarcResult::fail, Disposition::none, Action::accept);
const auth::Judgement refused = judgement(DmarcResult::fail, Disposition::reject, Action::reject);

auth::Judgement exempt() {
    auth::Judgement judgement;
    judgement.exemption = auth::Exemption::trusted_network;
    judgement.trace = {{"trust.networks", "client 192.0.2.1: not judged"}};
    return judgement;
}

/// As it lies in the store after this judgement.
store::StoredRecord record(const auth::Judgement& when_received, const std::string& queue_id = "Q",
                           UtcSeconds received_at = 100) {
    store::StoredRecord stored;
    stored.queue_id = queue_id;
    stored.received_at = received_at;
    stored.exemption = to_string(when_received.exemption);
    stored.result = to_string(when_received.result);
    stored.disposition = to_string(when_received.disposition);
    stored.action = to_string(when_received.action);
    return stored;
}

struct RuleCase {
    const char* name;
    std::vector<auth::TraceStep> in_force;
    std::vector<auth::TraceStep> changed;
    const char* rule;
};

TEST(WhatIfRule, IsThatOfTheFirstStepAtWhichTheExplanationsPart) {
    const auth::TraceStep author{"RFC 7489 6.6.1", "author domain example.com"};
    const auth::TraceStep rejecting{"policy.on_reject", "policy.on_reject = reject: reject"};
    const auth::TraceStep tagging{"policy.on_reject", "policy.on_reject = tag: tag"};
    const auth::TraceStep monitoring{"policy.mode", "monitor: accept"};
    const auth::TraceStep trusting{"trust.networks", "not judged"};
    const auth::TraceStep overriding{"policy.override", "entry 1 matches"};
    const auth::TraceStep sampling{"RFC 7489 6.6.4", "not sampled"};
    const auth::TraceStep author_walked{"RFC 9989 5.3.1", "author domain example.com"};
    const auth::TraceStep walk{"RFC 9989 4.10", "tree walk: example.com record"};
    const auth::TraceStep organization{"RFC 9989 4.10.2", "organizational domain example.com"};
    const auth::TraceStep signs{"RFC 9989 7.4", "signs of indirect mail: none"};
    const RuleCase cases[] = {
        {"the same by another standard", {author, rejecting}, {author_walked, walk, rejecting}, ""},
        {"a rule of either standard",
         {author, sampling, rejecting},
         {author_walked, walk, organization, signs, rejecting},
         "RFC 7489 6.6.4 -> RFC 9989 7.4"},
        {"a rule of the standard left",
         {author, rejecting, sampling},
         {author_walked, walk, rejecting},
         "RFC 7489 6.6.4"},
        {"a rule of the standard taken",
         {author, rejecting},
         {author_walked, walk, rejecting, signs},
         "RFC 9989 7.4"},
        {"a setting and a rule of the other standard",
         {author, rejecting},
         {author_walked, walk, signs},
         "policy.on_reject -> RFC 9989 7.4"},
        {"alike", {author, rejecting}, {author, rejecting}, ""},
        {"both empty", {}, {}, ""},
        {"another text", {author, rejecting}, {author, tagging}, "policy.on_reject"},
        {"a step less", {author, rejecting, monitoring}, {author, rejecting}, "policy.mode"},
        {"a step more", {author, rejecting}, {author, rejecting, monitoring}, "policy.mode"},
        {"another rule", {author, rejecting}, {author, overriding}, "policy.override"},
        {"a setting left for an RFC", {trusting}, {author, rejecting}, "trust.networks"},
        {"a setting taken instead of an RFC", {author, rejecting}, {trusting}, "trust.networks"},
        {"one RFC rule for another", {author, author}, {author, sampling}, "RFC 7489 6.6.4"},
        {"nothing before", {}, {author}, "RFC 7489 6.6.1"},
        {"nothing after", {author}, {}, "RFC 7489 6.6.1"},
    };
    for (const auto& c : cases) EXPECT_EQ(parting_rule(c.in_force, c.changed), c.rule) << c.name;
}

TEST(WhatIf, AMessageThatMeetsTheSameIsLookedAtAndNotChanged) {
    WhatIf what_if({});
    what_if.add(record(refused), refused, refused);
    EXPECT_EQ(what_if.counts().looked_at, 1U);
    EXPECT_EQ(what_if.counts().changed, 0U);
    EXPECT_THAT(what_if.changes(), IsEmpty());
}

TEST(WhatIf, EachPartOfAnOutcomeCounts) {
    const auth::Judgement others[] = {
        judgement(DmarcResult::pass, Disposition::none, Action::accept),
        judgement(DmarcResult::fail, Disposition::quarantine, Action::accept),
        judgement(DmarcResult::fail, Disposition::none, Action::tag),
        exempt(),
    };
    for (const auto& other : others) {
        WhatIf what_if({});
        what_if.add(record(delivered), delivered, other);
        EXPECT_EQ(what_if.counts().changed, 1U);
        ASSERT_THAT(what_if.changes(), SizeIs(1));
        EXPECT_EQ(what_if.changes()[0].change.from, outcome_of(delivered));
        EXPECT_EQ(what_if.changes()[0].change.to, outcome_of(other));
    }
}

TEST(WhatIf, AnotherExplanationOfTheSameOutcomeIsNoChange) {
    auto explained = refused;
    explained.trace = {{"policy.override", "entry 1 matches"}};
    WhatIf what_if({});
    what_if.add(record(refused), refused, explained);
    EXPECT_EQ(what_if.counts().changed, 0U);
}

TEST(WhatIf, LikeChangesAreCountedTogetherTheMostFrequentFirst) {
    auto elsewhere = refused;
    elsewhere.domains[0].author_domain = "example.net";
    auto by_another_rule = refused;
    by_another_rule.trace = {{"policy.override", ""}};
    WhatIf what_if({});
    what_if.add(record(delivered), delivered, elsewhere);
    for (int i = 0; i < 3; ++i) what_if.add(record(delivered), delivered, refused);
    for (int i = 0; i < 2; ++i) what_if.add(record(delivered), delivered, by_another_rule);
    const auto changes = what_if.changes();
    ASSERT_THAT(changes, SizeIs(3));
    EXPECT_EQ(changes[0].messages, 3U);
    EXPECT_EQ(changes[0].change.author_domain, "example.com");
    EXPECT_EQ(changes[1].messages, 2U);
    EXPECT_EQ(changes[1].change.rule, "policy.override");
    EXPECT_EQ(changes[2].change.author_domain, "example.net");
    EXPECT_EQ(what_if.counts().changed, 6U);
}

TEST(WhatIf, AMessageIsCountedForItsDecidingDomain) {
    auto two = refused;
    two.domains.emplace_back().author_domain = "strict.example";
    two.deciding = 1;
    WhatIf what_if({});
    what_if.add(record(delivered), delivered, two);
    EXPECT_EQ(what_if.changes()[0].change.author_domain, "strict.example");
}

TEST(WhatIf, AMessageThatBecomesExemptIsCountedForTheDomainThatItHas) {
    WhatIf what_if({});
    what_if.add(record(refused), refused, exempt());
    EXPECT_EQ(what_if.changes()[0].change.author_domain, "example.com");
    EXPECT_EQ(what_if.counts().exempt_in_force, 0U);
    EXPECT_EQ(what_if.counts().exempt_changed, 1U);
}

TEST(WhatIf, AMessageWithoutAnAuthorHasNoDomain) {
    auth::Judgement malformed;
    malformed.result = DmarcResult::permerror;
    auto malformed_refused = malformed;
    malformed_refused.action = Action::reject;
    WhatIf what_if({});
    what_if.add(record(malformed), malformed, malformed_refused);
    EXPECT_EQ(what_if.changes()[0].change.author_domain, "");
}

TEST(WhatIf, ExemptUnderBothIsNoChange) {
    WhatIf what_if({});
    what_if.add(record(exempt()), exempt(), exempt());
    EXPECT_EQ(what_if.counts().changed, 0U);
    EXPECT_EQ(what_if.counts().exempt_in_force, 1U);
    EXPECT_EQ(what_if.counts().exempt_changed, 1U);
}

TEST(WhatIf, WhatWasDoneWhenReceivedIsComparedApartFromTheChange) {
    WhatIf what_if({});
    // Then it was delivered; the settings in force now refuse it, and so do the changed ones.
    what_if.add(record(delivered), refused, refused);
    EXPECT_EQ(what_if.counts().changed, 0U);
    EXPECT_EQ(what_if.counts().otherwise_when_received, 1U);
    what_if.add(record(refused), refused, delivered);
    EXPECT_EQ(what_if.counts().changed, 1U);
    EXPECT_EQ(what_if.counts().otherwise_when_received, 1U);
}

TEST(WhatIf, EachPartOfWhatIsStoredIsCompared) {
    for (auto part : {&store::StoredRecord::exemption, &store::StoredRecord::result,
                      &store::StoredRecord::disposition, &store::StoredRecord::action}) {
        auto stored = record(delivered);
        stored.*part = "?";
        WhatIf what_if({});
        what_if.add(stored, delivered, delivered);
        EXPECT_EQ(what_if.counts().otherwise_when_received, 1U);
    }
}

TEST(WhatIf, WhatCannotBeJudgedIsLookedAtAndCountedApart) {
    WhatIf what_if({});
    auto broken = record(delivered);
    broken.id = 7;
    what_if.add_unreadable(broken, Error{"evidence is not JSON"});
    broken.id = 8;
    what_if.add_unreadable(broken, Error{"another"});
    what_if.add_without_evidence();
    EXPECT_EQ(what_if.counts().looked_at, 3U);
    EXPECT_EQ(what_if.counts().unreadable, 2U);
    EXPECT_EQ(what_if.counts().without_evidence, 1U);
    EXPECT_EQ(what_if.counts().changed, 0U);
    EXPECT_EQ(what_if.first_unreadable(), "record 7: evidence is not JSON");
}

TEST(WhatIf, FurtherDomainsAreCountedTogetherOnceThereAreTooMany) {
    WhatIfLimits limits;
    limits.kinds = 2;
    WhatIf what_if(limits);
    for (const auto* domain : {"a.example", "b.example", "c.example", "d.example", "a.example"}) {
        auto refused_there = refused;
        refused_there.domains[0].author_domain = domain;
        what_if.add(record(delivered), delivered, refused_there);
    }
    const auto changes = what_if.changes();
    ASSERT_THAT(changes, SizeIs(3));
    std::uint64_t all = 0;
    for (const auto& counted : changes) {
        all += counted.messages;
        EXPECT_EQ(counted.messages, counted.change.author_domain == "b.example" ? 1U : 2U)
            << counted.change.author_domain;
    }
    EXPECT_EQ(all, what_if.counts().changed);
    EXPECT_EQ(std::count_if(changes.begin(), changes.end(),
                            [](const auto& c) { return c.change.author_domain == other_domains; }),
              1);
}

std::vector<std::string> listed(const WhatIf& what_if) {
    std::vector<std::string> ids;
    for (const auto& message : what_if.messages()) ids.push_back(message.queue_id);
    return ids;
}

TEST(WhatIfMessages, NoneAreKeptUnlessAskedFor) {
    WhatIf what_if({});
    what_if.add(record(delivered), delivered, refused);
    EXPECT_THAT(what_if.messages(), IsEmpty());
}

TEST(WhatIfMessages, TheNewestAreKeptAndComeFirst) {
    WhatIfLimits limits;
    limits.messages = 3;
    WhatIf what_if(limits);
    for (const UtcSeconds at : {50, 10, 40, 20, 30}) {
        what_if.add(record(delivered, "Q" + std::to_string(at), at), delivered, refused);
    }
    EXPECT_EQ(listed(what_if), (std::vector<std::string>{"Q50", "Q40", "Q30"}));
}

TEST(WhatIfMessages, FewerThanTheLimitAreAllKept) {
    WhatIfLimits limits;
    limits.messages = 10;
    WhatIf what_if(limits);
    what_if.add(record(delivered, "A", 1), delivered, refused);
    what_if.add(record(delivered, "B", 2), delivered, delivered);
    what_if.add(record(delivered, "C", 3), delivered, refused);
    EXPECT_EQ(listed(what_if), (std::vector<std::string>{"C", "A"}));
}

TEST(WhatIfMessages, OfOneDomainAlone) {
    WhatIfLimits limits;
    limits.messages = 10;
    limits.author_domain = "example.net";
    WhatIf what_if(limits);
    auto elsewhere = refused;
    elsewhere.domains[0].author_domain = "example.net";
    what_if.add(record(delivered, "A"), delivered, refused);
    what_if.add(record(delivered, "B"), delivered, elsewhere);
    EXPECT_EQ(listed(what_if), std::vector<std::string>{"B"});
    EXPECT_EQ(what_if.counts().changed, 2U) << "the counts are of all";
}

}  // namespace
}  // namespace defender::ctl
