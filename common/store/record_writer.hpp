/// RecordWriter: one thread that takes records from many messages and makes them durable together (group
/// commit).
///
/// While one transaction is being synced, those that arrive wait for the next, so many messages share one
/// fsync. Where a batch fails it is tried again in halves, so that one record that cannot be stored takes
/// down no other. Where the store fails, the completion says so at once and the mail can flow; the record is
/// kept in memory, as there is no other place, and written once the store can be opened again, which is tried
/// after waits that grow. Lost is what has no room there, and what is still kept when the process ends.
/// Logged: STORE_OPENED, STORE_OPEN_FAILED, STORE_WRITE_FAILED, STORE_RECORDS_LOST, STORE_RECOVERED.
/// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/store/record_store.hpp"

namespace defender::store {

class RecordWriter {
  public:
    using OpenStore = std::function<Result<std::unique_ptr<RecordStore>>()>;
    /// Runs on the writer's thread (or on the caller's where the queue is full); must be quick and not throw.
    using Completion = std::function<void(Status)>;

    /// How long to wait before a store that failed is opened again: doubled each time.
    struct RetryWaits {
        std::chrono::milliseconds first{1000};
        std::chrono::milliseconds longest{60000};
    };

    /// `queue_max`: records waiting beyond it fail at once, and no more are kept while the store fails. The
    /// store is opened on the writer's thread.
    RecordWriter(OpenStore open, std::uint64_t queue_max);
    RecordWriter(OpenStore open, std::uint64_t queue_max, RetryWaits waits);
    /// Does what end() does.
    ~RecordWriter();
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    /// Writes what is queued and kept, trying once more to open a store that failed. Records that come later
    /// are lost. For one thread alone.
    void end();

    /// `completion` runs exactly once, also where this object is destroyed first; a failure says that the
    /// record is not on disk now. The record is encoded on the caller's thread.
    void write(const Record& record, Completion completion);

    struct Counts {
        std::uint64_t queued = 0;  ///< not on disk yet: waiting, being written, or kept while the store fails
        std::uint64_t written = 0;  ///< since the start
        std::uint64_t lost = 0;     ///< could not be recorded, since the start
        std::uint64_t commits = 0;
        bool appending = false;     ///< the store has been handed records and has not answered yet
        std::uint64_t appends = 0;  ///< that the store has answered, well or badly
        bool failing = false;       ///< the store cannot be used, or the queue is full, the last time
        std::string last_error;     ///< empty where none has happened
    };
    [[nodiscard]] Counts counts() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::store
