#include "common/dns/caching_resolver.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "tests/support/answers.hpp"

namespace defender::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Pending;

/// Questions pile up until the test answers them.
class ManualResolver final : public Resolver {
  public:
    struct Asked {
        Question question;
        Deadline deadline;
        Handler handler;
    };
    void ask(Question question, Deadline deadline, Handler handler) override {
        asked.push_back({std::move(question), deadline, std::move(handler)});
    }
    void answer_next(const AnswerPtr& answer) {
        const Asked next = std::move(asked.front());
        asked.pop_front();
        next.handler(answer);
    }
    std::deque<Asked> asked;
};

/// Rings when the test says so.
class ManualAlarm final : public Alarm {
  public:
    void set(Clock::time_point when, std::function<void()> ring) override {
        when_ = when;
        ring_ = std::move(ring);
    }
    [[nodiscard]] Clock::time_point when() const { return when_; }
    void ring() {
        if (const auto ring = std::exchange(ring_, nullptr)) ring();
    }

  private:
    Clock::time_point when_;
    std::function<void()> ring_;
};

AnswerPtr found(const std::string& text, std::uint32_t ttl = 60) {
    Answer answer;
    answer.outcome = Outcome::found;
    answer.texts = {text};
    answer.ttl_seconds = ttl;
    return std::make_shared<const Answer>(answer);
}

class CachingResolverTest : public ::testing::Test {
  protected:
    CachingResolverTest() : cache(upstream, alarm, metrics.dns(), options()) {}

    CachingOptions options() {
        CachingOptions made;
        made.limits = {100, 1 << 20, seconds(3600), seconds(300), seconds(5)};
        made.total_timeout = seconds(10);
        made.now = [this] { return now; };
        return made;
    }
    void advance(Clock::duration by) {
        now += by;
        if (alarm.when() <= now) alarm.ring();
    }
    void ask(Pending& pending, seconds patience, const std::string& name = "a.x") {
        cache.ask({name, RecordType::txt}, now + patience, pending.handler());
    }

    Clock::time_point now{seconds(5000)};
    metrics::Metrics metrics;
    ManualResolver upstream;
    ManualAlarm alarm;
    CachingResolver cache;
};

using CachingResolver = CachingResolverTest;

TEST_F(CachingResolver, AsksUpstreamOnceAndThenAnswersInsideAskUntilTheTtlIsOver) {
    Pending first;
    ask(first, seconds(5));
    upstream.answer_next(found("v", 60));
    EXPECT_EQ(first.get()->texts.at(0), "v");

    advance(seconds(59));
    Pending second;
    ask(second, seconds(5), "A.X.");
    ASSERT_TRUE(second.ready());
    EXPECT_EQ(second.get()->texts.at(0), "v");
    EXPECT_TRUE(upstream.asked.empty());

    advance(seconds(1));
    Pending third;
    ask(third, seconds(5));
    EXPECT_FALSE(third.ready());
    EXPECT_EQ(upstream.asked.size(), 1U);
    EXPECT_EQ(metrics.dns().queries.Value(), 2);
    EXPECT_EQ(metrics.dns().hits.Value(), 1);
}

TEST_F(CachingResolver, AKeptAnswerIsGivenEvenWhenTheDeadlineIsOver) {
    Pending first;
    ask(first, seconds(5));
    upstream.answer_next(found("v"));
    Pending late;
    ask(late, seconds(0));
    EXPECT_EQ(late.get()->outcome, Outcome::found);
}

TEST_F(CachingResolver, AQuestionWhoseDeadlineIsOverIsNotAsked) {
    Pending late;
    ask(late, seconds(0));
    EXPECT_EQ(late.get()->failure, "timeout");
    EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(CachingResolver, EqualQuestionsInFlightAreAskedOnceAndAllAreAnswered) {
    std::array<Pending, 5> waiting;
    for (auto& pending : waiting) ask(pending, seconds(5));
    EXPECT_EQ(upstream.asked.size(), 1U);
    EXPECT_EQ(metrics.dns().joins.Value(), 4);
    upstream.answer_next(found("v"));
    for (auto& pending : waiting) EXPECT_EQ(pending.get()->texts.at(0), "v");
}

TEST_F(CachingResolver, TheWaiterWhoseDeadlineComesFirstTimesOutAndTheOthersGoOn) {
    Pending patient;
    Pending hasty;
    Pending middling;
    ask(patient, seconds(8));
    ask(hasty, seconds(2));
    ask(middling, seconds(4));
    advance(seconds(2));
    ASSERT_TRUE(hasty.ready());
    EXPECT_EQ(hasty.get()->failure, "timeout");
    EXPECT_FALSE(middling.ready());
    advance(seconds(2));
    ASSERT_TRUE(middling.ready());
    EXPECT_EQ(middling.get()->outcome, Outcome::tempfail);
    EXPECT_FALSE(patient.ready());
    upstream.answer_next(found("v"));
    EXPECT_EQ(patient.get()->outcome, Outcome::found);
    EXPECT_EQ(metrics.dns().failures.Value(), 2);
}

TEST_F(CachingResolver, AHastyAskerDoesNotShortenTheQuestionForThoseWhoJoin) {
    Pending hasty;
    ask(hasty, seconds(1));
    EXPECT_EQ(upstream.asked.front().deadline, now + seconds(10));
}

TEST_F(CachingResolver, AnAnswerThatComesAfterAllHaveLeftIsKept) {
    Pending hasty;
    ask(hasty, seconds(1));
    advance(seconds(1));
    EXPECT_EQ(hasty.get()->failure, "timeout");
    Pending joined;
    ask(joined, seconds(1));
    EXPECT_EQ(upstream.asked.size(), 1U);
    advance(seconds(1));
    EXPECT_EQ(joined.get()->failure, "timeout");
    upstream.answer_next(found("v"));
    Pending later;
    ask(later, seconds(1));
    ASSERT_TRUE(later.ready());
    EXPECT_EQ(later.get()->outcome, Outcome::found);
}

TEST_F(CachingResolver, AWaitersTimeOutIsNotKeptAsTheAnswer) {
    Pending hasty;
    ask(hasty, seconds(1));
    advance(seconds(1));
    upstream.answer_next(found("v", 0));
    Pending next;
    ask(next, seconds(1));
    EXPECT_FALSE(next.ready());
    EXPECT_EQ(upstream.asked.size(), 1U);
}

TEST_F(CachingResolver, AFailureIsKeptForItsShortTimeOnly) {
    Pending first;
    ask(first, seconds(5));
    upstream.answer_next(tempfail("SERVFAIL"));
    EXPECT_EQ(first.get()->failure, "SERVFAIL");
    Pending second;
    ask(second, seconds(5));
    EXPECT_EQ(second.get()->failure, "SERVFAIL");
    advance(seconds(5));
    Pending third;
    ask(third, seconds(5));
    EXPECT_FALSE(third.ready());
    upstream.answer_next(found("v"));
    EXPECT_EQ(third.get()->outcome, Outcome::found);
}

TEST_F(CachingResolver, ANameThatCannotBeAskedIsNxdomainAndTakesNoPlace) {
    for (const std::string& name : {std::string(), std::string("a..b"), std::string(64, 'a') + ".x"}) {
        Pending pending;
        ask(pending, seconds(5), name);
        EXPECT_EQ(pending.get()->outcome, Outcome::nxdomain);
    }
    EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(CachingResolver, AHandlerMayAskAgain) {
    Pending second;
    cache.ask({"a.x", RecordType::txt}, now + seconds(5),
              [&](const AnswerPtr&) { ask(second, seconds(5), "b.x"); });
    upstream.answer_next(found("v"));
    ASSERT_EQ(upstream.asked.size(), 1U);
    upstream.answer_next(found("w"));
    EXPECT_EQ(second.get()->texts.at(0), "w");
}

TEST_F(CachingResolver, ReportsWhatTheCacheHolds) {
    Pending first;
    ask(first, seconds(5));
    upstream.answer_next(found("v"));
    EXPECT_EQ(metrics.dns().cache_records.Value(), 1);
    EXPECT_GT(metrics.dns().cache_bytes.Value(), 100);
}

TEST_F(CachingResolver, AfterItsEndEveryQuestionOldOrNewIsTempfailAndLateAnswersAreDropped) {
    Pending waiting;
    Pending nested;
    ask(waiting, seconds(5));
    cache.ask({"b.x", RecordType::txt}, now + seconds(5),
              [&](const AnswerPtr&) { ask(nested, seconds(5), "c.x"); });
    cache.end();
    EXPECT_EQ(waiting.get()->outcome, Outcome::tempfail);
    EXPECT_EQ(nested.get()->outcome, Outcome::tempfail);
    upstream.answer_next(found("v"));
    Pending after;
    ask(after, seconds(5));
    EXPECT_EQ(after.get()->outcome, Outcome::tempfail);
}

TEST(CachingResolverLifetime, AnUpstreamAnswerAfterDestructionIsDropped) {
    metrics::Metrics metrics;
    ManualResolver upstream;
    ManualAlarm alarm;
    Pending pending;
    {
        CachingOptions options;
        options.limits = {10, 4096, seconds(60), seconds(60), seconds(5)};
        dns::CachingResolver cache(upstream, alarm, metrics.dns(), options);
        cache.ask({"a.x", RecordType::txt}, Clock::now() + seconds(5), pending.handler());
    }
    EXPECT_EQ(pending.get()->outcome, Outcome::tempfail);
    upstream.answer_next(found("v"));
    alarm.ring();
}

/// Answers on threads of its own, out of order.
class ThreadedResolver final : public Resolver {
  public:
    ~ThreadedResolver() override {
        for (auto& thread : threads_) thread.join();
    }
    void ask(Question question, Deadline /*deadline*/, Handler handler) override {
        ++count;
        const std::lock_guard lock(mutex_);
        threads_.emplace_back([question = std::move(question), handler = std::move(handler)] {
            handler(found(question.name, 1));
        });
    }
    std::atomic<int> count = 0;

  private:
    std::mutex mutex_;
    std::vector<std::thread> threads_;
};

TEST(CachingResolverThreads, EveryoneGetsTheAnswerToTheOwnQuestionOnce) {
    metrics::Metrics metrics;
    ThreadedResolver upstream;
    EventThread thread;
    const auto alarm = make_alarm(thread);
    CachingOptions options;
    options.limits = {8, 1 << 20, seconds(60), seconds(60), seconds(5)};
    dns::CachingResolver cache(upstream, *alarm, metrics.dns(), options);
    std::atomic<int> right = 0;
    std::atomic<int> all = 0;
    std::vector<std::thread> askers;
    for (int t = 0; t < 4; ++t) {
        askers.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                const std::string name = "n" + std::to_string((i * 7 + t) % 20) + ".x";
                const auto answer = testing::ask(cache, name, RecordType::txt);
                ++all;
                if (answer && answer->outcome == Outcome::found && answer->texts.at(0) == name) ++right;
            }
        });
    }
    for (auto& asker : askers) asker.join();
    EXPECT_EQ(all, 800);
    EXPECT_EQ(right, 800);
}

TEST(Alarm, RingsAtTheMomentSetLast) {
    EventThread thread;
    const auto alarm = make_alarm(thread);
    std::promise<int> rung;
    alarm->set(Clock::now() + std::chrono::hours(1), [&] { rung.set_value(1); });
    const auto due = Clock::now() + milliseconds(20);
    alarm->set(due, [&] { rung.set_value(2); });
    EXPECT_EQ(rung.get_future().get(), 2);
    EXPECT_GE(Clock::now(), due);
}

TEST(Alarm, DestroyedBeforeItsMomentItStaysSilent) {
    bool rung = false;
    {
        EventThread thread;
        const auto alarm = make_alarm(thread);
        alarm->set(Clock::now() + std::chrono::hours(1), [&] { rung = true; });
    }
    EXPECT_FALSE(rung);
}

}  // namespace
}  // namespace defender::dns
