#include "common/store/record_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <new>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/log/log.hpp"
#include "common/store/sqlite_store.hpp"

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
    RecordRow row;
    RecordWriter::Completion completion;  ///< empty once it has run
};
using Items = std::vector<Item>;

Items taken_from(std::deque<Item>& items) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(items.size(), batch_max));
    Items taken(std::make_move_iterator(items.begin()), std::make_move_iterator(items.begin() + count));
    items.erase(items.begin(), items.begin() + count);
    return taken;
}

void move_into(Items& all, std::span<Item> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
}

/// A store is outside code: what it throws is a failure of that store, not the end of the gateway. A host
/// without memory is no fault of the records.
Status append_to(RecordStore& store, const std::vector<RecordRow>& rows) {
    try {
        return store.append_rows(rows);
    } catch (const std::bad_alloc& failure) {
        return Error{std::string("unexpected: ") + failure.what(), ErrorKind::unusable};
    } catch (const std::exception& failure) {
        return Error{std::string("unexpected: ") + failure.what()};
    }
}

/// Without memory there is no row.
Result<RecordRow> encoded(const Record& record) {
    try {
        return to_row(record);
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

    ~Impl() { end(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void end();
    void write(Result<RecordRow> row, Completion completion);
    [[nodiscard]] Counts counts() const;

  private:
    /// What has come of one batch so far.
    struct Progress {
        Clock::time_point give_up;
        std::size_t written = 0;
        Items given_up;  ///< as the store is at fault
        Items doubtful;  ///< alone, and nothing was written since: the store may be at fault
        Items refused;   ///< alone, and others were written afterwards: the records are at fault
        unsigned failures = 0;
        std::string last_error;
        [[nodiscard]] bool hopeless() const {
            return Clock::now() >= give_up || (written == 0 && failures >= salvage_failures);
        }
    };

    void run();
    /// Waits until there is something to do; false once everything is done.
    [[nodiscard]] bool await_work();
    [[nodiscard]] Items take_batch();
    /// Of those that were kept; nothing where it is not yet time to try them again.
    [[nodiscard]] Items take_kept();
    [[nodiscard]] Status hand_over(const std::vector<RecordRow>& rows);
    [[nodiscard]] bool open_is_due();
    void open_if_due();
    void write_batch(Items batch);
    /// Appends the items, in halves where that fails; completes those that are written.
    void append(std::span<Item> items, Progress& progress);
    void conclude(Progress progress);
    static void complete(std::span<Item> items, const Status& status);
    void note_written(std::size_t records);
    /// Keeps what the store could not take until it can; what there is no room for is lost.
    void keep(Items items, const Error& error);
    void lose(std::span<Item> items, const Error& error);
    /// One more try for what was kept; what cannot be written now is lost.
    void finish();
    void wait_longer();
    void set_failing(bool failing);

    const OpenStore open_;
    const std::uint64_t queue_max_;
    const RetryWaits waits_;

    // The writer thread's own.
    std::unique_ptr<RecordStore> store_;
    bool open_failed_ = false;   // since the store was last opened
    bool write_failed_ = false;  // since something was last written
    bool tried_at_end_ = false;
    bool losing_ = false;    // since something was last written
    std::deque<Item> kept_;  // their messages have been answered
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

void RecordWriter::Impl::end() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void RecordWriter::Impl::write(Result<RecordRow> row, Completion completion) {
    static const Error full{"too many records are waiting for the store"};
    static const Error late{"the process ends"};
    bool first = false;
    const Error* why = &full;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) why = &late;
        if (!row) why = &row.error();
        if (queue_.size() < queue_max_ && !stopping_ && row) {
            queue_.push_back({std::move(row).value(), std::move(completion)});
            ++counts_.queued;
            changed_.notify_one();
            return;
        }
        ++counts_.lost;
        counts_.last_error = why->message;
        first = !std::exchange(queue_was_full_, true);
    }
    // Once for each time that the queue fills, as a line for each message would help nobody.
    if (first) log::error("STORE_RECORDS_LOST", {{"error", why->message}, {"queue_max", queue_max_}});
    completion(*why);
}

RecordWriter::Counts RecordWriter::Impl::counts() const {
    const std::lock_guard lock(mutex_);
    auto counts = counts_;
    counts.failing = counts_.failing || queue_was_full_;
    return counts;
}

void RecordWriter::Impl::run() {
    do {
        open_if_due();
        // The kept ones last: nobody waits for them.
        write_batch(take_batch());
        write_batch(take_kept());
    } while (await_work());
    finish();
}

bool RecordWriter::Impl::await_work() {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return stopping_ || !queue_.empty(); };
    if (store_ && kept_.empty()) {
        changed_.wait(lock, has_work);
    } else {
        changed_.wait_until(lock, retry_at_, has_work);
    }
    return !stopping_ || !queue_.empty();
}

Items RecordWriter::Impl::take_batch() {
    const std::lock_guard lock(mutex_);
    auto batch = taken_from(queue_);
    if (queue_.empty()) queue_was_full_ = false;
    return batch;
}

Items RecordWriter::Impl::take_kept() {
    if (!store_ || Clock::now() < retry_at_) return {};
    return taken_from(kept_);
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
        return set_failing(write_failed_);
    }
    open_failed_ = true;
    {
        const std::lock_guard lock(mutex_);
        counts_.failing = true;
        counts_.last_error = opened.error().message;
    }
    log::error("STORE_OPEN_FAILED",
               {{"error", opened.error().message}, {"retry_after_ms", std::int64_t{wait_.count()}}});
    wait_longer();
}

void RecordWriter::Impl::write_batch(Items batch) {
    if (batch.empty()) return;
    if (!store_) return keep(std::move(batch), Error{counts().last_error});
    Progress progress;
    progress.give_up = Clock::now() + salvage_time;
    append(batch, progress);
    conclude(std::move(progress));
}

Status RecordWriter::Impl::hand_over(const std::vector<RecordRow>& rows) {
    {
        const std::lock_guard lock(mutex_);
        counts_.appending = true;
    }
    auto status = append_to(*store_, rows);
    const std::lock_guard lock(mutex_);
    counts_.appending = false;
    ++counts_.appends;
    return status;
}

void RecordWriter::Impl::append(std::span<Item> items, Progress& progress) {
    std::vector<RecordRow> rows;
    rows.reserve(items.size());
    for (Item& item : items) rows.push_back(std::move(item.row));
    const Status status = hand_over(rows);
    if (status) {
        progress.written += items.size();
        note_written(items.size());
        move_into(progress.refused, progress.doubtful);
        progress.doubtful.clear();
        return complete(items, status);
    }
    ++progress.failures;
    progress.last_error = status.error().message;
    for (std::size_t i = 0; i < items.size(); ++i) items[i].row = std::move(rows[i]);
    if (progress.hopeless()) return move_into(progress.given_up, items);
    if (items.size() == 1)
        return move_into(store_is_at_fault(status.error()) ? progress.given_up : progress.doubtful, items);
    const auto half = items.size() / 2;
    append(items.first(half), progress);
    append(items.subspan(half), progress);
}

void RecordWriter::Impl::conclude(Progress progress) {
    const Error error{progress.last_error};
    move_into(progress.given_up, progress.doubtful);
    const bool failing = !progress.given_up.empty();
    if (failing && !std::exchange(write_failed_, true)) {
        log::error("STORE_WRITE_FAILED", {{"error", error.message}});
    }
    if (progress.written == 0) {
        store_.reset();
        wait_longer();
    } else {
        wait_ = waits_.first;
        losing_ = false;
        if (failing) retry_at_ = Clock::now() + wait_;
        if (!failing && std::exchange(write_failed_, false)) log::info("STORE_RECOVERED");
    }
    lose(progress.refused, error);
    if (failing) keep(std::move(progress.given_up), error);
    set_failing(write_failed_);
}

void RecordWriter::Impl::complete(std::span<Item> items, const Status& status) {
    for (Item& item : items) {
        if (const auto completion = std::exchange(item.completion, nullptr)) completion(status);
    }
}

void RecordWriter::Impl::note_written(std::size_t records) {
    const std::lock_guard lock(mutex_);
    counts_.queued -= records;
    counts_.written += records;
    ++counts_.commits;
}

void RecordWriter::Impl::keep(Items items, const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        counts_.last_error = error.message;
    }
    const auto room = static_cast<std::size_t>(queue_max_) - std::min<std::size_t>(kept_.size(), queue_max_);
    const std::span all(items);
    const auto fitting = all.first(std::min(room, all.size()));
    for (Item& item : fitting) kept_.push_back({std::move(item.row), nullptr});
    complete(fitting, error);
    lose(all.subspan(fitting.size()), error);
}

void RecordWriter::Impl::lose(std::span<Item> items, const Error& error) {
    if (items.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        counts_.queued -= items.size();
        counts_.lost += items.size();
        counts_.last_error = error.message;
    }
    // Once for each time that the room runs out, as a line for each message would help nobody.
    if (!std::exchange(losing_, true)) {
        log::error("STORE_RECORDS_LOST", {{"error", error.message}, {"records", items.size()}});
    }
    complete(items, error);
}

void RecordWriter::Impl::finish() {
    open_if_due();
    retry_at_ = {};
    while (store_ && !kept_.empty() && Clock::now() >= retry_at_) write_batch(take_kept());
    Items rest(std::make_move_iterator(kept_.begin()), std::make_move_iterator(kept_.end()));
    losing_ = false;  // how many are lost by the end is always told
    lose(rest, Error{counts().last_error});
}

void RecordWriter::Impl::set_failing(bool failing) {
    const std::lock_guard lock(mutex_);
    counts_.failing = failing;
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

void RecordWriter::end() {
    impl_->end();
}

void RecordWriter::write(const Record& record, Completion completion) {
    // Here, as many callers have more processors than the writer's one thread.
    impl_->write(encoded(record), std::move(completion));
}

RecordWriter::Counts RecordWriter::counts() const {
    return impl_->counts();
}

}  // namespace defender::store
