#include "common/store/record_mover.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/log/log.hpp"
#include "common/store/journal.hpp"
#include "common/store/journal_transfer.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/postgresql_migrations.hpp"

namespace defender::store {
namespace {

using Clock = std::chrono::steady_clock;

/// How often it looks at a journal of whose records nobody has told it: another process may share it.
constexpr std::chrono::seconds idle_look{30};

}  // namespace

class RecordMover::Impl {
  public:
    Impl(config::StoreSettings settings, metrics::StoreMetrics& metrics, Waits waits)
        : settings_(std::move(settings)),
          metrics_(metrics),
          waits_(waits),
          wait_(waits.first),
          thread_([this] { run(); }) {}

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            end_ = Clock::now() + waits_.end;
        }
        changed_.notify_all();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void appended(std::uint64_t records);
    [[nodiscard]] Counts counts() const;

  private:
    void run();
    /// Moves until nothing waits, something fails or time is up.
    [[nodiscard]] Status move_all();
    [[nodiscard]] Status open();
    [[nodiscard]] Status open_database();
    /// Closes a journal that is empty although records were appended: the file may have been moved away, and
    /// another be in its place.
    [[nodiscard]] bool may_be_another_file();
    void note(const JournalTransfer::Counts& moved);
    void conclude(const Status& status);
    void refresh_counts();
    /// Waits for records, or after a failure for the next try, or for the end.
    void await_work();
    [[nodiscard]] bool is_stopping() const;
    [[nodiscard]] bool time_is_up() const;
    /// Sets the metrics to the counts, with mutex_ held: both change together for whoever looks.
    void publish();

    const config::StoreSettings settings_;
    metrics::StoreMetrics& metrics_;
    const Waits waits_;

    // The mover's thread's own.
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<PostgresqlConnection> database_;
    std::optional<JournalTransfer> transfer_;  // while ready_
    bool opened_ = false;                      // the database, at least once
    bool ready_ = false;                       // nothing has failed since its schema was looked at
    std::chrono::milliseconds wait_;
    Clock::time_point batch_end_;  // by when PostgreSQL has to have taken a batch

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Counts counts_;          // guarded by mutex_
    bool has_news_ = false;  // guarded by mutex_
    bool stopping_ = false;  // guarded by mutex_
    Clock::time_point end_;  // guarded by mutex_; once stopping_

    std::thread thread_;  // last, so that it starts when all else is there
};

void RecordMover::Impl::appended(std::uint64_t records) {
    {
        const std::lock_guard lock(mutex_);
        counts_.waiting += records;
        has_news_ = true;
        publish();
    }
    changed_.notify_all();
}

RecordMover::Counts RecordMover::Impl::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

void RecordMover::Impl::publish() {
    metrics_.waiting.Set(static_cast<double>(counts_.waiting));
    metrics_.set_aside.Set(static_cast<double>(counts_.set_aside));
    metrics_.away.Set(counts_.away ? 1 : 0);
}

bool RecordMover::Impl::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

bool RecordMover::Impl::time_is_up() const {
    const std::lock_guard lock(mutex_);
    return stopping_ && Clock::now() >= end_;
}

void RecordMover::Impl::run() {
    for (;;) {
        const bool last = is_stopping();
        conclude(move_all());
        if (last) return;
        await_work();
    }
}

Status RecordMover::Impl::move_all() {
    try {
        while (!time_is_up()) {
            batch_end_ = Clock::now() + waits_.answer;
            if (auto opened = open(); !opened) return opened;
            const auto moved = transfer_->step();
            if (!moved) return moved.error();
            if (moved->moved + moved->set_aside == 0) {
                if (!may_be_another_file()) return Done{};
                continue;
            }
            note(*moved);
        }
        return Done{};
    } catch (const std::exception& failure) {
        return Error{std::string("unexpected: ") + failure.what()};
    }
}

Status RecordMover::Impl::open() {
    if (!journal_) {
        auto opened = Journal::open(settings_.path, OpenMode::read_write);
        if (!opened) return opened.error();
        journal_ = std::move(opened).value();
    }
    if (ready_) return Done{};
    return open_database();
}

Status RecordMover::Impl::open_database() {
    if (!database_) {
        auto made = PostgresqlConnection::make(settings_.postgresql);
        if (!made) return made.error();
        database_ = std::move(made).value();
        database_->give_up_when([this] { return time_is_up() || Clock::now() >= batch_end_; });
    }
    if (is_stopping()) database_->connect_within(std::chrono::ceil<std::chrono::seconds>(waits_.end));
    if (auto ready = bring_up_to_date(*database_, OpenMode::read_write); !ready) return ready.error();
    ready_ = true;
    transfer_.emplace(*journal_, *database_);
    if (!std::exchange(opened_, true)) {
        log::info("STORE_POSTGRESQL_OPENED", {{"database", database_->name()}});
    }
    return Done{};
}

bool RecordMover::Impl::may_be_another_file() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(counts_.waiting, 0) == 0) return false;
        publish();
    }
    ready_ = false;
    transfer_.reset();
    journal_.reset();
    return true;
}

void RecordMover::Impl::note(const JournalTransfer::Counts& moved) {
    metrics_.moved.Increment(static_cast<double>(moved.moved));
    const std::lock_guard lock(mutex_);
    counts_.moved += moved.moved;
    counts_.set_aside += moved.set_aside;
    counts_.waiting -= std::min(counts_.waiting, moved.moved + moved.set_aside);
    publish();
}

void RecordMover::Impl::conclude(const Status& status) {
    const bool was_away = counts().away;
    refresh_counts();
    if (status) {
        wait_ = waits_.first;
        if (was_away && ready_) log::info("STORE_POSTGRESQL_BACK");
    } else {
        // Both are opened anew, schema and all, as they may be others when they are back.
        ready_ = false;
        transfer_.reset();
        journal_.reset();
        if (!was_away) log::warning("STORE_POSTGRESQL_AWAY", {{"error", status.error().message}});
    }
    const std::lock_guard lock(mutex_);
    counts_.away = !ready_;
    if (!status) counts_.last_error = status.error().message;
    publish();
}

void RecordMover::Impl::refresh_counts() {
    if (!journal_) return;
    const auto waiting = journal_->waiting();
    const auto set_aside = journal_->count_set_aside();
    if (!waiting || !set_aside) return;
    const std::lock_guard lock(mutex_);
    counts_.waiting = *waiting;
    counts_.set_aside = *set_aside;
    publish();
}

void RecordMover::Impl::await_work() {
    std::unique_lock lock(mutex_);
    if (ready_) {
        changed_.wait_for(lock, idle_look, [this] { return stopping_ || has_news_; });
    } else {
        changed_.wait_for(lock, wait_, [this] { return stopping_; });
        wait_ = std::min(wait_ * 2, waits_.longest);
    }
    has_news_ = false;
}

RecordMover::RecordMover(const config::StoreSettings& settings, metrics::StoreMetrics& metrics)
    : RecordMover(settings, metrics, Waits{}) {}

RecordMover::RecordMover(const config::StoreSettings& settings, metrics::StoreMetrics& metrics, Waits waits)
    : impl_(std::make_unique<Impl>(settings, metrics, waits)) {}

RecordMover::~RecordMover() = default;

void RecordMover::appended(std::uint64_t records) {
    impl_->appended(records);
}

RecordMover::Counts RecordMover::counts() const {
    return impl_->counts();
}

}  // namespace defender::store
