#include "common/auth/dmarc_walk_needs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/tree_walks.hpp"

namespace defender::auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tests::TreeWalks;

DomainName domain(const std::string& text) {
    return DomainName::parse(text).value();
}

/// One message of a.example.com, and what has been answered of it.
class DmarcWalkNeeds : public ::testing::Test {
  protected:
    DmarcWalkNeeds() { subjects_.authors = {domain("a.example.com")}; }

    /// The names are answered as the world has them.
    void answered(const TreeWalks& world, const std::vector<std::string>& names) {
        for (const auto& name : names) {
            const auto walked = world.from({name});
            add_walked(answers_.walked, *find_walked(walked, name));
        }
    }
    std::vector<std::string> names() const {
        std::vector<std::string> texts;
        for (const auto& name : walk_needs(subjects_, answers_).names) texts.push_back(name.text());
        return texts;
    }
    std::vector<std::string> existence() const {
        std::vector<std::string> texts;
        for (const auto& name : walk_needs(subjects_, answers_).existence) texts.push_back(name.text());
        return texts;
    }

    WalkSubjects subjects_;
    WalkAnswers answers_;
};

const std::string relaxed = "v=DMARC1; p=reject";
const std::string strict = "v=DMARC1; p=reject; aspf=s; adkim=s";

TEST_F(DmarcWalkNeeds, TheAuthorsWholeWalkIsNeededAtOnce) {
    EXPECT_THAT(names(), ElementsAre("a.example.com", "example.com", "com"));
}

TEST_F(DmarcWalkNeeds, TheAuthorsOwnRecordIsEnoughWithoutIdentifiers) {
    answered(TreeWalks().record("a.example.com", relaxed), {"a.example.com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
}

TEST_F(DmarcWalkNeeds, NothingAboveTheEndOfTheWalkIsNeeded) {
    const auto world = TreeWalks().record("example.com", "v=DMARC1; p=reject; psd=n");
    answered(world, {"example.com"});
    EXPECT_THAT(names(), ElementsAre("a.example.com"));
    answered(world, {"a.example.com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
}

TEST_F(DmarcWalkNeeds, AnOrdinaryRecordDoesNotEndTheWalk) {
    answered(TreeWalks().record("example.com", relaxed), {"a.example.com", "example.com"});
    EXPECT_THAT(names(), ElementsAre("com"));
}

TEST_F(DmarcWalkNeeds, AnIdentifierWithinTheOrganizationIsWalkedOnceThatIsKnown) {
    subjects_.spf = {domain("bounce.mail.example.com")};
    const auto world = TreeWalks().record("example.com", relaxed);
    answered(world, {"a.example.com", "example.com"});
    EXPECT_THAT(names(), ElementsAre("com"));
    answered(world, {"com"});
    EXPECT_THAT(names(), ElementsAre("bounce.mail.example.com", "mail.example.com"));
    answered(world, {"bounce.mail.example.com", "mail.example.com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
}

TEST_F(DmarcWalkNeeds, TheOrganizationIsNeededForAnIdentifierBesideAnOwnRecord) {
    subjects_.dkim = {domain("b.example.com")};
    answered(TreeWalks().record("a.example.com", relaxed), {"a.example.com"});
    EXPECT_THAT(names(), ElementsAre("example.com", "com"));
}

TEST_F(DmarcWalkNeeds, IdentifiersThatCannotAlignAreNotWalked) {
    subjects_.spf = {domain("a.example.com"), domain("mailer.example"), domain("other.com")};
    subjects_.dkim = subjects_.spf;
    answered(TreeWalks().record("example.com", relaxed), {"a.example.com", "example.com", "com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
}

TEST_F(DmarcWalkNeeds, StrictAlignmentNeedsNoWalkOfItsKind) {
    subjects_.spf = {domain("spf.example.com")};
    subjects_.dkim = {domain("dkim.example.com")};
    const std::vector<std::string> walk{"a.example.com", "example.com", "com"};
    answered(TreeWalks().record("a.example.com", strict), {"a.example.com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
    answers_ = {};
    answered(TreeWalks().record("example.com", "v=DMARC1; p=reject; aspf=s"), walk);
    EXPECT_THAT(names(), ElementsAre("dkim.example.com"));
    answers_ = {};
    answered(TreeWalks().record("example.com", "v=DMARC1; p=reject; adkim=s"), walk);
    EXPECT_THAT(names(), ElementsAre("spf.example.com"));
}

TEST_F(DmarcWalkNeeds, WithoutAPolicyNoIdentifierIsWalked) {
    subjects_.spf = {domain("b.a.example.com")};
    answered(TreeWalks(), {"a.example.com", "example.com", "com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
    answers_ = {};
    answered(TreeWalks().fails("a.example.com"), {"a.example.com", "example.com", "com"});
    EXPECT_TRUE(walk_needs(subjects_, answers_).empty());
}

TEST_F(DmarcWalkNeeds, AFailureAboveLeavesNeighboursInNeedOfTheirWalks) {
    subjects_.spf = {domain("other.com")};
    const auto world = TreeWalks().record("a.example.com", relaxed).fails("com");
    answered(world, {"a.example.com", "example.com", "com"});
    EXPECT_THAT(names(), ElementsAre("other.com"));
}

TEST_F(DmarcWalkNeeds, ExistenceIsNeededOnlyForNpFromAbove) {
    const std::vector<std::string> walk{"a.example.com", "example.com", "com"};
    answered(TreeWalks().record("example.com", "v=DMARC1; p=none; np=reject"), walk);
    EXPECT_THAT(existence(), ElementsAre("a.example.com"));
    answers_.existence[domain("a.example.com")] = DomainExistence::exists;
    EXPECT_THAT(existence(), IsEmpty());
    answers_ = {};
    answered(TreeWalks().record("example.com", "v=DMARC1; p=none; sp=reject"), walk);
    EXPECT_THAT(existence(), IsEmpty());
    answers_ = {};
    answered(TreeWalks().record("a.example.com", "v=DMARC1; p=none; np=reject"), walk);
    EXPECT_THAT(existence(), IsEmpty());
}

TEST_F(DmarcWalkNeeds, EachNameIsNeededOnceForSeveralAuthors) {
    subjects_.authors.push_back(domain("b.example.com"));
    EXPECT_THAT(names(), ElementsAre("a.example.com", "example.com", "com", "b.example.com"));
}

}  // namespace
}  // namespace defender::auth
