/// RecordStore: records at rest, and the writer that makes them durable before the MTA has its answer.
///
/// One contract for every kind of store; sqlite_store.hpp is the embedded one.
/// Thread-safety: as each class says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/record.hpp"
#include "common/store/record_row.hpp"

namespace defender::store {

struct StoreStatus {
    std::uint64_t records = 0;
    int schema_version = 0;
    std::optional<UtcSeconds> oldest;
    std::optional<UtcSeconds> newest;
    std::uint64_t bytes = 0;  ///< of the file and its WAL
};

/// Not thread-safe: one thread at a time uses one object; several objects and processes may share one file.
class RecordStore {
  public:
    virtual ~RecordStore() = default;

    /// All of them in one durable transaction, or none: when it returns Done they are on disk.
    [[nodiscard]] virtual Status append_rows(const std::vector<RecordRow>& rows) = 0;
    /// The same of records that are not encoded yet.
    [[nodiscard]] Status append(const std::vector<Record>& records) {
        std::vector<RecordRow> rows;
        rows.reserve(records.size());
        for (const auto& record : records) rows.push_back(to_row(record));
        return append_rows(rows);
    }
    /// The records of a queue id, newest first; empty where there is none.
    [[nodiscard]] virtual Result<std::vector<Record>> find(const std::string& queue_id) = 0;
    /// Deletes records received before `before`, in bounded transactions; how many there were.
    [[nodiscard]] virtual Result<std::uint64_t> expire(UtcSeconds before) = 0;
    [[nodiscard]] virtual Result<StoreStatus> status() = 0;
};

}  // namespace defender::store
