/// RecordWriter: one thread that takes records from many messages and makes them durable together (group commit).
///
/// Rule R2. While one transaction is being synced, those that arrive wait for the next, so many messages share one
/// fsync. Where the store fails, the completion says so at once, the mail can flow, and the writer reopens the store
/// from time to time. Thread-safe.
#pragma once

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

    /// `queue_max`: records waiting beyond it fail at once. The store is opened on the writer's thread.
    RecordWriter(OpenStore open, std::uint64_t queue_max);
    /// Writes what is queued, then ends.
    ~RecordWriter();
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    void write(Record record, Completion completion);

    struct Counts {
        std::uint64_t queued = 0;   ///< now
        std::uint64_t written = 0;  ///< since the start
        std::uint64_t lost = 0;     ///< could not be recorded, since the start
        std::uint64_t commits = 0;
        std::string last_error;     ///< empty where none has happened
    };
    [[nodiscard]] Counts counts() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::store
