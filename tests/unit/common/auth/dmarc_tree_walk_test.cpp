#include "common/auth/dmarc_tree_walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/tree_walks.hpp"

namespace defender::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::TreeWalks;

const std::string plain_record = "v=DMARC1; p=reject";
const std::string psd_record = "v=DMARC1; p=reject; psd=y";
const std::string own_organization = "v=DMARC1; p=reject; psd=n";

DomainName domain(const std::string& text) {
    return DomainName::parse(text).value();
}

std::vector<std::string> names(const std::string& start) {
    std::vector<std::string> texts;
    for (const auto& name : tree_walk_names(domain(start))) texts.push_back(name.text());
    return texts;
}

std::vector<std::string> organizations(const TreeWalks& world, const std::string& start) {
    return possible_organizational_domains(world.from({start}), domain(start));
}

PolicyEvidence policy(const TreeWalks& world, const std::string& author_domain) {
    PolicyEvidence author;
    author.author_domain = author_domain;
    return tree_walk_policy(world.from({author_domain}), author);
}

AlignmentResult alignment_of(const TreeWalks& world, const std::string& identifier,
                             const std::string& author) {
    return tree_walk_alignment(world.from({identifier, author}), identifier, author);
}

TEST(DmarcTreeWalk, NamesAreThoseOfTheLongExampleInSection410) {
    EXPECT_THAT(names("a.b.c.d.e.f.g.h.i.j.mail.example.com"),
                ElementsAre("a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com",
                            "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com",
                            "mail.example.com", "example.com", "com"));
}

TEST(DmarcTreeWalk, NamesAreThoseOfTheZoneCutExampleInSection518) {
    EXPECT_THAT(names("mail.a.b.c.d.e.f.g.example.com"),
                ElementsAre("mail.a.b.c.d.e.f.g.example.com", "c.d.e.f.g.example.com", "d.e.f.g.example.com",
                            "e.f.g.example.com", "f.g.example.com", "g.example.com", "example.com", "com"));
}

TEST(DmarcTreeWalk, NoWalkHasMoreThanEightNamesAndNoneUpToEightLabelsLeavesOneOut) {
    std::string name = "com";
    for (std::size_t labels = 1; labels <= 30; ++labels, name.insert(0, "a.")) {
        const auto walk = names(name);
        EXPECT_EQ(walk.size(), std::min<std::size_t>(labels, max_walk_names)) << name;
        EXPECT_EQ(walk.front(), name);
        EXPECT_EQ(walk.back(), "com");
        if (labels > 1) {
            EXPECT_EQ(domain(walk[1]).label_count(), std::min<std::size_t>(labels - 1, 7)) << name;
        }
    }
}

TEST(DmarcTreeWalk, LongestNameThatThereIsIsWalked) {
    std::string name = "com";
    while (name.size() + 2 <= 253) name.insert(0, "a.");
    EXPECT_EQ(names(name).size(), max_walk_names);
}

TEST(DmarcTreeWalk, OrganizationalDomainsAreThoseOfSection4102) {
    struct Row {
        std::string what;
        TreeWalks world;
        std::string start;
        std::string organization;
    };
    const std::vector<Row> table = {
        {"two records: the one with the fewest labels",
         TreeWalks().record("mail.example.com", plain_record).record("example.com", plain_record),
         "a.mail.example.com", "example.com"},
        {"psd=n: that domain", TreeWalks().record("mail.example.com", own_organization), "a.mail.example.com",
         "mail.example.com"},
        {"psd=n ends the walk below another record",
         TreeWalks().record("mail.example.com", own_organization).record("example.com", plain_record),
         "a.mail.example.com", "mail.example.com"},
        {"psd=y at the top: one label below it", TreeWalks().record("com", psd_record), "a.mail.example.com",
         "example.com"},
        {"psd=y in the middle: one label below it", TreeWalks().record("example.com", psd_record),
         "a.mail.example.com", "mail.example.com"},
        {"psd=y where the walk starts: itself", TreeWalks().record("example.com", psd_record), "example.com",
         "example.com"},
        {"psd=y where the walk starts ends it",
         TreeWalks().record("example.com", psd_record).record("com", plain_record), "example.com",
         "example.com"},
        {"psd=n where the walk starts: itself", TreeWalks().record("a.example.com", own_organization),
         "a.example.com", "a.example.com"},
        {"psd=u is as no psd", TreeWalks().record("example.com", "v=DMARC1; p=none; psd=u"),
         "mail.example.com", "example.com"},
        {"a bad psd is psd=u", TreeWalks().record("example.com", "v=DMARC1; p=none; psd=maybe"),
         "mail.example.com", "example.com"},
        {"no record at all: where the walk started", TreeWalks(), "a.mail.example.com", "a.mail.example.com"},
        {"a record at the top-level domain alone, without psd", TreeWalks().record("com", plain_record),
         "mail.example.com", "com"},
        {"several records at a name are discarded and the walk goes on",
         TreeWalks()
             .record("mail.example.com", own_organization)
             .record("mail.example.com", plain_record)
             .record("example.com", plain_record),
         "a.mail.example.com", "example.com"},
        {"a record with a tag twice is discarded and the walk goes on",
         TreeWalks()
             .record("mail.example.com", "v=DMARC1; p=none; psd=n; psd=n")
             .record("example.com", plain_record),
         "a.mail.example.com", "example.com"},
        {"a record that gives no policy counts",
         TreeWalks().record("mail.example.com", "v=DMARC1; psd=n").record("example.com", plain_record),
         "a.mail.example.com", "mail.example.com"},
        {"texts that are no DMARC records do not count",
         TreeWalks().record("example.com", plain_record).record("example.com", "v=spf1 -all"),
         "mail.example.com", "example.com"},
        {"psd=y above a name that the walk leaves out",
         TreeWalks().record("c.d.e.f.g.example.com", psd_record), "mail.a.b.c.d.e.f.g.example.com",
         "b.c.d.e.f.g.example.com"},
        {"a record on a name that the walk leaves out is not found",
         TreeWalks().record("b.c.d.e.f.g.example.com", own_organization).record("example.com", plain_record),
         "mail.a.b.c.d.e.f.g.example.com", "example.com"},
    };
    for (const auto& row : table) {
        EXPECT_THAT(organizations(row.world, row.start), ElementsAre(row.organization)) << row.what;
    }
}

TEST(DmarcTreeWalk, AFailureLeavesEveryOrganizationPossibleThatItMayHide) {
    struct Row {
        TreeWalks world;
        std::string start;
        std::vector<std::string> possible;
    };
    const std::vector<Row> table = {
        {TreeWalks().record("example.com", plain_record).fails("com"),
         "mail.example.com",
         {"example.com", "com"}},
        {TreeWalks().fails("com"), "example.com", {"example.com", "com"}},
        {TreeWalks().fails("mail.example.com").record("example.com", plain_record),
         "mail.example.com",
         {"mail.example.com", "example.com"}},
        {TreeWalks().fails("example.com"),
         "a.mail.example.com",
         {"mail.example.com", "example.com", "a.mail.example.com"}},
        {TreeWalks().fails("mail.example.com").record("example.com", own_organization),
         "a.mail.example.com",
         {"a.mail.example.com", "mail.example.com", "example.com"}},
        {TreeWalks().open("com").record("example.com", own_organization),
         "mail.example.com",
         {"example.com"}},
        {TreeWalks().open("example.com"), "example.com", {"example.com"}},
    };
    for (const auto& row : table) {
        EXPECT_THAT(organizations(row.world, row.start), testing::UnorderedElementsAreArray(row.possible))
            << row.start;
    }
}

TEST(DmarcTreeWalk, PolicyIsTheAuthorDomainsElseItsOrganizationsElseItsPublicSuffixs) {
    struct Row {
        std::string what;
        TreeWalks world;
        std::string author;
        std::string policy_domain;  ///< empty: none
    };
    const std::vector<Row> table = {
        {"its own", TreeWalks().record("example.com", plain_record), "example.com", "example.com"},
        {"its own before its organization's",
         TreeWalks().record("a.example.com", plain_record).record("example.com", plain_record),
         "a.example.com", "a.example.com"},
        {"its organization's", TreeWalks().record("example.com", plain_record), "a.b.example.com",
         "example.com"},
        {"not that of a name between",
         TreeWalks().record("b.example.com", plain_record).record("example.com", plain_record),
         "a.b.example.com", "example.com"},
        {"psd=n between ends the walk",
         TreeWalks().record("b.example.com", own_organization).record("example.com", plain_record),
         "a.b.example.com", "b.example.com"},
        {"the public suffix's where the organization has none", TreeWalks().record("bank", psd_record),
         "mail.giant.bank", "bank"},
        {"not the public suffix's where the organization has one",
         TreeWalks().record("bank", psd_record).record("giant.bank", plain_record), "mail.giant.bank",
         "giant.bank"},
        {"not that of a name between the author and its organization",
         TreeWalks().record("bank", psd_record).record("mail.giant.bank", plain_record), "a.mail.giant.bank",
         "bank"},
        {"a public suffix's own", TreeWalks().record("bank", psd_record), "bank", "bank"},
        {"none at all", TreeWalks(), "a.example.com", ""},
        {"two records at the author: the walk goes on",
         TreeWalks()
             .record("a.example.com", plain_record)
             .record("a.example.com", plain_record)
             .record("example.com", plain_record),
         "a.example.com", "example.com"},
        {"a record with a tag twice at the author: the walk goes on",
         TreeWalks().record("a.example.com", "v=DMARC1; p=none; p=none").record("example.com", plain_record),
         "a.example.com", "example.com"},
        {"a record at the author that gives no policy ends the search",
         TreeWalks().record("a.example.com", "v=DMARC1; p=bogus").record("example.com", plain_record),
         "a.example.com", ""},
        {"a record at the organization that gives no policy ends the search",
         TreeWalks().record("example.com", "v=DMARC1; p=none; np=bogus"), "a.example.com", ""},
        {"a longer name than eight labels has its own record asked for",
         TreeWalks().record("mail.a.b.c.d.e.f.g.example.com", plain_record), "mail.a.b.c.d.e.f.g.example.com",
         "mail.a.b.c.d.e.f.g.example.com"},
        {"a top-level domain", TreeWalks().record("com", plain_record), "com", "com"},
    };
    for (const auto& row : table) {
        const auto found = policy(row.world, row.author);
        EXPECT_EQ(found.policy_domain, row.policy_domain) << row.what;
        EXPECT_EQ(found.outcome, row.policy_domain.empty() ? PolicyOutcome::none : PolicyOutcome::found)
            << row.what;
        EXPECT_EQ(found.author_domain, row.author);
    }
}

TEST(DmarcTreeWalk, FailureIsTemperrorWhereverTheWalkComesToItAndNeverFallsThrough) {
    struct Row {
        std::string what;
        TreeWalks world;
        PolicyOutcome outcome;
    };
    const std::vector<Row> table = {
        {"at the author", TreeWalks().fails("a.b.example.com").record("example.com", plain_record),
         PolicyOutcome::temperror},
        {"between the author and a record",
         TreeWalks().fails("b.example.com").record("example.com", plain_record), PolicyOutcome::temperror},
        {"above a record, which need not be the last one",
         TreeWalks().record("example.com", plain_record).fails("com"), PolicyOutcome::temperror},
        {"above the end of the walk", TreeWalks().record("example.com", own_organization).fails("com"),
         PolicyOutcome::found},
        {"above the author's own record", TreeWalks().record("a.b.example.com", plain_record).fails("com"),
         PolicyOutcome::found},
        {"without any record", TreeWalks().fails("com"), PolicyOutcome::temperror},
        {"an answer that was not waited for", TreeWalks().open("b.example.com"), PolicyOutcome::temperror},
    };
    for (const auto& row : table) {
        EXPECT_EQ(policy(row.world, "a.b.example.com").outcome, row.outcome) << row.what;
    }
    EXPECT_EQ(policy(TreeWalks().fails("example.com"), "example.com").failure,
              "TXT _dmarc.example.com: SERVFAIL");
    EXPECT_THAT(policy(TreeWalks().open("example.com"), "example.com").failure, HasSubstr("not waited for"));
}

TEST(DmarcTreeWalk, NothingAskedForIsTemperrorAndNotNone) {
    PolicyEvidence author;
    author.author_domain = "example.com";
    EXPECT_EQ(tree_walk_policy({}, author).outcome, PolicyOutcome::temperror);
}

TEST(DmarcTreeWalk, WhatIsDiscardedIsToldWhereNoPolicyIsFound) {
    const auto twice = TreeWalks().record("example.com", plain_record).record("example.com", plain_record);
    EXPECT_EQ(policy(twice, "example.com").failure, "2 DMARC records at _dmarc.example.com");
    EXPECT_EQ(policy(TreeWalks().record("example.com", "v=DMARC1; p=none; p=none"), "example.com").failure,
              "the DMARC record at _dmarc.example.com is not valid");
    EXPECT_EQ(policy(TreeWalks().record("example.com", "v=DMARC1"), "example.com").failure,
              "the DMARC record at _dmarc.example.com gives no policy");
}

// RFC 9989 appendix B.4.1.
TEST(DmarcTreeWalk, SimpleExampleOfTheAppendixAligns) {
    const auto world =
        TreeWalks().record("example.com", plain_record).record("signing.example.com", plain_record);
    EXPECT_EQ(policy(world, "example.com").policy_domain, "example.com");
    EXPECT_THAT(organizations(world, "example.com"), ElementsAre("example.com"));
    EXPECT_THAT(organizations(world, "signing.example.com"), ElementsAre("example.com"));
    EXPECT_EQ(alignment_of(world, "example.com", "example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "signing.example.com", "example.com"), AlignmentResult::yes);
}

// RFC 9989 appendix B.4.2.
TEST(DmarcTreeWalk, DeepExampleOfTheAppendixAligns) {
    const std::string author = "a.b.c.d.e.f.g.h.i.j.k.example.com";
    const auto world =
        TreeWalks().record("example.com", plain_record).record("signing.example.com", plain_record);
    EXPECT_THAT(names(author),
                ElementsAre(author, "g.h.i.j.k.example.com", "h.i.j.k.example.com", "i.j.k.example.com",
                            "j.k.example.com", "k.example.com", "example.com", "com"));
    EXPECT_EQ(policy(world, author).policy_domain, "example.com");
    EXPECT_EQ(alignment_of(world, "example.com", author), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "signing.example.com", author), AlignmentResult::yes);
}

// RFC 9989 appendix B.4.3.
TEST(DmarcTreeWalk, PublicSuffixExampleOfTheAppendixAlignsSpfAndNotDkim) {
    const auto world =
        TreeWalks().record("bank.example", psd_record).record("giant.bank.example", plain_record);
    EXPECT_EQ(policy(world, "giant.bank.example").policy_domain, "giant.bank.example");
    EXPECT_THAT(organizations(world, "giant.bank.example"), ElementsAre("giant.bank.example"));
    EXPECT_THAT(organizations(world, "mail.giant.bank.example"), ElementsAre("giant.bank.example"));
    EXPECT_THAT(organizations(world, "mail.mega.bank.example"), ElementsAre("mega.bank.example"));
    EXPECT_EQ(alignment_of(world, "mail.giant.bank.example", "giant.bank.example"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "mail.mega.bank.example", "giant.bank.example"), AlignmentResult::no);
}

// RFC 9989 appendices B.1.1 and B.1.2, where example.com and example.net have policies.
TEST(DmarcTreeWalk, AlignmentExamplesOfTheAppendix) {
    const auto world = TreeWalks().record("example.com", plain_record).record("example.net", plain_record);
    EXPECT_EQ(alignment_of(world, "example.com", "example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "child.example.com", "example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "example.com", "child.example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "example.net", "child.example.com"), AlignmentResult::no);
}

TEST(DmarcTreeWalk, APublicSuffixAlignsWithNothingButItself) {
    const auto world = TreeWalks().record("bank", psd_record);
    EXPECT_EQ(alignment_of(world, "bank", "giant.bank"), AlignmentResult::no);
    EXPECT_EQ(alignment_of(world, "giant.bank", "bank"), AlignmentResult::no);
    EXPECT_EQ(alignment_of(world, "mega.bank", "giant.bank"), AlignmentResult::no);
    EXPECT_EQ(alignment_of(world, "bank", "bank"), AlignmentResult::yes);
}

TEST(DmarcTreeWalk, ADepartmentThatIsItsOwnOrganizationAlignsWithNobodyAbove) {
    const auto world =
        TreeWalks().record("dept.example.com", own_organization).record("example.com", plain_record);
    EXPECT_EQ(alignment_of(world, "mail.dept.example.com", "dept.example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "example.com", "dept.example.com"), AlignmentResult::no);
    EXPECT_EQ(alignment_of(world, "dept.example.com", "www.example.com"), AlignmentResult::no);
}

TEST(DmarcTreeWalk, AlignmentIsNotKnownOnlyWhereAFailureMayHideIt) {
    const auto world = TreeWalks().record("example.com", plain_record).fails("mail.example.com");
    EXPECT_EQ(alignment_of(world, "mail.example.com", "example.com"), AlignmentResult::not_known);
    EXPECT_EQ(alignment_of(world, "mail.example.com", "mail.example.com"), AlignmentResult::yes);
    EXPECT_EQ(alignment_of(world, "mail.example.com", "example.net"), AlignmentResult::no);
    const auto elsewhere = TreeWalks().record("example.com", plain_record).fails("attack.com");
    EXPECT_EQ(alignment_of(elsewhere, "attack.com", "example.com"), AlignmentResult::no)
        << "whatever stands at attack.com, its organization is not example.com";
}

TEST(DmarcTreeWalk, WhatIsNoDomainNameAlignsWithNothing) {
    EXPECT_EQ(tree_walk_alignment({}, "", "example.com"), AlignmentResult::no);
    EXPECT_EQ(tree_walk_alignment({}, "[192.0.2.1]", "example.com"), AlignmentResult::no);
    EXPECT_EQ(tree_walk_alignment({}, "example.com", ""), AlignmentResult::no);
}

TEST(DmarcTreeWalk, DescriptionNamesEachStepUntilTheEnd) {
    const auto world = TreeWalks().record("example.com", own_organization).fails("a.example.com");
    EXPECT_EQ(describe_tree_walk(world.from({"b.a.example.com"}), domain("b.a.example.com")),
              "b.a.example.com nothing, a.example.com failed, example.com record (psd=n ends it)");
    EXPECT_EQ(describe_tree_walk({}, domain("com")), "com not known");
}

TEST(DmarcTreeWalk, AnswersBecomeNamesOfTheWalk) {
    dns::Answer answer;
    answer.outcome = dns::Outcome::nodata;
    EXPECT_EQ(walked_name(domain("example.com"), answer).answer, WalkAnswer::nothing);
    answer.outcome = dns::Outcome::nxdomain;
    EXPECT_EQ(walked_name(domain("example.com"), answer).answer, WalkAnswer::nothing);
    answer.outcome = dns::Outcome::found;
    answer.texts = {"v=spf1 -all", "v=DMARC1; p=none; np=reject; t=y\x01"};
    const auto name = walked_name(domain("example.com"), answer);
    EXPECT_EQ(name.answer, WalkAnswer::record);
    EXPECT_EQ(name.record_text, "v=DMARC1; p=none; np=reject; t=y?");
    EXPECT_EQ(name.record.nonexistent_policy, Policy::reject);
    EXPECT_FALSE(name.record.testing);
}

}  // namespace
}  // namespace defender::auth
