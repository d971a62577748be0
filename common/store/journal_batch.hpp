/// JournalBatch: records on their way from a journal into PostgreSQL, as rows of COPY's text format.
///
/// Rows are made as they are read, record by record in the order of ids, then the rows that belong to them;
/// a row of a record that is not there is left out. Any run of the records can be sent on its own. Not
/// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/utc_time.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

/// The columns of "record" and "record_domain" that both databases have, besides id, day and record_id.
[[nodiscard]] const std::vector<std::string>& record_columns();
[[nodiscard]] const std::vector<std::string>& record_domain_columns();

/// What is asked of a record while it waits.
struct JournalEntry {
    std::int64_t id = 0;
    UtcDay day;
    std::string host;
    std::string queue_id;
};

/// The tables that records and what belongs to them go to.
enum class MovedTable { record, record_domain, forwarding_sighting };

class JournalBatch {
  public:
    /// Some records of a batch that follow one another, never none.
    using Entries = std::span<const JournalEntry>;

    /// The journal's name, which is in the rows, and up to which id its records are folded.
    JournalBatch(std::string journal, std::int64_t folded_id)
        : journal_(std::move(journal)), folded_id_(folded_id) {}

    /// Of columns id, day and record_columns(); in the order of ids.
    void add_record(const SqlRow& row);
    /// Of columns record_id and record_domain_columns(); in the order of records.
    void add_domain(const SqlRow& row);
    /// Of columns record_id, network, domain, first_day and last_day; in the order of records.
    void add_sighting(const SqlRow& row);

    [[nodiscard]] const std::string& journal() const noexcept { return journal_; }
    [[nodiscard]] std::int64_t folded_id() const noexcept { return folded_id_; }
    [[nodiscard]] Entries entries() const noexcept { return entries_; }
    /// The rows of these entries, which are of this batch.
    [[nodiscard]] std::string_view rows(MovedTable table, Entries entries) const;
    /// Of all rows.
    [[nodiscard]] std::size_t octets() const;

  private:
    struct Rows {
        std::string text;
        std::vector<std::size_t> ends;  ///< of each entry's rows, up to the last entry that has any
    };
    [[nodiscard]] Rows& rows_of(MovedTable table) { return rows_.at(static_cast<std::size_t>(table)); }
    /// The place of the entry that further rows of the table belong to; none where it is not there.
    [[nodiscard]] const JournalEntry* owner(const Rows& rows, std::int64_t id) const;
    void begin_row(Rows& rows, const JournalEntry& entry) const;
    void end_row(Rows& rows, const JournalEntry& entry) const;
    [[nodiscard]] std::size_t place_of(const JournalEntry& entry) const {
        return static_cast<std::size_t>(&entry - entries_.data());
    }

    std::string journal_;
    std::int64_t folded_id_;
    std::vector<JournalEntry> entries_;
    std::array<Rows, 3> rows_;  // as MovedTable counts
};

}  // namespace defender::store
