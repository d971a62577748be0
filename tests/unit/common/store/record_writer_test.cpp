#include "common/store/record_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <new>
#include <stdexcept>
#include <thread>

#include "common/log/recent_problems.hpp"
#include "tests/support/fake_record_store.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::store {
namespace {

using namespace std::chrono_literals;
using test::short_waits;
using test::write;

constexpr RecordWriter::RetryWaits no_retry{1h, 1h};

class RecordWriterTest : public testing::Test {
  protected:
    /// Always succeeds, on the state.
    [[nodiscard]] RecordWriter::OpenStore open() {
        return [this]() -> Result<std::unique_ptr<RecordStore>> {
            ++opened_;
            return std::unique_ptr<RecordStore>(std::make_unique<test::FakeRecordStore>(state_));
        };
    }
    /// Fails as long as `broken_` is set.
    [[nodiscard]] RecordWriter::OpenStore open_unless_broken() {
        return [this]() -> Result<std::unique_ptr<RecordStore>> {
            ++tried_;
            if (broken_) return Error{"no such folder"};
            return open()();
        };
    }

    std::shared_ptr<test::FakeStoreState> state_ = std::make_shared<test::FakeStoreState>();
    std::atomic<int> opened_{0};
    std::atomic<int> tried_{0};
    std::atomic<bool> broken_{true};
};

/// A batch fails where it holds a record whose queue id begins with "bad".
Status refuse_bad(const std::vector<RecordRow>& rows) {
    for (const auto& row : rows) {
        if (row.queue_id.starts_with("bad")) return Error{"bad record"};
    }
    return Done{};
}

TEST_F(RecordWriterTest, ARecordIsWrittenAndItsCompletionSaysSo) {
    RecordWriter writer(open(), 10);
    EXPECT_TRUE(write(writer, "A").get());
    ASSERT_EQ(state_->batches().size(), 1U);
    EXPECT_EQ(state_->batches()[0][0].queue_id, "A");
    const auto counts = writer.counts();
    EXPECT_EQ(counts.queued, 0U);
    EXPECT_EQ(counts.written, 1U);
    EXPECT_EQ(counts.lost, 0U);
    EXPECT_EQ(counts.commits, 1U);
    EXPECT_EQ(counts.last_error, "");
}

TEST_F(RecordWriterTest, WhatArrivesDuringOneCommitSharesTheNext) {
    RecordWriter writer(open(), 1000);
    state_->block();
    auto first = write(writer, "first");
    state_->await_blocked_append();
    std::vector<std::future<Status>> others;
    for (int i = 0; i < 100; ++i) others.push_back(write(writer, std::to_string(i)));
    EXPECT_EQ(writer.counts().queued, 101U);
    state_->unblock();
    EXPECT_TRUE(first.get());
    for (auto& each : others) EXPECT_TRUE(each.get());
    ASSERT_EQ(state_->batches().size(), 2U);
    EXPECT_EQ(state_->batches()[0].size(), 1U);
    ASSERT_EQ(state_->batches()[1].size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(state_->batches()[1][i].queue_id, std::to_string(i)) << "in the order of arrival";
    }
    EXPECT_EQ(writer.counts().commits, 2U);
    EXPECT_EQ(writer.counts().written, 101U);
}

TEST_F(RecordWriterTest, ABatchIsBounded) {
    RecordWriter writer(open(), 5000);
    state_->block();
    std::vector<std::future<Status>> all;
    all.push_back(write(writer, "first"));
    state_->await_blocked_append();
    for (int i = 0; i < 2500; ++i) all.push_back(write(writer, "x"));
    state_->unblock();
    for (auto& each : all) EXPECT_TRUE(each.get());
    EXPECT_EQ(state_->attempts(), (std::vector<std::size_t>{1, 1000, 1000, 500}));
}

TEST_F(RecordWriterTest, BeyondTheQueueARecordFailsAtOnceOnTheCallersThread) {
    RecordWriter writer(open(), 2);
    state_->block();
    auto writing = write(writer, "A");
    state_->await_blocked_append();
    auto second = write(writer, "B");
    auto third = write(writer, "C");
    auto refused = write(writer, "D");
    ASSERT_EQ(refused.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(refused.get().error().message, "too many records are waiting for the store");
    EXPECT_EQ(writer.counts().lost, 1U);
    EXPECT_EQ(writer.counts().last_error, "too many records are waiting for the store");
    EXPECT_TRUE(writer.counts().failing) << "until the queue has room";
    state_->unblock();
    EXPECT_TRUE(writing.get());
    EXPECT_TRUE(second.get());
    EXPECT_TRUE(third.get());
    EXPECT_TRUE(write(writer, "E").get());
    EXPECT_EQ(writer.counts().written, 4U);
    EXPECT_FALSE(writer.counts().failing);
}

TEST_F(RecordWriterTest, WithoutAQueueEveryRecordFails) {
    RecordWriter writer(open(), 0);
    EXPECT_FALSE(write(writer, "A").get());
}

TEST_F(RecordWriterTest, ABadRecordTakesDownNoOther) {
    state_->set_verdict(refuse_bad);
    RecordWriter writer(open(), 2000);
    state_->block();
    auto first = write(writer, "first");
    state_->await_blocked_append();
    std::map<std::string, std::future<Status>> others;
    for (int i = 0; i < 1000; ++i) {
        const auto id = (i == 0 || i == 500 || i == 501 || i == 998 ? "bad" : "good") + std::to_string(i);
        others.emplace(id, write(writer, id));
    }
    state_->unblock();
    EXPECT_TRUE(first.get());
    for (auto& [id, each] : others) EXPECT_EQ(each.get().has_value(), id.starts_with("good")) << id;
    EXPECT_EQ(writer.counts().written, 997U);
    EXPECT_EQ(writer.counts().lost, 4U);
    EXPECT_EQ(writer.counts().last_error, "bad record");
    EXPECT_FALSE(writer.counts().failing);
    EXPECT_EQ(opened_, 1) << "the store is not at fault";
}

TEST_F(RecordWriterTest, AStoreThatRefusesEverythingIsNotAskedForEachRecord) {
    state_->set_verdict([](const auto&) -> Status { return Error{"disk full"}; });
    RecordWriter writer(open(), 2000, no_retry);
    state_->block();
    auto first = write(writer, "first");
    state_->await_blocked_append();
    std::vector<std::future<Status>> others;
    for (int i = 0; i < 1000; ++i) others.push_back(write(writer, "x"));
    state_->unblock();
    EXPECT_EQ(first.get().error().message, "disk full");
    for (auto& each : others) EXPECT_EQ(each.get().error().message, "disk full");
    EXPECT_EQ(writer.counts().lost, 0U);
    EXPECT_EQ(writer.counts().queued, 1001U) << "kept";
    EXPECT_EQ(state_->attempts().size(), 1U) << "closed after the first, and not due to be opened again";
}

TEST_F(RecordWriterTest, AFailingBatchIsGivenUpAfterAFewParts) {
    std::atomic<bool> first_append{true};
    state_->set_verdict([&](const auto&) -> Status {
        if (first_append.exchange(false)) return Done{};
        return Error{"disk full"};
    });
    RecordWriter writer(open(), 2000, no_retry);
    state_->block();
    auto first = write(writer, "first");
    state_->await_blocked_append();
    std::vector<std::future<Status>> others;
    for (int i = 0; i < 1000; ++i) others.push_back(write(writer, "x"));
    state_->unblock();
    EXPECT_TRUE(first.get());
    for (auto& each : others) EXPECT_FALSE(each.get());
    EXPECT_EQ(writer.counts().lost, 0U);
    EXPECT_EQ(writer.counts().queued, 1000U) << "kept";
    EXPECT_LE(state_->attempts().size(), 1U + 16U + 10U);
}

TEST_F(RecordWriterTest, WhileTheStoreCannotBeOpenedCompletionsFailAtOnce) {
    RecordWriter writer(open_unless_broken(), 10, no_retry);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(write(writer, "A").get().error().message, "no such folder");
    EXPECT_EQ(tried_, 1) << "not once for each message";
    EXPECT_EQ(writer.counts().lost, 0U);
    EXPECT_EQ(writer.counts().queued, 5U) << "kept";
    EXPECT_TRUE(writer.counts().failing);
    EXPECT_EQ(writer.counts().last_error, "no such folder");
}

TEST_F(RecordWriterTest, AStoreThatComesBackIsFoundWithoutAMessageAskingForIt) {
    RecordWriter writer(open_unless_broken(), 10, short_waits);
    EXPECT_FALSE(write(writer, "A").get());
    broken_ = false;
    while (opened_ == 0) std::this_thread::yield();
    EXPECT_TRUE(write(writer, "B").get());
    while (writer.counts().written < 2) std::this_thread::yield();
    EXPECT_EQ(writer.counts().queued, 0U);
    EXPECT_FALSE(writer.counts().failing);
}

/// How many lines with this id and text were logged.
long lines(std::string_view id, const std::string& text) {
    const auto problems = log::recent_problems();
    return std::count_if(problems.begin(), problems.end(), [&](const log::Problem& problem) {
        return problem.id == id && problem.line.find(text) != std::string::npos;
    });
}

/// The queue ids of all that has been taken, in order.
std::vector<std::string> ids_of(const test::FakeStoreState& state) {
    std::vector<std::string> ids;
    for (const auto& batch : state.batches()) {
        for (const auto& row : batch) ids.push_back(row.queue_id);
    }
    return ids;
}

TEST_F(RecordWriterTest, WhatAStoreCouldNotTakeIsWrittenOnceWhenItIsBack) {
    state_->set_verdict([](const auto&) -> Status { return Error{"disk full"}; });
    RecordWriter writer(open(), 3000, short_waits);
    std::vector<std::string> expected;
    for (int i = 0; i < 2500; ++i) {
        expected.push_back(std::to_string(i));
        EXPECT_FALSE(write(writer, expected.back()).get());
    }
    EXPECT_EQ(writer.counts().queued, 2500U);
    state_->set_verdict(nullptr);
    while (writer.counts().queued > 0) std::this_thread::yield();
    auto ids = ids_of(*state_);
    std::sort(ids.begin(), ids.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(writer.counts().written, 2500U);
    EXPECT_EQ(writer.counts().lost, 0U);
}

TEST_F(RecordWriterTest, WhatAStoreAtFaultCouldNotTakeIsKeptAlsoWhereItTookTheNext) {
    const auto unusable = []() -> Status { return Error{"disk full", ErrorKind::unusable}; };
    const auto busy = []() -> Status { return Error{"locked", ErrorKind::busy}; };
    const auto out_of_memory = []() -> Status { throw std::bad_alloc(); };
    const std::vector<std::function<Status()>> failures{unusable, busy, out_of_memory};
    for (const auto& failure : failures) {
        const auto state = state_ = std::make_shared<test::FakeStoreState>();
        RecordWriter writer(open(), 10, short_waits);
        EXPECT_TRUE(write(writer, "first").get());
        state->block();
        auto second = write(writer, "second");
        state->await_blocked_append();
        auto others = {write(writer, "A").share(), write(writer, "B").share()};
        // Both together, and A by itself.
        state->set_verdict([failure, left = 2](const auto& rows) mutable -> Status {
            if (rows.front().queue_id == "second" || left == 0) return Done{};
            --left;
            return failure();
        });
        state->unblock();
        for (const auto& each : others) each.wait();
        while (writer.counts().queued > 0) std::this_thread::yield();
        EXPECT_EQ(writer.counts().lost, 0U) << writer.counts().last_error;
        EXPECT_EQ(ids_of(*state), (std::vector<std::string>{"first", "second", "B", "A"}))
            << writer.counts().last_error;
    }
}

TEST_F(RecordWriterTest, NoMoreAreKeptThanMayWait) {
    const std::string why = "away with room for three";
    RecordWriter writer([&] { return Result<std::unique_ptr<RecordStore>>(Error{why}); }, 3, no_retry);
    for (const auto* id : {"A", "B", "C", "D", "E"}) EXPECT_FALSE(write(writer, id).get());
    EXPECT_EQ(writer.counts().queued, 3U);
    EXPECT_EQ(writer.counts().lost, 2U);
    EXPECT_EQ(lines("STORE_RECORDS_LOST", why), 1) << "not once for each record";
}

TEST_F(RecordWriterTest, WhatIsKeptIsTriedOnceMoreAtTheEnd) {
    {
        RecordWriter writer(open_unless_broken(), 10, no_retry);
        EXPECT_FALSE(write(writer, "A").get());
        broken_ = false;
    }
    EXPECT_EQ(ids_of(*state_), std::vector<std::string>{"A"});
}

TEST_F(RecordWriterTest, ARecordThatComesAfterTheEndIsLost) {
    RecordWriter writer(open(), 10);
    EXPECT_TRUE(write(writer, "A").get());
    writer.end();
    EXPECT_FALSE(write(writer, "B").get());
    EXPECT_EQ(writer.counts().lost, 1U);
}

TEST_F(RecordWriterTest, WhatIsStillKeptAtTheEndIsToldAsLost) {
    const std::string why = "away to the end";
    {
        RecordWriter writer([&] { return Result<std::unique_ptr<RecordStore>>(Error{why}); }, 10, no_retry);
        EXPECT_FALSE(write(writer, "A").get());
    }
    EXPECT_EQ(lines("STORE_RECORDS_LOST", why), 1);
}

TEST_F(RecordWriterTest, AKeptRecordThatIsBadItselfStandsInTheWayOfNoOther) {
    state_->set_verdict(refuse_bad);
    RecordWriter writer(open(), 1000000, short_waits);
    EXPECT_FALSE(write(writer, "bad").get()) << "by itself it looks like a store that fails";
    std::vector<std::string> expected;
    while (writer.counts().lost == 0 || expected.size() < 10) {
        expected.push_back("good" + std::to_string(expected.size()));
        static_cast<void>(write(writer, expected.back()).get());
    }
    while (writer.counts().queued > 0) std::this_thread::yield();
    auto ids = ids_of(*state_);
    std::sort(ids.begin(), ids.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(ids, expected) << "each once";
    EXPECT_EQ(writer.counts().lost, 1U);
}

TEST_F(RecordWriterTest, AStoreThatFailsIsToldOnce) {
    const std::string why = "disk full five times";
    state_->set_verdict([&](const auto&) -> Status { return Error{why}; });
    RecordWriter writer(open(), 10, short_waits);
    static_cast<void>(write(writer, "A").get());
    while (state_->attempts().size() < 5) std::this_thread::yield();
    EXPECT_EQ(lines("STORE_WRITE_FAILED", why), 1);
}

TEST_F(RecordWriterTest, WaitsBetweenTriesGrowToTheLongest) {
    std::vector<std::chrono::steady_clock::time_point> tries;
    std::promise<void> enough;
    {
        RecordWriter writer(
            [&]() -> Result<std::unique_ptr<RecordStore>> {
                tries.push_back(std::chrono::steady_clock::now());
                if (tries.size() == 6) enough.set_value();
                return Error{"away"};
            },
            10, RecordWriter::RetryWaits{4ms, 16ms});
        enough.get_future().wait();
    }
    const std::array<std::chrono::milliseconds, 5> at_least{4ms, 8ms, 16ms, 16ms, 16ms};
    for (std::size_t i = 0; i < at_least.size(); ++i) EXPECT_GE(tries[i + 1] - tries[i], at_least[i]) << i;
}

TEST_F(RecordWriterTest, AStoreThatCannotBeWrittenToIsOpenedAnew) {
    state_->set_verdict([](const auto&) -> Status { return Error{"disk full"}; });
    RecordWriter writer(open(), 10, short_waits);
    EXPECT_FALSE(write(writer, "A").get());
    while (opened_ < 2) std::this_thread::yield();
    EXPECT_TRUE(writer.counts().failing) << "until something was written";
    state_->set_verdict(nullptr);
    while (writer.counts().queued > 0) std::this_thread::yield();
    EXPECT_TRUE(write(writer, "B").get());
}

TEST_F(RecordWriterTest, WhatIsQueuedIsWrittenBeforeTheEnd) {
    std::vector<std::future<Status>> all;
    std::thread release;
    {
        RecordWriter writer(open(), 5000);
        state_->block();
        all.push_back(write(writer, "first"));
        state_->await_blocked_append();
        for (int i = 0; i < 3000; ++i) all.push_back(write(writer, "x"));
        release = std::thread([this] { state_->unblock(); });
    }
    release.join();
    for (auto& each : all) {
        ASSERT_EQ(each.wait_for(0s), std::future_status::ready);
        EXPECT_TRUE(each.get());
    }
}

TEST_F(RecordWriterTest, AtTheEndAStoreThatFailedIsTriedOnceMore) {
    std::promise<void> go;
    std::thread release;
    {
        RecordWriter writer(
            [this, first = true]() mutable -> Result<std::unique_ptr<RecordStore>> {
                if (std::exchange(first, false)) return Error{"away"};
                return open()();
            },
            10, no_retry);
        std::promise<void> held_up;
        writer.write(test::plain_record("holds up"), [&](const Status&) {
            held_up.set_value();
            go.get_future().wait();
        });
        held_up.get_future().wait();
        writer.write(test::plain_record("waits"), [](const Status&) {});
        // Whether the end begins before the record is taken up is up to the scheduler; both are written
        // either way.
        release = std::thread([&] { go.set_value(); });
    }
    release.join();
    EXPECT_EQ(opened_, 1);
    auto ids = ids_of(*state_);
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<std::string>{"holds up", "waits"}));
}

TEST_F(RecordWriterTest, EndingWithAStoreThatNeverOpensTellsEveryRecord) {
    std::vector<std::future<Status>> all;
    {
        RecordWriter writer(open_unless_broken(), 5000, no_retry);
        for (int i = 0; i < 3000; ++i) all.push_back(write(writer, "x"));
    }
    for (auto& each : all) {
        ASSERT_EQ(each.wait_for(0s), std::future_status::ready);
        EXPECT_EQ(each.get().error().message, "no such folder");
    }
    EXPECT_LE(tried_, 2);
}

TEST_F(RecordWriterTest, AStoreThatThrowsIsAFailureAndNotTheEnd) {
    state_->set_verdict([](const auto&) -> Status { throw std::runtime_error("surprise"); });
    RecordWriter writer(open(), 10, short_waits);
    EXPECT_EQ(write(writer, "A").get().error().message, "unexpected: surprise");
    RecordWriter other([]() -> Result<std::unique_ptr<RecordStore>> { throw std::runtime_error("surprise"); },
                       10, no_retry);
    EXPECT_EQ(write(other, "A").get().error().message, "unexpected: surprise");
}

TEST_F(RecordWriterTest, ManyThreadsEachGetOneCompletionForEachRecord) {
    constexpr int threads = 8;
    constexpr int each = 500;
    std::atomic<int> good{0};
    std::atomic<int> bad{0};
    state_->set_verdict(refuse_bad);
    {
        RecordWriter writer(open(), threads * each);
        std::vector<std::thread> running;
        for (int t = 0; t < threads; ++t) {
            running.emplace_back([&, t] {
                for (int i = 0; i < each; ++i) {
                    writer.write(test::plain_record(t == 0 && i % 100 == 0 ? "bad" : "good"),
                                 [&](const Status& status) { ++(status ? good : bad); });
                }
            });
        }
        for (auto& thread : running) thread.join();
    }
    EXPECT_EQ(good + bad, threads * each);
    EXPECT_GE(bad, 5);
}

}  // namespace
}  // namespace defender::store
