/// A RecordStore in memory that can be blocked and made to fail, and what is shared between it and its test.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/store/record_store.hpp"

namespace defender::test {

/// Outlives the stores that are opened on it. Thread-safe.
class FakeStoreState {
  public:
    /// Decides about a batch; without it every batch is taken.
    using Verdict = std::function<Status(const std::vector<store::RecordRow>&)>;

    void set_verdict(Verdict verdict) {
        const std::lock_guard lock(mutex_);
        verdict_ = std::move(verdict);
    }
    void block() {
        const std::lock_guard lock(mutex_);
        blocked_ = true;
    }
    void unblock() {
        const std::lock_guard lock(mutex_);
        blocked_ = false;
        changed_.notify_all();
    }
    /// Waits until an append stands at the block.
    void await_blocked_append() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return standing_ > 0; });
    }
    Status append(const std::vector<store::RecordRow>& rows) {
        std::unique_lock lock(mutex_);
        attempts_.push_back(rows.size());
        ++standing_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !blocked_; });
        --standing_;
        if (verdict_) {
            if (auto status = verdict_(rows); !status) return status;
        }
        batches_.push_back(rows);
        return Done{};
    }
    /// What has been taken, batch by batch.
    [[nodiscard]] std::vector<std::vector<store::RecordRow>> batches() const {
        const std::lock_guard lock(mutex_);
        return batches_;
    }
    /// All of it, decoded.
    [[nodiscard]] std::vector<store::Record> records() const {
        std::vector<store::Record> records;
        for (const auto& batch : batches()) {
            for (const auto& row : batch) records.push_back(store::from_row(row).value());
        }
        return records;
    }
    /// Sizes of all appends, those that failed included.
    [[nodiscard]] std::vector<std::size_t> attempts() const {
        const std::lock_guard lock(mutex_);
        return attempts_;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Verdict verdict_;
    bool blocked_ = false;
    int standing_ = 0;
    std::vector<std::vector<store::RecordRow>> batches_;
    std::vector<std::size_t> attempts_;
};

class FakeRecordStore final : public store::RecordStore {
  public:
    explicit FakeRecordStore(std::shared_ptr<FakeStoreState> state) : state_(std::move(state)) {}
    Status append_rows(const std::vector<store::RecordRow>& rows) override { return state_->append(rows); }
    Result<std::vector<store::Record>> find(const std::string&) override {
        return std::vector<store::Record>{};
    }
    Result<std::uint64_t> expire(UtcSeconds) override { return std::uint64_t{0}; }
    Result<store::StoreStatus> status() override { return store::StoreStatus{}; }

  private:
    std::shared_ptr<FakeStoreState> state_;
};

}  // namespace defender::test
