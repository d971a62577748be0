/// RecordScan: many records read one by one, from whichever stores the settings name.
///
/// For those who look at what was stored as a whole, such as `defenderctl what-if` and `stats`. A record that
/// is being moved from the journal of this host into PostgreSQL meanwhile is given once. Those that are
/// stored or expire meanwhile may be among what is given or not. Nobody who writes is kept waiting, and
/// memory does not grow with the records.
///
/// Not thread-safe: one thread at a time uses an object. Failure: an Error that names the database; where
/// PostgreSQL is away, that is the failure, as a part of the records would be taken for all.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/config/settings.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

/// A record as it lies in a store: what it was judged from, unread, and what the judgement came to, by name.
struct StoredRecord {
    std::string journal;   ///< the file that it was written to first; empty where it is still there
    std::int64_t id = 0;   ///< its number there
    std::string queue_id;  ///< as column_text() has it
    UtcSeconds received_at = 0;
    std::string exemption;
    std::string result;
    std::string disposition;
    std::string action;
    std::string error;     ///< not empty: the filter failed, and the evidence was lost
    std::string evidence;  ///< JSON, for evidence_from_json()
};
/// Must not use the scan that calls it.
using StoredRecordHandler = std::function<void(StoredRecord&&)>;

/// What is counted of a record, from its columns alone: no evidence is read.
struct RecordSummary {
    UtcSeconds received_at = 0;
    std::string client;         ///< canonical text; empty for a client without an IP address
    std::string author_domain;  ///< of the deciding domain; empty where none was judged
    std::string exemption;
    std::string result;
    std::string disposition;
    std::string action;
    bool failed = false;  ///< the filter failed
    std::string
        reasons;  ///< of the deciding domain: JSON, [{"type","comment"}...]; empty where none was judged
};
/// Must not use the scan that calls it.
using RecordSummaryHandler = std::function<void(RecordSummary&&)>;

/// From `since` up to, but not including, `until`.
struct ScanPeriod {
    UtcSeconds since = std::numeric_limits<UtcSeconds>::min();
    UtcSeconds until = std::numeric_limits<UtcSeconds>::max();
};

class RecordScan {
  public:
    /// The file, or PostgreSQL and this host's journal, where there is one. Nothing is made or migrated; a
    /// schema that is not this program's is an error, PostgreSQL's when it is first asked.
    [[nodiscard]] static Result<std::unique_ptr<RecordScan>> open(const config::StoreSettings& settings);

    /// Gives the records received at `since` or later to `handler`, in no order that can be relied on.
    [[nodiscard]] Status scan(UtcSeconds since, const StoredRecordHandler& handler);
    /// The same of what is counted of them.
    [[nodiscard]] Status summarize(const ScanPeriod& period, const RecordSummaryHandler& handler);
    /// About how many scan() gives.
    [[nodiscard]] Result<std::uint64_t> count_since(UtcSeconds since);
    /// About how many summarize() gives.
    [[nodiscard]] Result<std::uint64_t> count_within(const ScanPeriod& period);

  private:
    /// One statement for each place that records are in; all begin with the columns journal and id.
    struct Statements;
    using RowHandler = SqlConnection::RowHandler;

    RecordScan() = default;
    [[nodiscard]] Status read(const Statements& statements, const ScanPeriod& period,
                              const RowHandler& handler);
    [[nodiscard]] Status read_file(std::string_view some, const ScanPeriod& period,
                                   const RowHandler& handler);
    [[nodiscard]] Status read_postgresql(std::string_view day, const ScanPeriod& period,
                                         const RowHandler& handler);
    [[nodiscard]] Status read_both(const Statements& statements, const ScanPeriod& period,
                                   const RowHandler& handler);

    std::unique_ptr<SqlConnection> file_;             ///< nothing: PostgreSQL alone
    std::unique_ptr<PostgresqlConnection> database_;  ///< nothing: the file alone
};

}  // namespace defender::store
