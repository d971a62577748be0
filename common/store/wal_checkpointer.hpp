/// WalCheckpointer: copies a SQLite file's WAL into the file while its writer goes on writing.
///
/// SQLite itself would let the commit that fills the WAL wait until all of it is copied and on disk, and with
/// that every message whose record comes next. Here a thread does it, by a connection of its own. A WAL is
/// begun anew only where all of it is copied when a commit begins; so now and then the writer copies the few
/// pages that have come during a pass. Source: https://www.sqlite.org/wal.html, "Checkpointing", and
/// https://www.sqlite.org/c3ref/wal_checkpoint_v2.html (PASSIVE, which waits for nobody).
///
/// Failures are as good as not having tried: the WAL has everything, and the next pass comes. Where there is
/// no thread or descriptor to be had, the writer does it all. Thread-safety: the writer's thread makes it,
/// uses it and ends it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "common/store/sqlite_database.hpp"

namespace defender::store {

class WalCheckpointer {
  public:
    /// In frames of the WAL, each a page.
    struct Limits {
        std::uint64_t pass = 1000;     ///< so many more since the last pass began: the next begins
        std::uint64_t restart = 4000;  ///< from so many on, the writer copies what a pass has left
        std::uint64_t most = 16000;    ///< from so many on, the writer waits for no pass
    };
    /// The writer's connection; it outlives this, and checkpoints no more by itself.
    explicit WalCheckpointer(SqliteDatabase& writer) : WalCheckpointer(writer, Limits{}) {}
    WalCheckpointer(SqliteDatabase& writer, Limits limits);
    WalCheckpointer(const WalCheckpointer&) = delete;
    WalCheckpointer& operator=(const WalCheckpointer&) = delete;
    ~WalCheckpointer();

    /// Has to be told of each commit.
    void after_commit();

  private:
    enum class State { idle, due, running, passed, ending };

    [[nodiscard]] bool writer_is_to_copy(std::uint64_t frames);
    [[nodiscard]] bool start_thread() noexcept;
    void run();
    void pass();

    SqliteDatabase& writer_;
    const Limits limits_;
    std::uint64_t pass_began_at_ = 0;  // frames; the writer's thread's own

    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::idle;  // guarded by mutex_

    std::unique_ptr<SqliteDatabase> database_;  // the thread's own
    std::thread thread_;                        // from the first pass on
};

}  // namespace defender::store
