// What RFC 9989 makes of a message: the same evidence as for RFC 7489, judged by what the tree walks found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/auth/applied_policy.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/verdict_header.hpp"
#include "tests/support/message_evidence.hpp"
#include "tests/support/tree_walks.hpp"

namespace defender::auth {
namespace {

using testing::HasSubstr;
using tests::MessageEvidence;
using tests::trace_holds;
using tests::TreeWalks;

JudgeSettings by_rfc9989() {
    auto settings = tests::enforcing();
    settings.standard = config::DmarcStandard::rfc9989;
    settings.policy.on_reject = config::OnReject::by_standard;
    return settings;
}

/// From `author`, with nothing found by the public suffix list.
MessageEvidence message_of(const std::string& author) {
    MessageEvidence message;
    message.no_policy(author);
    return message;
}

/// All that a message's domains have need of is walked.
Evidence walked(MessageEvidence message, const TreeWalks& world) {
    auto& evidence = message.get();
    std::vector<std::string> starts;
    for (const auto& policy : evidence.policies) starts.push_back(policy.author_domain);
    for (const auto& spf : evidence.spf) starts.push_back(spf.domain);
    for (const auto& dkim : evidence.dkim) starts.push_back(dkim.domain);
    evidence.walked = world.from(starts);
    return evidence;
}

Judgement judged(MessageEvidence message, const TreeWalks& world,
                 const JudgeSettings& settings = by_rfc9989()) {
    return judge(walked(std::move(message), world), settings);
}

TEST(JudgementRfc9989, ThePolicyOfTheTreeWalkCountsAndNotThatOfThePublicSuffixList) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=none", "mail.example.com");
    const auto judgement = judged(message, TreeWalks().record("example.com", "v=DMARC1; p=reject"));
    ASSERT_EQ(judgement.domains.size(), 1U);
    EXPECT_EQ(judgement.domains[0].policy_domain, "example.com");
    EXPECT_EQ(judgement.domains[0].discovery, DiscoveryMethod::treewalk);
    EXPECT_EQ(judgement.requested, Policy::reject);
    EXPECT_EQ(judgement.result, DmarcResult::fail);
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 4.10", "mail.example.com nothing, example.com record"));
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 4.10.2", "organizational domain example.com"));
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 4.10.1", "policy found at _dmarc.example.com"));
}

TEST(JudgementRfc9989, TheSameEvidenceIsJudgedByEitherStandard) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=quarantine; pct=100", "dept.example.com", "example.com");
    message.spf(SpfResult::pass, "example.com");
    const auto evidence = walked(message, TreeWalks()
                                              .record("dept.example.com", "v=DMARC1; p=reject; psd=n")
                                              .record("example.com", "v=DMARC1; p=none"));
    const auto old = judge(evidence, tests::enforcing());
    EXPECT_EQ(old.result, DmarcResult::pass);
    EXPECT_EQ(old.domains[0].discovery, DiscoveryMethod::psl);
    EXPECT_FALSE(trace_holds(old, "RFC 9989 4.10", ""));
    const auto walk = judge(evidence, by_rfc9989());
    EXPECT_EQ(walk.result, DmarcResult::fail) << "the department is an organization of its own";
    EXPECT_EQ(walk.requested, Policy::reject);
    for (const auto& step : walk.trace) EXPECT_THAT(step.rule, testing::Not(HasSubstr("7489")));
}

TEST(JudgementRfc9989, EvidenceWithoutTreeWalksIsTemperrorAndNotNone) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=reject");
    const auto judgement = judge(message, by_rfc9989());
    EXPECT_EQ(judgement.result, DmarcResult::temperror);
    EXPECT_EQ(judgement.action, Action::accept);
}

TEST(JudgementRfc9989, AlignmentIsByTheOrganizationalDomainOfTheWalk) {
    struct Row {
        std::string record;
        std::string identifier;
        DmarcResult spf;
        DmarcResult dkim;
    };
    const std::vector<Row> table = {
        {"v=DMARC1; p=reject", "mail.example.com", DmarcResult::pass, DmarcResult::pass},
        {"v=DMARC1; p=reject", "example.com", DmarcResult::pass, DmarcResult::pass},
        {"v=DMARC1; p=reject", "a.b.c.example.com", DmarcResult::pass, DmarcResult::pass},
        {"v=DMARC1; p=reject", "notexample.com", DmarcResult::fail, DmarcResult::fail},
        {"v=DMARC1; p=reject; aspf=s", "mail.example.com", DmarcResult::fail, DmarcResult::pass},
        {"v=DMARC1; p=reject; adkim=s", "mail.example.com", DmarcResult::pass, DmarcResult::fail},
        {"v=DMARC1; p=reject; adkim=s; aspf=s", "example.com", DmarcResult::pass, DmarcResult::pass},
    };
    for (const auto& row : table) {
        const auto world = TreeWalks().record("example.com", row.record);
        EXPECT_EQ(judged(message_of("example.com").spf(SpfResult::pass, row.identifier), world).result,
                  row.spf)
            << row.identifier << ", " << row.record;
        EXPECT_EQ(judged(message_of("example.com").dkim(DkimResult::pass, row.identifier), world).result,
                  row.dkim)
            << row.identifier << ", " << row.record;
    }
}

TEST(JudgementRfc9989, AHeloPassNeverAligns) {
    const auto judgement =
        judged(message_of("example.com").spf(SpfResult::pass, "example.com", SpfScope::helo),
               TreeWalks().record("example.com", "v=DMARC1; p=reject"));
    EXPECT_EQ(judgement.result, DmarcResult::fail);
}

TEST(JudgementRfc9989, PolicyTagIsPForTheDomainSpBelowAndNpWhereNothingIs) {
    struct Row {
        std::string record;
        DomainExistence existence;
        std::string author;
        Policy requested;
        DmarcResult result;
    };
    using enum DomainExistence;
    const std::string all = "v=DMARC1; p=none; sp=quarantine; np=reject";
    const std::vector<Row> table = {
        {all, does_not_exist, "example.com", Policy::none, DmarcResult::fail},
        {all, exists, "a.example.com", Policy::quarantine, DmarcResult::fail},
        {all, does_not_exist, "a.example.com", Policy::reject, DmarcResult::fail},
        {all, failed, "a.example.com", Policy::quarantine, DmarcResult::temperror},
        {all, not_known, "a.example.com", Policy::quarantine, DmarcResult::temperror},
        {"v=DMARC1; p=none; np=reject", exists, "a.example.com", Policy::none, DmarcResult::fail},
        {"v=DMARC1; p=none; np=reject", does_not_exist, "a.example.com", Policy::reject, DmarcResult::fail},
        {"v=DMARC1; p=reject; np=reject", failed, "a.example.com", Policy::reject, DmarcResult::fail},
        {"v=DMARC1; p=reject; sp=none", does_not_exist, "a.example.com", Policy::none, DmarcResult::fail},
        {"v=DMARC1; p=reject", does_not_exist, "a.example.com", Policy::reject, DmarcResult::fail},
    };
    for (const auto& row : table) {
        auto message = message_of(row.author);
        message.get().policies[0].existence = row.existence;
        const auto judgement = judged(message, TreeWalks().record("example.com", row.record));
        EXPECT_EQ(judgement.requested, row.requested) << row.record << ", " << to_string(row.existence);
        EXPECT_EQ(judgement.result, row.result) << row.record << ", " << to_string(row.existence);
    }
}

TEST(JudgementRfc9989, NpThatIsNotKnownToApplyHindersNoPass) {
    auto message = message_of("a.example.com").spf(SpfResult::pass, "example.com");
    message.get().policies[0].existence = DomainExistence::failed;
    const auto judgement = judged(message, TreeWalks().record("example.com", "v=DMARC1; p=none; np=reject"));
    EXPECT_EQ(judgement.result, DmarcResult::pass);
}

TEST(JudgementRfc9989, TestModeAsksForOneStepLessAndSaysSo) {
    struct Row {
        std::string record;
        Disposition disposition;
        bool lowered;
        std::string header;
    };
    const std::vector<Row> table = {
        {"v=DMARC1; p=reject; t=y", Disposition::quarantine, true, "quarantine"},
        {"v=DMARC1; p=quarantine; t=y", Disposition::none, true, "none"},
        {"v=DMARC1; p=none; t=y", Disposition::none, false, "none"},
        {"v=DMARC1; p=reject; t=n", Disposition::reject, false, "reject"},
        {"v=DMARC1; p=reject; t=bogus", Disposition::reject, false, "reject"},
        {"v=DMARC1; p=reject", Disposition::reject, false, "reject"},
    };
    for (const auto& row : table) {
        const auto evidence =
            walked(message_of("example.com"), TreeWalks().record("example.com", row.record));
        const auto judgement = judge(evidence, by_rfc9989());
        EXPECT_EQ(judgement.disposition, row.disposition) << row.record;
        const std::vector<OverrideApplied> reasons{{OverrideType::policy_test_mode, "t=y"}};
        EXPECT_EQ(judgement.overrides, row.lowered ? reasons : std::vector<OverrideApplied>{}) << row.record;
        const auto header = verdict_header(evidence, judgement, "mx.example.net");
        EXPECT_EQ(header.results.back().properties.back().value, row.header) << row.record;
    }
}

TEST(JudgementRfc9989, TestModeIsUnknownToRfc7489) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=reject; t=y; np=none");
    const auto judgement = judge(message, tests::enforcing());
    EXPECT_EQ(judgement.disposition, Disposition::reject);
    EXPECT_TRUE(judgement.overrides.empty());
    EXPECT_FALSE(judgement.domains[0].testing);
}

TEST(JudgementRfc9989, PctIsHistory) {
    for (const unsigned draw : {0U, 50U, 99U}) {
        auto message = message_of("example.com");
        message.draw(draw);
        const auto judgement =
            judged(message, TreeWalks().record("example.com", "v=DMARC1; p=reject; pct=0; rf=afrf; ri=1"));
        EXPECT_EQ(judgement.disposition, Disposition::reject);
        EXPECT_TRUE(judgement.overrides.empty());
    }
}

TEST(JudgementRfc9989, BadPoliciesWithAReportAddressAreNoneAndOtherwiseNoPolicy) {
    for (const std::string bad : {"p=bogus", "sp=none", "p=reject; sp=bogus", "p=reject; np=bogus"}) {
        const auto without =
            judged(message_of("example.com"), TreeWalks().record("example.com", "v=DMARC1; " + bad));
        EXPECT_EQ(without.result, DmarcResult::none) << bad;
        const auto with =
            judged(message_of("example.com"),
                   TreeWalks().record("example.com", "v=DMARC1; " + bad + "; rua=mailto:a@example.com"));
        EXPECT_EQ(with.result, DmarcResult::fail) << bad;
        EXPECT_EQ(with.requested, Policy::none) << bad;
    }
}

TEST(JudgementRfc9989, NoPolicyIsNone) {
    const auto judgement =
        judged(message_of("a.example.com").spf(SpfResult::pass, "a.example.com"), TreeWalks());
    EXPECT_EQ(judgement.result, DmarcResult::none);
    EXPECT_FALSE(judgement.domains[0].spf_aligned);
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 4.10.1", "dmarc=none"));
}

TEST(JudgementRfc9989, EachFailureIsTemperrorUnlessAnAlignedPassNeedsNothingOfIt) {
    struct Row {
        std::string what;
        TreeWalks world;
        SpfResult spf;
        std::string spf_domain;
        DmarcResult result;
    };
    const std::string policy = "v=DMARC1; p=reject";
    const std::vector<Row> table = {
        {"the author's own name", TreeWalks().fails("a.example.com").record("example.com", policy),
         SpfResult::pass, "a.example.com", DmarcResult::temperror},
        {"above the author without a record", TreeWalks().fails("example.com").record("com", policy),
         SpfResult::pass, "a.example.com", DmarcResult::temperror},
        {"above the author's record, equal domains",
         TreeWalks().record("a.example.com", policy).fails("example.com"), SpfResult::pass, "a.example.com",
         DmarcResult::pass},
        {"above the author's record, related domains",
         TreeWalks().record("a.example.com", policy).fails("example.com"), SpfResult::pass, "b.example.com",
         DmarcResult::temperror},
        {"above the author's record, related domain failing SPF",
         TreeWalks().record("a.example.com", policy).fails("example.com"), SpfResult::fail, "b.example.com",
         DmarcResult::fail},
        {"above the author's record, related domain with a temporary error in SPF",
         TreeWalks().record("a.example.com", policy).fails("example.com"), SpfResult::temperror,
         "b.example.com", DmarcResult::temperror},
        {"above the author's record, strangers",
         TreeWalks().record("a.example.com", policy).fails("example.com"), SpfResult::pass, "mailer.example",
         DmarcResult::fail},
        {"the identifier's own name", TreeWalks().record("example.com", policy).fails("b.example.com"),
         SpfResult::pass, "b.example.com", DmarcResult::temperror},
        {"the identifier's own name, SPF softfail",
         TreeWalks().record("example.com", policy).fails("b.example.com"), SpfResult::softfail,
         "b.example.com", DmarcResult::fail},
        {"an unrelated identifier's name", TreeWalks().record("example.com", policy).fails("other.com"),
         SpfResult::pass, "other.com", DmarcResult::fail},
        {"SPF itself, aligned", TreeWalks().record("example.com", policy), SpfResult::temperror,
         "b.example.com", DmarcResult::temperror},
        {"SPF itself, not aligned", TreeWalks().record("example.com", policy), SpfResult::temperror,
         "mailer.example", DmarcResult::fail},
    };
    for (const auto& row : table) {
        const auto judgement = judged(message_of("a.example.com").spf(row.spf, row.spf_domain), row.world);
        EXPECT_EQ(judgement.result, row.result) << row.what;
        if (row.result == DmarcResult::temperror) {
            EXPECT_EQ(judgement.disposition, Disposition::none);
        }
    }
}

TEST(JudgementRfc9989, OneAlignedPassIsAPassWhateverElseFailed) {
    const auto judgement = judged(
        message_of("example.com").spf(SpfResult::pass, "b.example.com").dkim(DkimResult::pass, "example.com"),
        TreeWalks().record("example.com", "v=DMARC1; p=reject").fails("b.example.com").fails("com"));
    EXPECT_EQ(judgement.result, DmarcResult::pass);
    EXPECT_TRUE(judgement.domains[0].dkim_aligned);
    EXPECT_FALSE(judgement.domains[0].spf_aligned);
}

TEST(JudgementRfc9989, OnTemperrorDecidesAfterAFailure) {
    auto settings = by_rfc9989();
    settings.policy.on_temperror = config::OnTemperror::tempfail;
    const auto judgement = judged(message_of("example.com"), TreeWalks().fails("example.com"), settings);
    EXPECT_EQ(judgement.action, Action::tempfail);
}

TEST(JudgementRfc9989, TheStrictestOfSeveralAuthorDomainsDecides) {
    auto message = message_of("example.com");
    message.no_policy("example.org");
    const auto judgement = judged(message, TreeWalks()
                                               .record("example.com", "v=DMARC1; p=none")
                                               .record("example.org", "v=DMARC1; p=quarantine"));
    ASSERT_EQ(judgement.domains.size(), 2U);
    EXPECT_EQ(judgement.deciding, 1U);
    EXPECT_EQ(judgement.disposition, Disposition::quarantine);
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 5.3.1", "of 2 author domains"));
}

TEST(JudgementRfc9989, AnUnusableFromIsDecidedByTheSetting) {
    auto message = message_of("example.com");
    message.get().author_status = mail::AuthorStatus::multiple_fields;
    const auto judgement = judged(message, TreeWalks().record("example.com", "v=DMARC1; p=none"));
    EXPECT_EQ(judgement.result, DmarcResult::permerror);
    EXPECT_EQ(judgement.action, Action::reject);
    EXPECT_TRUE(trace_holds(judgement, "RFC 9989 5.3.1", "no usable author"));
}

TEST(JudgementRfc9989, RejectIsJudgedByOtherKnowledgeAsWell) {
    const auto world = TreeWalks().record("example.com", "v=DMARC1; p=reject");
    const auto plain = judged(message_of("example.com"), world);
    EXPECT_EQ(plain.action, Action::reject);
    EXPECT_TRUE(plain.overrides.empty());

    auto list = message_of("example.com");
    list.get().list_id = "talk.lists.example";
    const auto by_list = judged(list, world);
    EXPECT_EQ(by_list.action, Action::tag);
    EXPECT_EQ(by_list.disposition, Disposition::quarantine);
    ASSERT_EQ(by_list.overrides.size(), 1U);
    EXPECT_EQ(by_list.overrides[0].type, OverrideType::mailing_list);
    EXPECT_THAT(by_list.overrides[0].comment, HasSubstr("List-Id talk.lists.example"));

    const auto broken = judged(message_of("example.com").dkim(DkimResult::fail, "mail.example.com"), world);
    EXPECT_EQ(broken.disposition, Disposition::quarantine);
    EXPECT_THAT(broken.overrides.at(0).comment, HasSubstr("broken signature of mail.example.com"));

    for (const auto result : {DkimResult::permerror, DkimResult::neutral, DkimResult::policy}) {
        EXPECT_EQ(judged(message_of("example.com").dkim(result, "example.com"), world).action, Action::reject)
            << to_string(result);
    }
    EXPECT_EQ(judged(message_of("example.com").dkim(DkimResult::fail, "attack.example"), world).action,
              Action::reject);
}

TEST(JudgementRfc9989, RejectIsTakenAtItsWordWhereTheSettingSaysSo) {
    auto settings = by_rfc9989();
    settings.policy.on_reject = config::OnReject::reject;
    auto list = message_of("example.com");
    list.get().list_id = "talk.lists.example";
    const auto world = TreeWalks().record("example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(judged(list, world, settings).action, Action::reject);
}

TEST(JudgementRfc9989, ByStandardIsRejectForRfc7489AndJudgeCanBeHadThereToo) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=reject").get().list_id = "talk.lists.example";
    auto settings = tests::enforcing();
    settings.policy.on_reject = config::OnReject::by_standard;
    EXPECT_EQ(judge(message, settings).action, Action::reject);
    settings.policy.on_reject = config::OnReject::judge;
    EXPECT_EQ(judge(message, settings).disposition, Disposition::quarantine);
}

TEST(AppliedPolicy, IsTheOneThatTheDomainWasJudgedBy) {
    MessageEvidence message;
    message.policy("v=DMARC1; p=none", "mail.example.com");
    const auto evidence = walked(message, TreeWalks().record("example.com", "v=DMARC1; p=reject"));
    DomainJudgement domain;
    domain.author_domain = "mail.example.com";
    EXPECT_EQ(applied_policy(evidence, domain)->policy_domain, "mail.example.com");
    domain.discovery = DiscoveryMethod::treewalk;
    EXPECT_EQ(applied_policy(evidence, domain)->policy_domain, "example.com");
    EXPECT_EQ(applied_policy(evidence, domain)->record_text, "v=DMARC1; p=reject");
    domain.author_domain = "example.net";
    EXPECT_FALSE(applied_policy(evidence, domain).has_value());
}

}  // namespace
}  // namespace defender::auth
