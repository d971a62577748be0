#include "common/store/wal_checkpointer.hpp"

#include <system_error>
#include <utility>

namespace defender::store {

WalCheckpointer::WalCheckpointer(SqliteDatabase& writer, Limits limits) : writer_(writer), limits_(limits) {
    writer_.count_wal_frames();
}

WalCheckpointer::~WalCheckpointer() {
    {
        const std::lock_guard lock(mutex_);
        state_ = State::ending;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void WalCheckpointer::after_commit() {
    const auto frames = writer_.wal_frames();
    if (frames < pass_began_at_) pass_began_at_ = 0;  // it was begun anew
    if (!writer_is_to_copy(frames)) return;
    pass_began_at_ = frames;
    writer_.checkpoint();
}

bool WalCheckpointer::writer_is_to_copy(std::uint64_t frames) {
    const std::lock_guard lock(mutex_);
    if (state_ == State::passed) {
        state_ = State::idle;
        if (frames >= limits_.restart) return true;
    }
    if (frames < pass_began_at_ + limits_.pass) return false;
    if (frames >= limits_.most || (!thread_.joinable() && !start_thread())) return true;
    if (state_ != State::idle) return false;
    state_ = State::due;
    pass_began_at_ = frames;
    changed_.notify_all();
    return false;
}

bool WalCheckpointer::start_thread() noexcept {
    try {
        thread_ = std::thread([this] { run(); });
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

void WalCheckpointer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return state_ == State::due || state_ == State::ending; });
        if (state_ == State::ending) return;
        state_ = State::running;
        lock.unlock();
        pass();
        lock.lock();
        if (state_ == State::running) state_ = State::passed;
    }
}

void WalCheckpointer::pass() {
    if (!database_) {
        auto opened = SqliteDatabase::open(writer_.path(), OpenMode::read_write, default_busy_timeout);
        if (!opened) return;
        // A connection that has read nothing does not know that there is a WAL.
        if (const auto read = opened.value()->number("PRAGMA schema_version"); !read) return;
        database_ = std::move(opened).value();
    }
    database_->checkpoint();
    // SQLite leaves that to whoever copies the last page, which is the writer.
    database_->sync_file();
}

}  // namespace defender::store
