/// Journal: the SQLite file as the place where records wait until they have been moved into PostgreSQL.
///
/// The file's name among all journals is a random UUID in the file itself, since several hosts may share one
/// authserv-id. Ids are never given twice, and records become visible in the order of their ids. Not
/// thread-safe; several objects and processes may share one file. Failure: an Error that names the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/journal_batch.hpp"
#include "common/store/record_search.hpp"
#include "common/store/sql_connection.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

class Journal {
  public:
    /// read_write brings the file's schema to this program's version first.
    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path, OpenMode mode);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The records up to this id have been folded into reports in the file itself, before PostgreSQL was set.
    [[nodiscard]] std::int64_t folded_id() const noexcept { return folded_id_; }

    /// The first records that wait beyond this id: at most `records`, and no more once they hold `octets`.
    /// With what belongs to them, all as it was at one moment.
    [[nodiscard]] Result<JournalBatch> after(std::int64_t id, std::uint64_t records, std::size_t octets);
    /// Deletes those from one id to another, both included, and the sightings that wait with them. A power
    /// failure may undo it.
    [[nodiscard]] Status remove(std::int64_t first_id, std::int64_t last_id);
    /// Takes a record out of the way of the others, and keeps it with the reason; nothing where it does not
    /// wait any more.
    [[nodiscard]] Status set_aside(std::int64_t id, const std::string& reason, UtcSeconds now);

    /// Takes a new name, as another file turned out to have the same: one is a copy of the other.
    [[nodiscard]] Status rename();

    /// How many wait, at most: gaps that expiry left are counted, too.
    [[nodiscard]] Result<std::uint64_t> waiting();
    [[nodiscard]] Result<std::uint64_t> count_set_aside();
    /// Those that wait and those set aside.
    [[nodiscard]] Result<std::vector<FoundRecord>> find(const std::string& queue_id);
    /// Deletes those set aside that were received before `before`; how many there were.
    [[nodiscard]] Result<std::uint64_t> expire_set_aside(UtcSeconds before);

  private:
    explicit Journal(std::unique_ptr<SqlConnection> connection) : connection_(std::move(connection)) {}
    [[nodiscard]] Status read_name();
    /// Adds the records beyond this id. Inside a transaction, as are those below.
    [[nodiscard]] Status read_records(JournalBatch& batch, std::int64_t id, std::uint64_t records,
                                      std::size_t octets);
    [[nodiscard]] Status read_belongings(JournalBatch& batch);
    /// The record as JSON; empty where it is not there.
    [[nodiscard]] Result<std::string> row_text(std::int64_t id);
    [[nodiscard]] Status erase(std::int64_t first_id, std::int64_t last_id);
    [[nodiscard]] Result<std::uint64_t> number(std::string_view sql);

    std::unique_ptr<SqlConnection> connection_;
    std::string name_;
    std::int64_t folded_id_ = 0;
};

}  // namespace defender::store
