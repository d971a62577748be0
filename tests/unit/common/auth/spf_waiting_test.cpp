#include "common/auth/spf_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <thread>

#include "tests/support/fake_resolver.hpp"
#include "tests/support/spf_checking.hpp"

namespace defender::auth {
namespace {

using dns::RecordType;
using test::check_now;
using test::FakeResolver;
using test::far_away;
using test::PendingSpf;
using test::spf_identity;
using enum SpfResult;

TEST(SpfWaiting, TimeUpIsTemperror) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a -all");
    zone.hold();
    PendingSpf pending;
    pending.start(zone, spf_identity());
    zone.answer_round();
    EXPECT_TRUE(pending.results.empty());
    zone.time_out();
    ASSERT_EQ(pending.results.size(), 1U);
    EXPECT_VERDICT(pending.results.front(), temperror, "timeout asking A example.com");
}

TEST(SpfWaiting, TimeUpForTheClientsNameIsTemperrorToo) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ptr -all");
    zone.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    EXPECT_VERDICT(check_now(zone, spf_identity(), dns::Clock::now()), temperror,
                   "timeout asking for the client's name");
    FakeResolver macro;
    macro.add_txt("example.com", "v=spf1 include:%{p}.example -all");
    macro.add_txt("unknown.example", "v=spf1");
    macro.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    EXPECT_VERDICT(check_now(macro, spf_identity(), dns::Clock::now()), temperror,
                   "timeout asking for the client's name");
}

TEST(SpfWaiting, GivesEveryQuestionTheDeadline) {
    struct Recorder : FakeResolver {
        std::vector<dns::Deadline> deadlines;
        void ask(dns::Question question, dns::Deadline deadline, Handler handler) override {
            deadlines.push_back(deadline);
            FakeResolver::ask(std::move(question), deadline, std::move(handler));
        }
    } zone;
    zone.add_txt("example.com", "v=spf1 a mx exists:x.example -all");
    const auto deadline = far_away();
    check_now(zone, spf_identity(), deadline);
    EXPECT_EQ(zone.deadlines, std::vector<dns::Deadline>(4, deadline));
}

unsigned rounds(FakeResolver& zone, SpfIdentity identity = spf_identity()) {
    zone.hold();
    PendingSpf pending;
    pending.start(zone, std::move(identity));
    unsigned count = 0;
    while (pending.results.empty() && zone.answer_round()) ++count;
    EXPECT_EQ(pending.results.size(), 1U);
    return count;
}

TEST(SpfWaiting, NeedsTwoRoundsForEightIncludes) {
    FakeResolver zone;
    std::string record = "v=spf1";
    for (int i = 0; i < 8; ++i) {
        const auto name = "i" + std::to_string(i) + ".example";
        record += " include:" + name;
        zone.add_txt(name, "v=spf1 ip4:198.51.100." + std::to_string(i));
    }
    zone.add_txt("example.com", record + " -all");
    EXPECT_EQ(rounds(zone), 2U);
    EXPECT_EQ(zone.asked().size(), 9U);
}

TEST(SpfWaiting, NeedsTwoRoundsForTermsOfAllKindsAndOneMoreForWhatTheyNeed) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a exists:%{i}.example include:i.example redirect=r.example");
    zone.add_txt("i.example", "v=spf1 -all");
    zone.add_txt("r.example", "v=spf1 -all");
    EXPECT_EQ(rounds(zone), 2U);
    FakeResolver deeper;
    deeper.add_txt("example.com", "v=spf1 mx ptr exists:%{p}.x.example -all");
    deeper.add_mx("example.com", 1, "mx.example.com");
    deeper.add_address("mx.example.com", "192.0.2.99");
    deeper.add_ptr("1.2.0.192.in-addr.arpa", "host.example");
    deeper.add_address("host.example", "192.0.2.1");
    EXPECT_EQ(rounds(deeper), 4U);
}

TEST(SpfWaiting, NeedsOneRoundForEachLevelOfIncludes) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 include:b.example include:d.example -all");
    zone.add_txt("b.example", "v=spf1 include:c.example");
    zone.add_txt("c.example", "v=spf1 a:x.example a:y.example");
    zone.add_txt("d.example", "v=spf1 ip4:192.0.2.1");
    EXPECT_EQ(rounds(zone), 4U);
}

TEST(SpfWaiting, EndsAsSoonAsTheVerdictIsSure) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a include:slow.example -all");
    zone.add_address("example.com", "192.0.2.1");
    zone.hold();
    PendingSpf pending;
    pending.start(zone, spf_identity());
    zone.answer_round();
    zone.answer_round([](const auto& question) { return question.name == "example.com"; });
    ASSERT_EQ(pending.results.size(), 1U);
    EXPECT_VERDICT(pending.results.front(), pass, "a");
    zone.time_out();
    EXPECT_EQ(pending.results.size(), 1U);
}

TEST(SpfWaiting, AsksNothingBehindATermThatMatchesForCertain) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a ip4:192.0.2.0/24 include:i.example mx -all");
    check_now(zone);
    EXPECT_EQ(zone.asked().size(), 2U);
}

TEST(SpfWaiting, AsksAQuestionOnce) {
    FakeResolver zone;
    zone.add_txt("example.com",
                 "v=spf1 a a mx mx include:i.example include:I.example ptr ptr exists:%{p} -all");
    zone.add_txt("i.example", "v=spf1 a:example.com mx:EXAMPLE.com. -all");
    zone.add_address("example.com", "192.0.2.99");
    zone.add_mx("example.com", 1, "example.com");
    check_now(zone);
    auto asked = zone.asked();
    std::sort(asked.begin(), asked.end());
    EXPECT_EQ(std::adjacent_find(asked.begin(), asked.end()), asked.end());
}

TEST(SpfWaiting, AnswersOnceAlthoughAnswersComeFromManyThreads) {
    // Answers each question on a thread of its own.
    struct Threaded : FakeResolver {
        std::mutex mutex;
        std::vector<std::thread> threads;
        void ask(dns::Question question, dns::Deadline deadline, Handler handler) override {
            const std::lock_guard lock(mutex);
            threads.emplace_back(
                [this, question, deadline, handler] { FakeResolver::ask(question, deadline, handler); });
        }
        void join() {
            for (;;) {
                std::vector<std::thread> running;
                {
                    const std::lock_guard lock(mutex);
                    running.swap(threads);
                }
                if (running.empty()) return;
                for (auto& thread : running) thread.join();
            }
        }
    };
    for (int run = 0; run < 50; ++run) {
        Threaded zone;
        std::string record = "v=spf1";
        for (int i = 0; i < 4; ++i) {
            const auto name = "i" + std::to_string(i) + ".example";
            record += " include:" + name;
            zone.add_txt(name, "v=spf1 a:h" + name);
            zone.add_address("h" + name, "192.0.2." + std::to_string(100 + i));
        }
        zone.add_txt("example.com", record + " ~all");
        std::promise<SpfEvidence> promise;
        check_spf(zone, spf_identity(), far_away(),
                  [&](SpfEvidence evidence) { promise.set_value(std::move(evidence)); });
        EXPECT_VERDICT(promise.get_future().get(), softfail, "all");
        zone.join();
    }
}

TEST(SpfWaiting, DoesNotRecurseWhereAnswersComeAtOnce) {
    // A chain as long as the limit allows, each link answered from within ask(); the nesting of calls stays
    // flat.
    struct Nesting : FakeResolver {
        int depth = 0;
        int deepest = 0;
        void ask(dns::Question question, dns::Deadline deadline, Handler handler) override {
            deepest = std::max(deepest, ++depth);
            FakeResolver::ask(std::move(question), deadline, std::move(handler));
            --depth;
        }
    } zone;
    for (int i = 0; i < 10; ++i) {
        zone.add_txt(i == 0 ? "example.com" : "r" + std::to_string(i) + ".example",
                     "v=spf1 redirect=r" + std::to_string(i + 1) + ".example");
    }
    zone.add_txt("r10.example", "v=spf1 all");
    EXPECT_EQ(check_now(zone).result, pass);
    EXPECT_EQ(zone.deepest, 1);
}

}  // namespace
}  // namespace defender::auth
