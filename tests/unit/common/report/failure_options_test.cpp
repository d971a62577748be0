#include "common/report/failure_options.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/tree_walks.hpp"

namespace defender::report {
namespace {

using auth::DkimResult;
using auth::SpfResult;

/// A judged message of one author domain that asks for failure reports by `options`.
struct Case {
    std::string options;
    bool spf_aligned;
    bool dkim_aligned;
    SpfResult spf;
    DkimResult dkim;
    std::optional<FailureKind> wanted;
};

auth::Evidence evidence_of(const Case& row) {
    auth::Evidence evidence;
    evidence.mail_from = "a@sender.example";
    evidence.spf.push_back(
        {auth::SpfScope::mail_from, row.spf, "sender.example", "sender.example", "", 0, 0});
    auth::DkimEvidence dkim;
    dkim.result = row.dkim;
    evidence.dkim.push_back(dkim);
    auth::PolicyEvidence policy;
    policy.author_domain = "author.example";
    policy.policy_domain = "author.example";
    policy.outcome = auth::PolicyOutcome::found;
    policy.record.failure_options = row.options;
    policy.record.failure_uris = {{"mailto:ruf@author.example", std::nullopt}};
    evidence.policies.push_back(policy);
    return evidence;
}

auth::Judgement judgement_of(const Case& row) {
    auth::Judgement judgement;
    auth::DomainJudgement domain;
    domain.author_domain = "author.example";
    domain.policy_domain = "author.example";
    domain.spf_aligned = row.spf_aligned;
    domain.dkim_aligned = row.dkim_aligned;
    domain.result = row.spf_aligned || row.dkim_aligned ? auth::DmarcResult::pass : auth::DmarcResult::fail;
    judgement.domains.push_back(domain);
    return judgement;
}

const Case failing{"0", false, false, SpfResult::fail, DkimResult::fail, FailureKind::dmarc};

TEST(FailureOptions, EachOptionAsksForWhatRfc7489Section63Says) {
    const Case rows[] = {
        failing,
        {"0", true, false, SpfResult::pass, DkimResult::fail, std::nullopt},
        {"0", false, true, SpfResult::fail, DkimResult::pass, std::nullopt},
        {"1", true, false, SpfResult::pass, DkimResult::fail, FailureKind::dmarc},
        {"1", false, true, SpfResult::none, DkimResult::pass, FailureKind::dmarc},
        {"1", true, true, SpfResult::pass, DkimResult::pass, std::nullopt},
        {"1", false, false, SpfResult::pass, DkimResult::pass, FailureKind::dmarc},
        {"d", true, false, SpfResult::pass, DkimResult::fail, FailureKind::dkim},
        {"d", false, false, SpfResult::fail, DkimResult::pass, std::nullopt},
        {"d", false, false, SpfResult::fail, DkimResult::temperror, std::nullopt},
        {"s", false, true, SpfResult::fail, DkimResult::pass, FailureKind::spf},
        {"s", false, true, SpfResult::softfail, DkimResult::pass, FailureKind::spf},
        {"s", false, false, SpfResult::neutral, DkimResult::fail, std::nullopt},
        {"0:d:s", false, true, SpfResult::fail, DkimResult::fail, FailureKind::dkim},
        {"d:s", false, true, SpfResult::fail, DkimResult::pass, FailureKind::spf},
        {" D : S ", false, true, SpfResult::fail, DkimResult::pass, FailureKind::spf},
        {"1:d", true, false, SpfResult::pass, DkimResult::fail, FailureKind::dmarc},
    };
    for (const auto& row : rows) {
        const auto evidence = evidence_of(row);
        const auto asked = failures_asked_for(evidence, judgement_of(row));
        ASSERT_EQ(asked.size(), row.wanted ? 1U : 0U)
            << row.options << ' ' << row.spf_aligned << row.dkim_aligned;
        if (row.wanted) {
            EXPECT_EQ(asked[0].kind, *row.wanted) << row.options;
        }
    }
}

TEST(FailureOptions, NothingIsAskedForWithoutRuf) {
    auto evidence = evidence_of(failing);
    evidence.policies[0].record.failure_uris.clear();
    EXPECT_TRUE(failures_asked_for(evidence, judgement_of(failing)).empty());
}

TEST(FailureOptions, NothingIsSaidOfMessagesThatWereNotJudged) {
    auto judgement = judgement_of(failing);
    judgement.exemption = auth::Exemption::trusted_network;
    EXPECT_TRUE(failures_asked_for(evidence_of(failing), judgement).empty());
}

TEST(FailureOptions, NothingIsSaidOfOurOwnReportMailAndOfBounces) {
    auto evidence = evidence_of(failing);
    evidence.own_report_mail = true;
    EXPECT_TRUE(failures_asked_for(evidence, judgement_of(failing)).empty());
    evidence = evidence_of(failing);
    evidence.mail_from.clear();
    EXPECT_TRUE(failures_asked_for(evidence, judgement_of(failing)).empty());
}

TEST(FailureOptions, ATemporaryErrorIsNoFailure) {
    auto judgement = judgement_of(failing);
    judgement.domains[0].result = auth::DmarcResult::temperror;
    EXPECT_TRUE(failures_asked_for(evidence_of(failing), judgement).empty());
}

TEST(FailureOptions, APolicyThatWasNotFoundAsksForNothing) {
    auto evidence = evidence_of(failing);
    evidence.policies[0].outcome = auth::PolicyOutcome::temperror;
    EXPECT_TRUE(failures_asked_for(evidence, judgement_of(failing)).empty());
}

TEST(FailureOptions, ThePolicyThatTheDomainWasJudgedByAsks) {
    auto evidence = evidence_of(failing);
    auto judgement = judgement_of(failing);
    judgement.domains[0].discovery = auth::DiscoveryMethod::treewalk;
    evidence.walked =
        tests::TreeWalks().record("author.example", "v=DMARC1; p=none").from({"author.example"});
    EXPECT_TRUE(failures_asked_for(evidence, judgement).empty());
    evidence.walked = tests::TreeWalks()
                          .record("author.example", "v=DMARC1; p=none; ruf=mailto:walk@author.example")
                          .from({"author.example"});
    const auto asked = failures_asked_for(evidence, judgement);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].policy.record.failure_uris.at(0).uri, "mailto:walk@author.example");
}

TEST(FailureOptions, TwoAuthorDomainsOfOnePolicyDomainGiveOneReport) {
    auto evidence = evidence_of(failing);
    auto second = evidence.policies[0];
    second.author_domain = "sub.author.example";
    evidence.policies.push_back(second);
    auto judgement = judgement_of(failing);
    judgement.domains.push_back(judgement.domains[0]);
    judgement.domains[1].author_domain = "sub.author.example";
    EXPECT_EQ(failures_asked_for(evidence, judgement).size(), 1U);
    evidence.policies[1].policy_domain = "sub.author.example";
    const auto asked = failures_asked_for(evidence, judgement);
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[1].domain, 1U);
    EXPECT_EQ(asked[1].policy.policy_domain, "sub.author.example");
}

}  // namespace
}  // namespace defender::report
