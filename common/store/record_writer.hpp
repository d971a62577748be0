/// RecordWriter: one thread that takes records from many messages and makes them durable together (group
/// commit).
///
/// While one transaction is being synced, those that arrive wait for the next, so many messages share one
/// fsync. Where a batch fails it is tried again in halves, so that one record that cannot be stored takes
/// down no other. Where the store fails, the completion says so at once, the mail can flow, and the writer
/// reopens the store after waits that grow. Logged: STORE_OPENED, STORE_OPEN_FAILED, STORE_WRITE_FAILED,
/// STORE_RECOVERED. Thread-safe.
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

    /// `queue_max`: records waiting beyond it fail at once. The store is opened on the writer's thread.
    RecordWriter(OpenStore open, std::uint64_t queue_max);
    RecordWriter(OpenStore open, std::uint64_t queue_max, RetryWaits waits);
    /// Writes what is queued, trying once more to open a store that failed, then ends.
    ~RecordWriter();
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    /// `completion` runs exactly once, also where this object is destroyed first.
    void write(Record record, Completion completion);

    struct Counts {
        std::uint64_t queued = 0;   ///< now, those being written included
        std::uint64_t written = 0;  ///< since the start
        std::uint64_t lost = 0;     ///< could not be recorded, since the start
        std::uint64_t commits = 0;
        std::string last_error;  ///< empty where none has happened
    };
    [[nodiscard]] Counts counts() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::store
