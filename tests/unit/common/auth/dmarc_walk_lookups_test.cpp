#include "common/auth/dmarc_walk_lookups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "common/auth/dmarc_tree_walk.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

DomainName domain(const std::string& text) {
    return DomainName::parse(text).value();
}

class DmarcWalkLookupsTest : public ::testing::Test {
  protected:
    std::vector<std::string> asked() const {
        std::vector<std::string> names;
        for (const auto& question : resolver_.asked()) names.push_back(question.name);
        return names;
    }
    void wait() {
        lookups_->when_all_is_in([this] { ++calls_; });
    }

    test::FakeResolver resolver_;
    std::shared_ptr<DmarcWalkLookups> lookups_ =
        std::make_shared<DmarcWalkLookups>(resolver_, dns::Clock::now() + std::chrono::seconds(5));
    int calls_ = 0;
};

TEST_F(DmarcWalkLookupsTest, AsksForAWholeWalkAtOnceAndForEachNameOnce) {
    resolver_.hold();
    lookups_->add_authors({domain("a.example.com"), domain("b.example.com")});
    EXPECT_THAT(asked(), ElementsAre("_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com",
                                     "_dmarc.b.example.com"));
}

TEST_F(DmarcWalkLookupsTest, AsksForAnIdentifiersNamesThatTheAuthorsWalkDidNotHave) {
    resolver_.add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
    resolver_.hold();
    lookups_->add_authors({domain("example.com")});
    lookups_->add_spf(domain("a.b.example.com"));
    lookups_->add_dkim({domain("a.b.example.com"), domain("b.example.com"), domain("example.org")});
    wait();
    EXPECT_THAT(asked(), ElementsAre("_dmarc.example.com", "_dmarc.com"));
    EXPECT_TRUE(resolver_.answer_round());
    EXPECT_EQ(calls_, 0);
    EXPECT_THAT(asked(), ElementsAre("_dmarc.example.com", "_dmarc.com", "_dmarc.a.b.example.com",
                                     "_dmarc.b.example.com"));
    EXPECT_TRUE(resolver_.answer_round());
    EXPECT_EQ(calls_, 1);
    EXPECT_FALSE(resolver_.answer_round());
}

TEST_F(DmarcWalkLookupsTest, IsDoneWhenWhatCountsIsThereWhateverElseIsUnderWay) {
    resolver_.add_txt("_dmarc.example.com", "v=DMARC1; p=reject; psd=n");
    resolver_.hold();
    lookups_->add_authors({domain("a.example.com")});
    wait();
    resolver_.answer_round([](const dns::Question& question) { return question.name != "_dmarc.com"; });
    EXPECT_EQ(calls_, 1);
    const auto found = lookups_->answers();
    ASSERT_EQ(found.walked.size(), 3U);
    EXPECT_EQ(find_walked(found.walked, "com")->answer, WalkAnswer::not_known);
    EXPECT_EQ(find_walked(found.walked, "a.example.com")->answer, WalkAnswer::nothing);
    EXPECT_EQ(find_walked(found.walked, "example.com")->answer, WalkAnswer::record);
    resolver_.answer_round();
    EXPECT_EQ(calls_, 1) << "the handler is called once";
}

/// The answers that count are there; the seven others come while the handler is given.
TEST(DmarcWalkLookups, CallsTheHandlerAlsoWhereAnswersThatDoNotCountComeMeanwhile) {
    constexpr auto author = "a.b.c.d.e.f.example.com";
    for (int round = 0; round < 5000; ++round) {
        test::FakeResolver resolver;
        resolver.add_txt(std::string("_dmarc.") + author, "v=DMARC1; p=reject; psd=n");
        resolver.hold();
        const auto lookups =
            std::make_shared<DmarcWalkLookups>(resolver, dns::Clock::now() + std::chrono::seconds(5));
        lookups->add_authors({domain(author)});
        resolver.answer_round([&](const dns::Question& question) { return question.name.ends_with(author); });
        std::atomic<bool> begun = false;
        std::thread answering([&] {
            while (!begun) std::this_thread::yield();
            EXPECT_TRUE(resolver.answer_round());
        });
        std::atomic<int> calls = 0;
        begun = true;
        lookups->when_all_is_in([&calls] { ++calls; });
        answering.join();
        ASSERT_EQ(calls, 1) << "round " << round;
    }
}

TEST_F(DmarcWalkLookupsTest, AsksWhetherTheAuthorDomainExistsWhereNpAppliesToIt) {
    resolver_.add_txt("_dmarc.example.com", "v=DMARC1; p=none; np=reject");
    resolver_.add_name("there.example.com");
    resolver_.set_tempfail("lost.example.com", dns::RecordType::txt);
    lookups_->add_authors({domain("there.example.com"), domain("gone.example.com"),
                           domain("lost.example.com"), domain("example.com")});
    wait();
    EXPECT_EQ(calls_, 1);
    const auto found = lookups_->answers();
    EXPECT_EQ(found.existence.at(domain("there.example.com")), DomainExistence::exists);
    EXPECT_EQ(found.existence.at(domain("gone.example.com")), DomainExistence::does_not_exist);
    EXPECT_EQ(found.existence.at(domain("lost.example.com")), DomainExistence::failed);
    EXPECT_EQ(found.existence.size(), 3U);
}

TEST_F(DmarcWalkLookupsTest, AFailedQuestionIsAnAnswer) {
    resolver_.hold();
    lookups_->add_authors({domain("a.example.com")});
    wait();
    resolver_.time_out();
    EXPECT_EQ(calls_, 1);
    for (const auto& name : lookups_->answers().walked) EXPECT_EQ(name.answer, WalkAnswer::failed);
}

TEST_F(DmarcWalkLookupsTest, NothingToWalkIsDoneAtOnce) {
    wait();
    EXPECT_EQ(calls_, 1);
    EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(DmarcWalkLookupsTest, AbandonedItAsksNothingMoreAndCallsNobody) {
    resolver_.add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
    resolver_.hold();
    lookups_->add_authors({domain("example.com")});
    lookups_->add_spf(domain("a.example.com"));
    wait();
    lookups_->abandon();
    lookups_.reset();
    while (resolver_.answer_round()) {
    }
    EXPECT_EQ(calls_, 0);
    EXPECT_THAT(asked(), ElementsAre("_dmarc.example.com", "_dmarc.com"));
}

}  // namespace
}  // namespace defender::auth
