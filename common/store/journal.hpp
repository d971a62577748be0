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
#include "common/store/record_search.hpp"
#include "common/store/sql_connection.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// The columns of "record" and "record_domain" that both databases have, besides id, day and record_id.
[[nodiscard]] const std::vector<std::string>& record_columns();
[[nodiscard]] const std::vector<std::string>& record_domain_columns();

/// A forwarding sighting as it waits with a record.
struct WaitingSighting {
    std::string network;
    std::string domain;
    UtcDay first_day;
    UtcDay last_day;
};

/// A record as it waits; every value as text.
struct JournalEntry {
    std::int64_t id = 0;
    UtcDay day;
    std::vector<std::string> columns;               ///< as record_columns()
    std::vector<std::vector<std::string>> domains;  ///< each as record_domain_columns(), in their order
    std::optional<WaitingSighting> sighting;
};

class Journal {
  public:
    /// read_write brings the file's schema to this program's version first.
    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path, OpenMode mode);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The records up to this id have been folded into reports in the file itself, before PostgreSQL was set.
    [[nodiscard]] std::int64_t folded_id() const noexcept { return folded_id_; }

    /// The first records that wait, in the order of their ids: at most `records`, and no more once they hold
    /// `octets`.
    [[nodiscard]] Result<std::vector<JournalEntry>> first(std::uint64_t records, std::size_t octets);
    /// Deletes those from one id to another, both included, and the sightings that wait with them.
    [[nodiscard]] Status remove(std::int64_t first_id, std::int64_t last_id);
    /// Takes a record out of the way of the others, and keeps it with the reason.
    [[nodiscard]] Status set_aside(const JournalEntry& entry, const std::string& reason, UtcSeconds now);

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
    /// Inside a transaction.
    [[nodiscard]] Status erase(std::int64_t first_id, std::int64_t last_id);
    [[nodiscard]] Result<std::uint64_t> number(std::string_view sql);

    std::unique_ptr<SqlConnection> connection_;
    std::string name_;
    std::int64_t folded_id_ = 0;
};

}  // namespace defender::store
