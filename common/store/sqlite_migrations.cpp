#include "common/store/sqlite_migrations.hpp"

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "common/log/log.hpp"
#include "common/store/migration_steps.hpp"
#include "common/store/report_schema.hpp"

namespace defender::store {
namespace {

/// SQLite's application_id, "DFND": tells our file from another program's.
constexpr std::int64_t application_id = 0x44464e44;

// record: one judged message. What reports are grouped by and what an operator asks for stands in columns of
// its own; evidence and judgement are kept whole beside it. day is the UTC day number. AUTOINCREMENT: an id
// is never given twice, as (host, id) is the record's name once it has been moved to another store.
// record_domain: one author domain of it (RFC 7489 6.6.1); what a report says of it beside the record's
// columns. reportable: judged, with a policy that names an address for aggregate reports.
constexpr std::string_view create_records = R"sql(
CREATE TABLE record (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    host          TEXT    NOT NULL,
    queue_id      TEXT    NOT NULL,
    received_at   INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    client        TEXT    NOT NULL,
    helo          TEXT    NOT NULL,
    mail_from     TEXT    NOT NULL,
    envelope_from TEXT    NOT NULL,
    author_status TEXT    NOT NULL,
    author_domain TEXT    NOT NULL,
    exemption     TEXT    NOT NULL,
    result        TEXT    NOT NULL,
    requested     TEXT    NOT NULL,
    disposition   TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    auth_results  TEXT    NOT NULL,
    reply         TEXT    NOT NULL,
    error         TEXT    NOT NULL,
    milliseconds  INTEGER NOT NULL,
    evidence      TEXT    NOT NULL,
    judgement     TEXT    NOT NULL
) STRICT;
CREATE INDEX record_queue_id ON record (queue_id);
CREATE INDEX record_day ON record (day, id);
CREATE INDEX record_received_at ON record (received_at);

CREATE TABLE record_domain (
    record_id       INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    ordinal         INTEGER NOT NULL,
    deciding        INTEGER NOT NULL,
    author_domain   TEXT    NOT NULL,
    policy_domain   TEXT    NOT NULL,
    policy_record   TEXT    NOT NULL,
    reportable      INTEGER NOT NULL,
    result          TEXT    NOT NULL,
    spf_aligned     INTEGER NOT NULL,
    dkim_aligned    INTEGER NOT NULL,
    requested       TEXT    NOT NULL,
    disposition     TEXT    NOT NULL,
    sampled_out     INTEGER NOT NULL,
    reasons         TEXT    NOT NULL,
    PRIMARY KEY (record_id, ordinal)
) STRICT, WITHOUT ROWID;
)sql";

// journal: one row. folded_id: the records up to it are folded into reports. journal: the name of this file,
// as several gateways may move their records into one database; a random UUID (RFC 9562 version 4).
// set_aside: records that the other database refused for what they hold, with the reason; row is JSON.
constexpr std::string_view create_journal = R"sql(
CREATE TABLE journal (
    journal   TEXT    NOT NULL PRIMARY KEY,
    folded_id INTEGER NOT NULL
) STRICT;
INSERT INTO journal (journal, folded_id)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
             || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-'
             || hex(randomblob(6))),
       0;

CREATE TABLE set_aside (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    error TEXT    NOT NULL,
    row   TEXT    NOT NULL
) STRICT;
)sql";

// forwarding_sighting: a network whose client handed on mail of a domain, and the days on which that was
// first and last seen; record_id: the record of that last day that showed it first, with which the row moves
// on where the file is a journal. No foreign key: records and sightings are kept for times of their own.
// forwarder_ruling: what the operator said of a network; status: confirmed or denied.
constexpr std::string_view create_forwarders = R"sql(
CREATE TABLE forwarding_sighting (
    network   TEXT    NOT NULL,
    domain    TEXT    NOT NULL,
    first_day INTEGER NOT NULL,
    last_day  INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (network, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX forwarding_sighting_record ON forwarding_sighting (record_id);
CREATE INDEX forwarding_sighting_last_day ON forwarding_sighting (last_day);

CREATE TABLE forwarder_ruling (
    network TEXT    NOT NULL PRIMARY KEY,
    status  TEXT    NOT NULL,
    said_at INTEGER NOT NULL,
    comment TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What a row of a report says, and how many messages it stands for, are two tables: a count changes with
// every fold and has some thirty octets, what it counts is written once. Both lie in the order of their keys,
// so that the rows of a report lie together. No foreign key: they are written only while their report is
// open, in the same transaction, and go before it. folding_id, folding_key: where greater than folded_id, the
// records up to this one are being folded as one batch, of which the rows up to this key (series, then row)
// are written.
constexpr std::string_view part_counts = R"sql(
ALTER TABLE report_row RENAME TO old_report_row;
CREATE TABLE report_row (
    report        INTEGER NOT NULL,
    row_key       BLOB    NOT NULL,
    source_ip     TEXT    NOT NULL,
    disposition   TEXT    NOT NULL,
    dkim_aligned  INTEGER NOT NULL,
    spf_aligned   INTEGER NOT NULL,
    reasons       TEXT    NOT NULL,
    header_from   TEXT    NOT NULL,
    envelope_from TEXT    NOT NULL,
    auth_results  TEXT    NOT NULL,
    PRIMARY KEY (report, row_key)
) STRICT, WITHOUT ROWID;
INSERT INTO report_row
SELECT report, row_key, source_ip, disposition, dkim_aligned, spf_aligned, reasons, header_from, envelope_from,
       auth_results FROM old_report_row ORDER BY report, row_key;

CREATE TABLE report_count (
    report   INTEGER NOT NULL,
    row_key  BLOB    NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (report, row_key)
) STRICT, WITHOUT ROWID;
INSERT INTO report_count SELECT report, row_key, messages FROM old_report_row ORDER BY report, row_key;
DROP TABLE old_report_row;

ALTER TABLE journal ADD COLUMN folding_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN folding_key BLOB NOT NULL DEFAULT x'';
)sql";

// Records are folded and shown in the order of their ids, and go by when they came: nothing asks for those of
// a day, and each commit would write another page for them.
constexpr std::string_view drop_day_index = "DROP INDEX record_day;";

const std::string& create_reports() {
    static const std::string sql = std::string(create_journal) + report_tables(SqlDialect::sqlite);
    return sql;
}

Result<bool> is_empty(SqliteDatabase& database) {
    const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tables.error();
    return *tables == 0;
}

/// How long another process that prepares the same file is waited for, and how long between two looks.
constexpr std::chrono::seconds prepare_patience{5};
constexpr std::chrono::milliseconds prepare_pause{5};

/// Both must be set while the file is empty and outside a transaction; on a file that has them they change
/// nothing. Incremental vacuum lets the file shrink after records have expired.
Status prepare_once(SqliteDatabase& database) {
    if (auto set = database.execute("PRAGMA auto_vacuum = INCREMENTAL"); !set) return set.error();
    auto statement = database.prepare("PRAGMA journal_mode = WAL");
    if (!statement) return statement.error();
    const auto row = statement->step();
    if (!row) return row.error();
    const auto mode = statement->text(0);
    if (mode != "wal") return Error{database.path() + ": cannot be put into WAL mode, stays in mode " + mode};
    return Done{};
}

/// SQLite's busy time-out does not cover the change to WAL mode, so that it is tried again here.
Status prepare_file(SqliteDatabase& database) {
    const auto give_up = std::chrono::steady_clock::now() + prepare_patience;
    for (;;) {
        auto prepared = prepare_once(database);
        if (prepared || !store_is_busy(prepared.error())) return prepared;
        if (std::chrono::steady_clock::now() >= give_up) return prepared;
        std::this_thread::sleep_for(prepare_pause);
    }
}

/// Applies the migration that leads from `version`, unless another process has done so in the meantime.
Result<bool> apply(SqliteDatabase& database, const SqliteMigration& migration, int version) {
    auto transaction = SqliteTransaction::begin(database);
    if (!transaction) return transaction.error();
    const auto now = database.number("PRAGMA user_version");
    if (!now) return now.error();
    if (*now != version) return false;
    if (auto done = database.execute(std::string(migration.sql)); !done) return done.error();
    const auto marks = "PRAGMA application_id = " + std::to_string(application_id) +
                       "; PRAGMA user_version = " + std::to_string(version + 1);
    if (auto done = database.execute(marks); !done) return done.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

/// What read_only may use: a file that is exactly at this program's version.
Result<int> current_version(SqliteDatabase& database) {
    const auto version = schema_version(database, sqlite_migrations());
    if (!version) return version.error();
    const auto wanted = static_cast<int>(sqlite_migrations().size());
    if (*version < wanted) {
        return Error{database.path() + " has schema version " + std::to_string(*version) +
                     ", this program needs " + std::to_string(wanted) +
                     "; `defenderctl migrate` brings it there"};
    }
    return *version;
}

}  // namespace

std::span<const SqliteMigration> sqlite_migrations() {
    static const std::array migrations_of_the_store{
        SqliteMigration{create_records}, SqliteMigration{create_reports()},
        SqliteMigration{create_forwarders}, SqliteMigration{part_counts}, SqliteMigration{drop_day_index}};
    return migrations_of_the_store;
}

Result<int> schema_version(SqliteDatabase& database, std::span<const SqliteMigration> migrations) {
    // In this order, as another process may migrate in between: what is not empty has its id.
    const auto empty = is_empty(database);
    if (!empty) return empty.error();
    const auto id = database.number("PRAGMA application_id");
    if (!id) return id.error();
    const auto version = database.number("PRAGMA user_version");
    if (!version) return version.error();
    if (*id != application_id && !*empty) return Error{database.path() + " is another program's database"};
    if (*version < 0 || *version > static_cast<std::int64_t>(migrations.size())) {
        return Error{database.path() + " has schema version " + std::to_string(*version) +
                     ", newer than this program, which knows " + std::to_string(migrations.size()) +
                     "; use the newer program"};
    }
    return static_cast<int>(*version);
}

Result<Migrated> migrate(SqliteDatabase& database, std::span<const SqliteMigration> migrations) {
    const auto found = schema_version(database, migrations);
    if (!found) return found.error();
    if (auto prepared = prepare_file(database); !prepared) return prepared.error();
    return migrate_by_steps(*found, migrations.size(), [&](int version) {
        return apply(database, migrations[static_cast<std::size_t>(version)], version);
    });
}

Result<MigratedDatabase> open_migrated(const std::string& path, OpenMode mode,
                                       std::chrono::milliseconds busy_timeout) {
    auto database = SqliteDatabase::open(path, mode, busy_timeout);
    if (!database) return database.error();
    if (mode == OpenMode::read_only) {
        const auto version = current_version(**database);
        if (!version) return version.error();
        return MigratedDatabase{std::move(database).value(), *version};
    }
    const auto migrated = migrate(**database, sqlite_migrations());
    if (!migrated) return migrated.error();
    if (migrated->from != migrated->to) {
        log::info("STORE_MIGRATED", {{"path", path}, {"from", migrated->from}, {"to", migrated->to}});
    }
    return MigratedDatabase{std::move(database).value(), migrated->to};
}

}  // namespace defender::store
