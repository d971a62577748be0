#include "common/store/record_scan.hpp"

#include <filesystem>
#include <utility>

#include "common/store/id_runs.hpp"
#include "common/store/postgresql_days.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/sqlite_connection.hpp"

namespace defender::store {
namespace {

/// How many records are read from the file in one go: a reader that stays for long keeps SQLite from using
/// its WAL anew.
constexpr std::int64_t batch = 1000;

/// The index on received_at answers these alone.
constexpr std::string_view extent_in_file = "SELECT min(id), max(id) FROM record WHERE received_at >= $1";
constexpr std::string_view count_in_file = "SELECT count(*) FROM record WHERE received_at >= $1";
/// In the order of the file. The + keeps SQLite from taking the index on received_at, and sorting.
constexpr std::string_view some_in_file =
    "SELECT '', id, queue_id, received_at, exemption, result, disposition, action, error, evidence"
    " FROM record WHERE id > $1 AND id <= $2 AND +received_at >= $3 ORDER BY id LIMIT $4";
constexpr std::string_view set_aside_in_file =
    "SELECT '', id, row ->> 'queue_id', CAST(row ->> 'received_at' AS INTEGER) AS received,"
    " row ->> 'exemption', row ->> 'result', row ->> 'disposition', row ->> 'action', row ->> 'error',"
    " row ->> 'evidence' FROM set_aside WHERE received >= $1";
/// One day after the other, as a statement keeps what it reads from being dropped.
constexpr std::string_view day_in_postgresql =
    "SELECT journal, id, queue_id, received_at, exemption, result, disposition, action, error, evidence"
    " FROM record WHERE day = $1 AND received_at >= $2";

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

/// The ids between which records lie; none where first > last.
struct Extent {
    std::int64_t first = 1;
    std::int64_t last = 0;
};

Result<Extent> extent_of(SqlConnection& file, UtcSeconds since) {
    Extent extent;
    const auto done = file.run(extent_in_file, {since}, [&](const SqlRow& row) {
        if (!row.is_null(0)) extent = {row.number(0), row.number(1)};
    });
    if (!done) return done.error();
    return extent;
}

Status scan_file(SqlConnection& file, UtcSeconds since, const StoredRecordHandler& handler) {
    const auto extent = extent_of(file, since);
    if (!extent) return extent.error();
    std::int64_t before = extent->first - 1;
    while (before < extent->last) {
        const auto given =
            file.run(some_in_file, {before, extent->last, since, batch}, [&](const SqlRow& row) {
                before = row.number(1);
                handler(record_of(row));
            });
        if (!given) return given.error();
        if (*given == 0) break;
    }
    return Done{};
}

Status scan_set_aside(SqlConnection& file, UtcSeconds since, const StoredRecordHandler& handler) {
    const auto done =
        file.run(set_aside_in_file, {since}, [&](const SqlRow& row) { handler(record_of(row)); });
    if (!done) return done.error();
    return Done{};
}

Status scan_postgresql(PostgresqlConnection& database, UtcSeconds since, const StoredRecordHandler& handler) {
    if (const auto ready = bring_up_to_date(database, OpenMode::read_only); !ready) return ready.error();
    const auto days = postgresql_days(database);
    if (!days) return days.error();
    for (const auto& day : *days) {
        if (day.day.end() <= since) continue;
        const auto done = database.run(day_in_postgresql, {day.day.number, since},
                                       [&](const SqlRow& row) { handler(record_of(row)); });
        if (!done) return done.error();
    }
    return Done{};
}

Result<std::uint64_t> count_of(SqlConnection& connection, std::string_view sql, const SqlValues& values) {
    std::uint64_t count = 0;
    const auto done = connection.run(
        sql, values, [&](const SqlRow& row) { count = static_cast<std::uint64_t>(row.number(0)); });
    if (!done) return done.error();
    return count;
}

/// Of a large day PostgreSQL's own estimate, as counting takes long.
Result<std::uint64_t> count_postgresql(PostgresqlConnection& database, UtcSeconds since) {
    if (const auto ready = bring_up_to_date(database, OpenMode::read_only); !ready) return ready.error();
    const auto days = postgresql_days(database);
    if (!days) return days.error();
    std::uint64_t count = 0;
    for (const auto& day : *days) {
        if (day.day.end() <= since) continue;
        if (day.is_large()) {
            count += static_cast<std::uint64_t>(day.estimate);
            continue;
        }
        const auto counted =
            count_of(database, "SELECT count(*) FROM record WHERE day = $1 AND received_at >= $2",
                     {day.day.number, since});
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
    if (!database_) return scan_file(*file_, since, handler);
    if (!file_) return scan_postgresql(*database_, since, handler);
    return scan_both(since, handler);
}

Status RecordScan::scan_both(UtcSeconds since, const StoredRecordHandler& handler) {
    // The journal first: what is moved meanwhile is then met twice, rather than not at all.
    IdRuns given;
    const auto waiting = scan_file(*file_, since, [&](StoredRecord&& record) {
        given.add(record.id);
        handler(std::move(record));
    });
    if (!waiting) return waiting;
    if (auto done = scan_set_aside(*file_, since, handler); !done) return done;
    const auto journal = name_of(*file_);
    if (!journal) return journal.error();
    return scan_postgresql(*database_, since, [&](StoredRecord&& record) {
        if (record.journal == *journal && given.contains(record.id)) return;
        handler(std::move(record));
    });
}

Result<std::uint64_t> RecordScan::count_since(UtcSeconds since) {
    std::uint64_t count = 0;
    if (file_) {
        const auto waiting = count_of(*file_, count_in_file, {since});
        if (!waiting) return waiting;
        count += *waiting;
    }
    if (database_) {
        const auto moved = count_postgresql(*database_, since);
        if (!moved) return moved;
        count += *moved;
    }
    return count;
}

}  // namespace defender::store
