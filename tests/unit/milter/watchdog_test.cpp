#include "milter/watchdog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/config/settings_reader.hpp"
#include "common/log/recent_problems.hpp"
#include "tests/support/fake_record_store.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::milter {
namespace {

using testing::Each;
using testing::IsEmpty;

constexpr std::chrono::seconds patience{20};
constexpr unsigned workers = 2;
// Many more looks than it takes where all answer.
constexpr int many = 50;

class WatchdogTest : public testing::Test {
  protected:
    static std::shared_ptr<const Configuration> configuration() {
        auto settings = std::make_shared<config::Settings>(*config::default_settings());
        settings->milter.workers = workers;
        auto made = std::make_shared<Configuration>();
        made->settings = std::move(settings);
        return made;
    }
    [[nodiscard]] store::RecordWriter::OpenStore open() {
        return [this]() -> Result<std::unique_ptr<store::RecordStore>> {
            opening_.wait();
            return std::unique_ptr<store::RecordStore>(std::make_unique<test::FakeRecordStore>(stored_));
        };
    }
    std::future<Status> write(const std::string& id) {
        auto promise = std::make_shared<std::promise<Status>>();
        gateway_.writer().write(test::plain_record(id),
                                [promise](const Status& status) { promise->set_value(status); });
        return promise->get_future();
    }
    void look(int times) {
        for (int i = 0; i < times; ++i) {
            watchdog_.look();
            std::this_thread::yield();
        }
    }
    [[nodiscard]] static std::ptrdiff_t complaints() {
        const auto problems = log::recent_problems();
        return std::count_if(problems.begin(), problems.end(),
                             [](const auto& problem) { return problem.id == "MILTER_NOT_ANSWERING"; });
    }
    /// Looks until there are `count` words more, or patience is over.
    void await_words(std::size_t count) {
        const auto wanted = words_.size() + count;
        const auto end = std::chrono::steady_clock::now() + patience;
        while (words_.size() < wanted && std::chrono::steady_clock::now() < end) look(1);
        EXPECT_GE(words_.size(), wanted);
    }

    std::promise<void> opened_;
    std::shared_future<void> opening_ = opened_.get_future().share();
    std::shared_ptr<test::FakeStoreState> stored_ = std::make_shared<test::FakeStoreState>();
    metrics::Metrics metrics_;
    Gateway gateway_{configuration(), open(), metrics_};
    std::vector<std::string> words_;
    Watchdog watchdog_{gateway_, [this](const char* state) { words_.emplace_back(state); }};
};

TEST_F(WatchdogTest, SaysAgainAndAgainThatTheMilterLives) {
    opened_.set_value();
    await_words(3);
    EXPECT_THAT(words_, Each("WATCHDOG=1"));
}

TEST_F(WatchdogTest, TheFirstLookSaysNothingAsNothingWasAskedYet) {
    opened_.set_value();
    look(1);
    EXPECT_THAT(words_, IsEmpty());
}

TEST_F(WatchdogTest, SaysNothingWhileNoWorkerAnswersAndGoesOnOnceOneDoes) {
    opened_.set_value();
    std::promise<void> released;
    auto release = released.get_future().share();
    for (unsigned i = 0; i < workers; ++i) gateway_.post([release] { release.wait(); });
    const auto before = complaints();
    look(many);
    EXPECT_THAT(words_, IsEmpty());
    EXPECT_EQ(complaints() - before, 1) << "once for one silence";
    released.set_value();
    await_words(2);
}

TEST_F(WatchdogTest, OneWorkerThatIsBusyIsNoSilence) {
    opened_.set_value();
    std::promise<void> released;
    gateway_.post([release = released.get_future().share()] { release.wait(); });
    await_words(2);
    released.set_value();
}

TEST_F(WatchdogTest, SaysNothingWhileTheWriterHangsInItsStoreAndGoesOnOnceItIsThrough) {
    opened_.set_value();
    EXPECT_TRUE(write("A").get());
    await_words(1);
    stored_->block();
    auto writing = write("B");
    stored_->await_blocked_append();
    look(1);  // what was done before the block still counts once
    const auto before = words_.size();
    look(many);
    EXPECT_EQ(words_.size(), before);
    stored_->unblock();
    EXPECT_TRUE(writing.get());
    await_words(2);
}

TEST_F(WatchdogTest, AStoreThatFailsIsNoHangAsARestartWouldLoseWhatIsKept) {
    opened_.set_value();
    EXPECT_TRUE(write("A").get());
    stored_->set_verdict([](const auto&) { return Status(Error{"disk full"}); });
    EXPECT_FALSE(write("B").get());
    EXPECT_EQ(gateway_.writer().counts().queued, 1U) << "kept in memory";
    await_words(many);
    stored_->set_verdict({});
}

TEST_F(WatchdogTest, AWriterThatOpensItsStoreIsAliveHoweverLongRecordsWait) {
    auto writing = write("A");
    await_words(3);
    opened_.set_value();
    EXPECT_TRUE(writing.get());
    await_words(2);
}

}  // namespace
}  // namespace defender::milter
