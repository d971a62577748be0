#include "common/store/record_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/log/log.hpp"

namespace defender::store {
namespace {

using Clock = std::chrono::steady_clock;

/// Bounds the time that one transaction takes, and so the wait of those that come next.
constexpr std::size_t batch_max = 1000;
/// How long a failed batch is tried again in parts, as messages wait for their answer meanwhile, and how many
/// failures without a success show that the store is at fault: more than it takes to halve a batch down to
/// one record.
constexpr std::chrono::seconds salvage_time{2};
constexpr unsigned salvage_failures = 16;

struct Item {
    Record record;
    RecordWriter::Completion completion;
};

/// A store is outside code: what it throws is a failure of that store, not the end of the gateway.
Status append_to(RecordStore& store, const std::vector<Record>& records) {
    try {
        return store.append(records);
    } catch (const std::exception& failure) {
        return Error{std::string("unexpected: ") + failure.what()};
    }
}

Result<std::unique_ptr<RecordStore>> open_with(const RecordWriter::OpenStore& open) {
    try {
        return open();
    } catch (const std::exception& failure) {
        return Error{std::string("unexpected: ") + failure.what()};
    }
}

}  // namespace

class RecordWriter::Impl {
  public:
    Impl(OpenStore open, std::uint64_t queue_max, RetryWaits waits)
        : open_(std::move(open)), queue_max_(queue_max), waits_(waits), wait_(waits.first), thread_([this] {
              run();
          }) {}

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void write(Record record, Completion completion);
    [[nodiscard]] Counts counts() const;

  private:
    /// What has come of one batch so far.
    struct Progress {
        Clock::time_point give_up;
        std::size_t written = 0;
        std::size_t lost = 0;
        unsigned failures = 0;
        std::string last_error;
        [[nodiscard]] bool hopeless() const {
            return Clock::now() >= give_up || (written == 0 && failures >= salvage_failures);
        }
    };

    void run();
    /// Waits until there is something to do; false once everything is done.
    [[nodiscard]] bool await_work();
    [[nodiscard]] std::vector<Item> take_batch();
    [[nodiscard]] bool open_is_due();
    void open_if_due();
    void write_batch(std::vector<Item> batch);
    /// Appends the items, in halves where that fails, and completes each.
    void append(std::span<Item> items, Progress& progress);
    void conclude(const Progress& progress);
    void complete(std::span<Item> items, const Status& status);
    void wait_longer();

    const OpenStore open_;
    const std::uint64_t queue_max_;
    const RetryWaits waits_;

    // The writer thread's own.
    std::unique_ptr<RecordStore> store_;
    bool open_failed_ = false;   // since the store was last opened
    bool write_failed_ = false;  // since something was last written
    bool tried_at_end_ = false;
    std::chrono::milliseconds wait_;
    Clock::time_point retry_at_ = Clock::now();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> queue_;       // guarded by mutex_
    Counts counts_;                // guarded by mutex_
    bool queue_was_full_ = false;  // guarded by mutex_
    bool stopping_ = false;        // guarded by mutex_

    std::thread thread_;  // last, so that it starts when all else is there
};

void RecordWriter::Impl::write(Record record, Completion completion) {
    static const Error full{"too many records are waiting for the store"};
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() < queue_max_) {
            queue_.push_back({std::move(record), std::move(completion)});
            ++counts_.queued;
            changed_.notify_one();
            return;
        }
        ++counts_.lost;
        counts_.last_error = full.message;
        first = !std::exchange(queue_was_full_, true);
    }
    // Once for each time that the queue fills, as a line for each message would help nobody.
    if (first) log::error("STORE_WRITE_FAILED", {{"error", full.message}, {"queue_max", queue_max_}});
    completion(full);
}

RecordWriter::Counts RecordWriter::Impl::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

void RecordWriter::Impl::run() {
    do {
        open_if_due();
        write_batch(take_batch());
    } while (await_work());
}

bool RecordWriter::Impl::await_work() {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return stopping_ || !queue_.empty(); };
    if (store_) {
        changed_.wait(lock, has_work);
    } else {
        changed_.wait_until(lock, retry_at_, has_work);
    }
    return !stopping_ || !queue_.empty();
}

std::vector<Item> RecordWriter::Impl::take_batch() {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), batch_max));
    std::vector<Item> batch(std::make_move_iterator(queue_.begin()),
                            std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    if (queue_.empty()) queue_was_full_ = false;
    return batch;
}

bool RecordWriter::Impl::open_is_due() {
    if (store_) return false;
    if (Clock::now() >= retry_at_) return true;
    const std::lock_guard lock(mutex_);
    return stopping_ && !std::exchange(tried_at_end_, true);
}

void RecordWriter::Impl::open_if_due() {
    if (!open_is_due()) return;
    auto opened = open_with(open_);
    if (opened) {
        store_ = std::move(opened).value();
        // A store that could not be written to has recovered only when it can.
        if (!write_failed_) log::info(open_failed_ ? "STORE_RECOVERED" : "STORE_OPENED");
        open_failed_ = false;
        return;
    }
    open_failed_ = true;
    {
        const std::lock_guard lock(mutex_);
        counts_.last_error = opened.error().message;
    }
    log::error("STORE_OPEN_FAILED",
               {{"error", opened.error().message}, {"retry_after_ms", std::int64_t{wait_.count()}}});
    wait_longer();
}

void RecordWriter::Impl::write_batch(std::vector<Item> batch) {
    if (batch.empty()) return;
    if (!store_) return complete(batch, Error{counts().last_error});
    Progress progress;
    progress.give_up = Clock::now() + salvage_time;
    append(batch, progress);
    conclude(progress);
}

void RecordWriter::Impl::append(std::span<Item> items, Progress& progress) {
    std::vector<Record> records;
    records.reserve(items.size());
    for (Item& item : items) records.push_back(std::move(item.record));
    const Status status = append_to(*store_, records);
    if (status) {
        progress.written += items.size();
        return complete(items, status);
    }
    ++progress.failures;
    progress.last_error = status.error().message;
    if (items.size() == 1 || progress.hopeless()) {
        progress.lost += items.size();
        return complete(items, status);
    }
    for (std::size_t i = 0; i < items.size(); ++i) items[i].record = std::move(records[i]);
    const auto half = items.size() / 2;
    append(items.first(half), progress);
    append(items.subspan(half), progress);
}

void RecordWriter::Impl::conclude(const Progress& progress) {
    if (progress.lost > 0) {
        log::error("STORE_WRITE_FAILED", {{"error", progress.last_error}, {"records", progress.lost}});
    }
    if (progress.written > 0) {
        wait_ = waits_.first;
        if (std::exchange(write_failed_, false)) log::info("STORE_RECOVERED");
        return;
    }
    write_failed_ = true;
    store_.reset();
    wait_longer();
}

void RecordWriter::Impl::complete(std::span<Item> items, const Status& status) {
    {
        const std::lock_guard lock(mutex_);
        counts_.queued -= items.size();
        (status ? counts_.written : counts_.lost) += items.size();
        if (status) ++counts_.commits;
        if (!status) counts_.last_error = status.error().message;
    }
    for (Item& item : items) item.completion(status);
}

void RecordWriter::Impl::wait_longer() {
    retry_at_ = Clock::now() + wait_;
    wait_ = std::min(wait_ * 2, waits_.longest);
}

RecordWriter::RecordWriter(OpenStore open, std::uint64_t queue_max)
    : RecordWriter(std::move(open), queue_max, RetryWaits{}) {}

RecordWriter::RecordWriter(OpenStore open, std::uint64_t queue_max, RetryWaits waits)
    : impl_(std::make_unique<Impl>(std::move(open), queue_max, waits)) {}

RecordWriter::~RecordWriter() = default;

void RecordWriter::write(Record record, Completion completion) {
    impl_->write(std::move(record), std::move(completion));
}

RecordWriter::Counts RecordWriter::counts() const {
    return impl_->counts();
}

}  // namespace defender::store
