#include "common/store/record_scan.hpp"

#include <filesystem>
#include <utility>

#include "common/store/id_runs.hpp"
#include "common/store/postgresql_days.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/sqlite_connection.hpp"

namespace defender::store {

struct RecordScan::Statements {
    std::string_view file;        ///< $1 < id <= $2, $3 <= received_at < $4, at most $5, in the order of ids
    std::string_view set_aside;   ///< $1 <= received_at < $2
    std::string_view postgresql;  ///< of day $1, $2 <= received_at < $3
};

namespace {

/// How many records are read from the file in one go: a reader that stays for long keeps SQLite from using
/// its WAL anew.
constexpr std::int64_t batch = 1000;

/// The index on received_at answers these alone.
constexpr std::string_view extent_in_file =
    "SELECT min(id), max(id) FROM record WHERE received_at >= $1 AND received_at < $2";
constexpr std::string_view count_in_file =
    "SELECT count(*) FROM record WHERE received_at >= $1 AND received_at < $2";

// In the order of the file. The + keeps SQLite from taking the index on received_at, and sorting.
constexpr std::string_view whole_in_file =
    "SELECT '', id, queue_id, received_at, exemption, result, disposition, action, error, evidence"
    " FROM record WHERE id > $1 AND id <= $2 AND +received_at >= $3 AND +received_at < $4"
    " ORDER BY id LIMIT $5";
constexpr std::string_view whole_set_aside =
    "SELECT '', id, row ->> 'queue_id', CAST(row ->> 'received_at' AS INTEGER) AS received,"
    " row ->> 'exemption', row ->> 'result', row ->> 'disposition', row ->> 'action', row ->> 'error',"
    " row ->> 'evidence' FROM set_aside WHERE received >= $1 AND received < $2";
// One day after the other, as a statement keeps what it reads from being dropped.
constexpr std::string_view whole_in_postgresql =
    "SELECT journal, id, queue_id, received_at, exemption, result, disposition, action, error, evidence"
    " FROM record WHERE day = $1 AND received_at >= $2 AND received_at < $3";

constexpr std::string_view summary_in_file =
    "SELECT '', r.id, r.received_at, r.client, r.author_domain, r.exemption, r.result, r.disposition,"
    " r.action, CAST(r.error <> '' AS INTEGER), d.reasons FROM record r"
    " LEFT JOIN record_domain d ON d.record_id = r.id AND d.deciding = 1"
    " WHERE r.id > $1 AND r.id <= $2 AND +r.received_at >= $3 AND +r.received_at < $4"
    " ORDER BY r.id LIMIT $5";
constexpr std::string_view summary_set_aside =
    "SELECT '', id, CAST(row ->> 'received_at' AS INTEGER) AS received, row ->> 'client',"
    " row ->> 'author_domain', row ->> 'exemption', row ->> 'result', row ->> 'disposition',"
    " row ->> 'action', CAST(row ->> 'error' <> '' AS INTEGER),"
    " (SELECT d.value ->> 'reasons' FROM json_each(row, '$.domains') d WHERE d.value ->> 'deciding' = '1')"
    " FROM set_aside WHERE received >= $1 AND received < $2";
constexpr std::string_view summary_in_postgresql =
    "SELECT r.journal, r.id, r.received_at, r.client, r.author_domain, r.exemption, r.result, r.disposition,"
    " r.action, CAST(CAST(r.error <> '' AS INTEGER) AS BIGINT), d.reasons FROM record r"
    " LEFT JOIN record_domain d ON d.day = r.day AND d.journal = r.journal AND d.record_id = r.id"
    " AND d.deciding = 1 WHERE r.day = $1 AND r.received_at >= $2 AND r.received_at < $3";

StoredRecord record_of(const SqlRow& row) {
    StoredRecord record;
    record.journal = row.text(0);
    record.id = row.number(1);
    record.queue_id = row.text(2);
    record.received_at = row.number(3);
    record.exemption = row.text(4);
    record.result = row.text(5);
    record.disposition = row.text(6);
    record.action = row.text(7);
    record.error = row.text(8);
    record.evidence = row.text(9);
    return record;
}

RecordSummary summary_of(const SqlRow& row) {
    RecordSummary summary;
    summary.received_at = row.number(2);
    summary.client = row.text(3);
    summary.author_domain = row.text(4);
    summary.exemption = row.text(5);
    summary.result = row.text(6);
    summary.disposition = row.text(7);
    summary.action = row.text(8);
    summary.failed = row.number(9) != 0;
    summary.reasons = row.text(10);
    return summary;
}

/// The ids between which records lie; none where first > last.
struct Extent {
    std::int64_t first = 1;
    std::int64_t last = 0;
};

Result<Extent> extent_of(SqlConnection& file, const ScanPeriod& period) {
    Extent extent;
    const auto done = file.run(extent_in_file, {period.since, period.until}, [&](const SqlRow& row) {
        if (!row.is_null(0)) extent = {row.number(0), row.number(1)};
    });
    if (!done) return done.error();
    return extent;
}

bool touches(const UtcDay& day, const ScanPeriod& period) {
    return day.end() > period.since && day.begin() < period.until;
}

Result<std::uint64_t> count_of(SqlConnection& connection, std::string_view sql, const SqlValues& values) {
    std::uint64_t count = 0;
    const auto done = connection.run(
        sql, values, [&](const SqlRow& row) { count = static_cast<std::uint64_t>(row.number(0)); });
    if (!done) return done.error();
    return count;
}

/// Of a large day PostgreSQL's own estimate, as counting takes long.
Result<std::uint64_t> count_postgresql(PostgresqlConnection& database, const ScanPeriod& period) {
    if (const auto ready = bring_up_to_date(database, OpenMode::read_only); !ready) return ready.error();
    const auto days = postgresql_days(database);
    if (!days) return days.error();
    std::uint64_t count = 0;
    for (const auto& day : *days) {
        if (!touches(day.day, period)) continue;
        if (day.is_large()) {
            count += static_cast<std::uint64_t>(day.estimate);
            continue;
        }
        const auto counted = count_of(
            database, "SELECT count(*) FROM record WHERE day = $1 AND received_at >= $2 AND received_at < $3",
            {day.day.number, period.since, period.until});
        if (!counted) return counted.error();
        count += *counted;
    }
    return count;
}

Result<std::string> name_of(SqlConnection& file) {
    std::string name;
    const auto done =
        file.run("SELECT journal FROM journal", {}, [&](const SqlRow& row) { name = row.text(0); });
    if (!done) return done.error();
    return name;
}

}  // namespace

Result<std::unique_ptr<RecordScan>> RecordScan::open(const config::StoreSettings& settings) {
    std::unique_ptr<RecordScan> opened(new RecordScan());
    if (!settings.postgresql.empty()) {
        auto database = PostgresqlConnection::make(settings.postgresql);
        if (!database) return database.error();
        opened->database_ = std::move(database).value();
        // A host that only makes reports has no file.
        if (!std::filesystem::exists(settings.path)) return opened;
    }
    auto file = open_sqlite_connection(settings.path, OpenMode::read_only);
    if (!file) return file.error();
    opened->file_ = std::move(file).value();
    return opened;
}

Status RecordScan::scan(UtcSeconds since, const StoredRecordHandler& handler) {
    constexpr Statements whole{whole_in_file, whole_set_aside, whole_in_postgresql};
    return read(whole, {.since = since}, [&](const SqlRow& row) { handler(record_of(row)); });
}

Status RecordScan::summarize(const ScanPeriod& period, const RecordSummaryHandler& handler) {
    constexpr Statements summary{summary_in_file, summary_set_aside, summary_in_postgresql};
    return read(summary, period, [&](const SqlRow& row) { handler(summary_of(row)); });
}

Status RecordScan::read(const Statements& statements, const ScanPeriod& period, const RowHandler& handler) {
    if (!database_) return read_file(statements.file, period, handler);
    if (!file_) return read_postgresql(statements.postgresql, period, handler);
    return read_both(statements, period, handler);
}

Status RecordScan::read_file(std::string_view some, const ScanPeriod& period, const RowHandler& handler) {
    const auto extent = extent_of(*file_, period);
    if (!extent) return extent.error();
    std::int64_t before = extent->first - 1;
    while (before < extent->last) {
        const auto given = file_->run(some, {before, extent->last, period.since, period.until, batch},
                                      [&](const SqlRow& row) {
                                          before = row.number(1);
                                          handler(row);
                                      });
        if (!given) return given.error();
        if (*given == 0) break;
    }
    return Done{};
}

Status RecordScan::read_postgresql(std::string_view day_of_records, const ScanPeriod& period,
                                   const RowHandler& handler) {
    if (const auto ready = bring_up_to_date(*database_, OpenMode::read_only); !ready) return ready.error();
    const auto days = postgresql_days(*database_);
    if (!days) return days.error();
    for (const auto& day : *days) {
        if (!touches(day.day, period)) continue;
        const auto done =
            database_->run(day_of_records, {day.day.number, period.since, period.until}, handler);
        if (!done) return done.error();
    }
    return Done{};
}

Status RecordScan::read_both(const Statements& statements, const ScanPeriod& period,
                             const RowHandler& handler) {
    // The journal first: what is moved meanwhile is then met twice, rather than not at all.
    IdRuns given;
    const auto waiting = read_file(statements.file, period, [&](const SqlRow& row) {
        given.add(row.number(1));
        handler(row);
    });
    if (!waiting) return waiting;
    const auto set_aside = file_->run(statements.set_aside, {period.since, period.until}, handler);
    if (!set_aside) return set_aside.error();
    const auto journal = name_of(*file_);
    if (!journal) return journal.error();
    return read_postgresql(statements.postgresql, period, [&](const SqlRow& row) {
        if (row.text(0) == *journal && given.contains(row.number(1))) return;
        handler(row);
    });
}

Result<std::uint64_t> RecordScan::count_since(UtcSeconds since) {
    return count_within({.since = since});
}

Result<std::uint64_t> RecordScan::count_within(const ScanPeriod& period) {
    std::uint64_t count = 0;
    if (file_) {
        const auto waiting = count_of(*file_, count_in_file, {period.since, period.until});
        if (!waiting) return waiting;
        count += *waiting;
    }
    if (database_) {
        const auto moved = count_postgresql(*database_, period);
        if (!moved) return moved;
        count += *moved;
    }
    return count;
}

}  // namespace defender::store
