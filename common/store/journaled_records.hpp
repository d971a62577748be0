/// JournaledRecords: the records of PostgreSQL and those that wait for it in the journal of this host, as one
/// store.
///
/// Where PostgreSQL is away, find() gives what the journal has, and says so by STORE_POSTGRESQL_AWAY; where
/// the journal has nothing either, the failure is the answer. A host without a journal (one that only makes
/// reports) has PostgreSQL's alone. Failure otherwise: as RecordStore.
#pragma once

#include <memory>

#include "common/store/journal.hpp"
#include "common/store/postgresql_records.hpp"
#include "common/store/record_store.hpp"

namespace defender::store {

/// The journal of this host, twice: as the store that it also is.
struct LocalJournal {
    std::unique_ptr<RecordStore> records;
    std::unique_ptr<Journal> journal;

    /// Deletes what was received before, whether it waits or was set aside; how much that was. Both must be
    /// there.
    [[nodiscard]] Result<std::uint64_t> expire(UtcSeconds before);
};

class JournaledRecords final : public RecordStore {
  public:
    /// `journal` may be empty on both sides.
    JournaledRecords(LocalJournal journal, PostgresqlRecords moved)
        : local_(std::move(journal)), moved_(std::move(moved)) {}

    /// To the journal.
    [[nodiscard]] Status append_rows(const std::vector<RecordRow>& rows) override;
    [[nodiscard]] Result<std::vector<Record>> find(const std::string& queue_id) override;
    /// In the journal to the second; in PostgreSQL by whole days (PostgresqlRecords).
    [[nodiscard]] Result<std::uint64_t> expire(UtcSeconds before) override;
    [[nodiscard]] Result<StoreStatus> status() override;

  private:
    LocalJournal local_;
    PostgresqlRecords moved_;
};

}  // namespace defender::store
