#include "milter/forwarder_refresh.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/base/utc_clock.hpp"
#include "common/config/settings_reader.hpp"
#include "common/log/recent_problems.hpp"
#include "tests/support/fake_record_store.hpp"
#include "tests/support/fake_resolver.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::milter {
namespace {

using auth::ForwarderStatus;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

constexpr std::chrono::seconds patience{20};

/// A gateway, and the store that its forwarders are read from.
class ForwarderRefreshTest : public testing::Test {
  protected:
    ForwarderRefreshTest() {
        store_settings_.path = folder_.file("defender.db");
        settings_->indirect = {true, 2, 30};
        gateway_ = std::make_unique<Gateway>(
            configuration(),
            [this] {
                return Result<std::unique_ptr<store::RecordStore>>(
                    std::make_unique<test::FakeRecordStore>(records_));
            },
            metrics_);
    }

    std::shared_ptr<const Configuration> configuration() const {
        auto made = std::make_shared<Configuration>();
        made->settings = std::make_shared<const config::Settings>(*settings_);
        return made;
    }
    /// As a message sees it.
    ForwarderStatus status(const char* client = "192.0.2.1") const {
        return gateway_->forwarders()->find(*IpAddress::parse(client)).status;
    }
    void rule(ForwarderStatus status, const std::string& network = "192.0.2.1") const {
        auto store = store::open_forwarders(store_settings_, store::OpenMode::read_write);
        ASSERT_TRUE(store) << store.error().message;
        ASSERT_TRUE(store.value()->rule({network, status, 0, ""}));
    }
    /// Opens the store, or fails while `away_`, and counts.
    ForwarderRefresh::OpenStore opener() {
        return [this](const std::function<bool()>&) -> Result<std::unique_ptr<store::Forwarders>> {
            const std::lock_guard lock(mutex_);
            ++readings_;
            changed_.notify_all();
            if (away_) return Error{"the store is away"};
            return store::open_forwarders(store_settings_, store::OpenMode::read_write);
        };
    }
    void set_away(bool away) {
        const std::lock_guard lock(mutex_);
        away_ = away;
    }
    int readings() {
        const std::lock_guard lock(mutex_);
        return readings_;
    }
    /// Waits until the store has been opened so many times.
    void await_readings(int count) {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, patience, [&] { return readings_ >= count; }));
    }
    static int times_told() {
        int times = 0;
        for (const auto& problem : log::recent_problems()) times += problem.id == "FORWARDERS_NOT_READ";
        return times;
    }
    void await_status(ForwarderStatus wanted) const {
        const auto give_up = std::chrono::steady_clock::now() + patience;
        while (status() != wanted) {
            ASSERT_LT(std::chrono::steady_clock::now(), give_up) << to_string(wanted);
            std::this_thread::yield();
        }
    }

    test::TemporaryFolder folder_;
    config::StoreSettings store_settings_;
    std::shared_ptr<config::Settings> settings_ =
        std::make_shared<config::Settings>(*config::default_settings());
    metrics::Metrics metrics_;
    std::shared_ptr<test::FakeStoreState> records_ = std::make_shared<test::FakeStoreState>();
    std::unique_ptr<Gateway> gateway_;

    std::mutex mutex_;
    std::condition_variable changed_;
    int readings_ = 0;   // guarded by mutex_
    bool away_ = false;  // guarded by mutex_
};

TEST_F(ForwarderRefreshTest, WhatIsKnownIsReadAtTheStart) {
    EXPECT_EQ(status(), ForwarderStatus::unknown);
    rule(ForwarderStatus::confirmed);
    const ForwarderRefresh refresh(*gateway_, opener(), 1h);
    await_status(ForwarderStatus::confirmed);
    EXPECT_EQ(status("192.0.2.2"), ForwarderStatus::unknown);
}

TEST_F(ForwarderRefreshTest, ANewClientIsLearnedAsSoonAsItIsReadAgain) {
    auto records = store::open_journal(store_settings_);
    ASSERT_TRUE(records);
    ForwarderRefresh refresh(*gateway_, opener(), 1h);
    await_readings(1);
    const auto today = UtcDay::of(utc_now());
    for (const auto* domain : {"a.example", "b.example"}) {
        store::Record record;
        record.sighting = {"192.0.2.1", domain, today};
        ASSERT_TRUE(records.value()->append({record}));
    }
    refresh.read_again();
    await_status(ForwarderStatus::learned);
    EXPECT_EQ(gateway_->forwarders()->find(*IpAddress::parse("192.0.2.1")).domains, 2U);
    EXPECT_EQ(readings(), 2);
}

TEST_F(ForwarderRefreshTest, ItIsReadAgainAndAgain) {
    const ForwarderRefresh refresh(*gateway_, opener(), 5ms);
    await_readings(3);
    rule(ForwarderStatus::denied);
    await_status(ForwarderStatus::denied);
}

TEST_F(ForwarderRefreshTest, AStoreThatIsAwayLeavesWhatWasKnownAndIsToldOfOnce) {
    rule(ForwarderStatus::confirmed);
    const ForwarderRefresh refresh(*gateway_, opener(), 5ms);
    await_status(ForwarderStatus::confirmed);
    ASSERT_EQ(times_told(), 0);
    set_away(true);
    await_readings(readings() + 5);
    EXPECT_EQ(status(), ForwarderStatus::confirmed);
    EXPECT_EQ(times_told(), 1);
    rule(ForwarderStatus::denied);
    set_away(false);
    await_status(ForwarderStatus::denied);
}

TEST_F(ForwarderRefreshTest, WithoutTheSettingNothingIsReadAndNothingIsKnown) {
    rule(ForwarderStatus::confirmed);
    ForwarderRefresh refresh(*gateway_, opener(), 1h);
    await_status(ForwarderStatus::confirmed);
    settings_->indirect.enabled = false;
    gateway_->replace_configuration(configuration());
    refresh.read_again();
    await_status(ForwarderStatus::unknown);
    EXPECT_EQ(readings(), 1);
    settings_->indirect.enabled = true;
    gateway_->replace_configuration(configuration());
    refresh.read_again();
    await_status(ForwarderStatus::confirmed);
}

TEST_F(ForwarderRefreshTest, AReadingThatTakesLongIsGivenUpAtTheEnd) {
    bool gave_up = false;
    {
        const ForwarderRefresh refresh(
            *gateway_,
            [&](const std::function<bool()>& give_up) -> Result<std::unique_ptr<store::Forwarders>> {
                {
                    const std::lock_guard lock(mutex_);
                    ++readings_;
                }
                changed_.notify_all();
                while (!give_up()) std::this_thread::yield();
                gave_up = true;
                return Error{"given up"};
            },
            1h);
        await_readings(1);
    }
    EXPECT_TRUE(gave_up);
}

}  // namespace
}  // namespace defender::milter
