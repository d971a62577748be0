#include "common/store/postgresql_migrations.hpp"

#include <array>
#include <string_view>

#include "common/log/log.hpp"
#include "common/store/migration_steps.hpp"
#include "common/store/report_schema.hpp"

namespace defender::store {
namespace {

/// Advisory locks are told apart by two numbers: "DFND", and which of our locks it is. The functions below
/// write them out.
constexpr std::string_view migration_lock = "SELECT pg_advisory_xact_lock(1145458244, 1)";

// journal: each file that records come from, with the host that its records name; folded_id: those up to it
// are folded into reports. record: as in SQLite (sqlite_migrations.cpp), but named by its day, the journal
// that it comes from and its id there; text is compared by its octets. Both tables have one partition for
// each UTC day.
constexpr std::string_view create_records = R"sql(
CREATE TABLE journal (
    journal   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    host      TEXT COLLATE "C" NOT NULL,
    folded_id BIGINT           NOT NULL
);

CREATE TABLE record (
    id            BIGINT           NOT NULL,
    journal       TEXT COLLATE "C" NOT NULL,
    host          TEXT COLLATE "C" NOT NULL,
    queue_id      TEXT COLLATE "C" NOT NULL,
    received_at   BIGINT           NOT NULL,
    day           BIGINT           NOT NULL,
    client        TEXT COLLATE "C" NOT NULL,
    helo          TEXT COLLATE "C" NOT NULL,
    mail_from     TEXT COLLATE "C" NOT NULL,
    envelope_from TEXT COLLATE "C" NOT NULL,
    author_status TEXT COLLATE "C" NOT NULL,
    author_domain TEXT COLLATE "C" NOT NULL,
    exemption     TEXT COLLATE "C" NOT NULL,
    result        TEXT COLLATE "C" NOT NULL,
    requested     TEXT COLLATE "C" NOT NULL,
    disposition   TEXT COLLATE "C" NOT NULL,
    action        TEXT COLLATE "C" NOT NULL,
    auth_results  TEXT COLLATE "C" NOT NULL,
    reply         TEXT COLLATE "C" NOT NULL,
    error         TEXT COLLATE "C" NOT NULL,
    milliseconds  BIGINT           NOT NULL,
    evidence      TEXT COLLATE "C" NOT NULL,
    judgement     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, journal, id)
) PARTITION BY RANGE (day);
CREATE INDEX record_queue_id ON record (queue_id);
CREATE INDEX record_journal ON record (journal, id) INCLUDE (received_at);

CREATE TABLE record_domain (
    day             BIGINT           NOT NULL,
    journal         TEXT COLLATE "C" NOT NULL,
    record_id       BIGINT           NOT NULL,
    ordinal         BIGINT           NOT NULL,
    deciding        BIGINT           NOT NULL,
    author_domain   TEXT COLLATE "C" NOT NULL,
    policy_domain   TEXT COLLATE "C" NOT NULL,
    policy_record   TEXT COLLATE "C" NOT NULL,
    reportable      BIGINT           NOT NULL,
    result          TEXT COLLATE "C" NOT NULL,
    spf_aligned     BIGINT           NOT NULL,
    dkim_aligned    BIGINT           NOT NULL,
    requested       TEXT COLLATE "C" NOT NULL,
    disposition     TEXT COLLATE "C" NOT NULL,
    sampled_out     BIGINT           NOT NULL,
    reasons         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, journal, record_id, ordinal)
) PARTITION BY RANGE (day);
)sql";

// A partition is made first and attached then, as that lets others go on reading the tables. The second look
// is under the lock, as another host may have made it meanwhile, and a query, as to_regclass() may still
// answer from before the wait. A day before 1970 has an m for its sign.
//
// Those who write take their locks on record first; so does the dropping of a day, or both would wait for
// each other.
//
// SECURITY DEFINER lets a role make partitions that does not own the tables; so nobody may call it without
// being granted it, and its names are looked up in our schema before any temporary table's.
constexpr std::string_view create_functions = R"sql(
CREATE FUNCTION defender_make_day(wanted BIGINT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    suffix TEXT := '_day_' || translate(wanted::TEXT, '-', 'm');
    parent TEXT;
BEGIN
    IF to_regclass('record' || suffix) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(1145458244, 2);
    IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
               WHERE inhparent = 'record'::regclass AND relname = 'record' || suffix) THEN
        RETURN;
    END IF;
    FOREACH parent IN ARRAY ARRAY['record', 'record_domain'] LOOP
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', parent || suffix, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                       parent, parent || suffix, wanted, wanted + 1);
    END LOOP;
END
$body$;

CREATE FUNCTION defender_drop_day(unwanted BIGINT) RETURNS BIGINT
LANGUAGE plpgsql AS $body$
DECLARE
    suffix TEXT := '_day_' || translate(unwanted::TEXT, '-', 'm');
    records BIGINT;
BEGIN
    PERFORM pg_advisory_xact_lock(1145458244, 2);
    IF NOT EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
                   WHERE inhparent = 'record'::regclass AND relname = 'record' || suffix) THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', 'record' || suffix) INTO records;
    EXECUTE format('DROP TABLE %I', 'record' || suffix);
    EXECUTE format('DROP TABLE %I', 'record_domain' || suffix);
    RETURN records;
END
$body$;

REVOKE ALL ON FUNCTION defender_make_day(BIGINT), defender_drop_day(BIGINT) FROM PUBLIC;
DO $body$
BEGIN
    EXECUTE format('ALTER FUNCTION defender_make_day(BIGINT) SET search_path = %I, pg_temp', current_schema());
END
$body$;
)sql";

// As in SQLite, but that a sighting, once here, belongs to no record.
constexpr std::string_view create_forwarders = R"sql(
CREATE TABLE forwarding_sighting (
    network   TEXT COLLATE "C" NOT NULL,
    domain    TEXT COLLATE "C" NOT NULL,
    first_day BIGINT           NOT NULL,
    last_day  BIGINT           NOT NULL,
    PRIMARY KEY (network, domain)
);
CREATE INDEX forwarding_sighting_last_day ON forwarding_sighting (last_day);

CREATE TABLE forwarder_ruling (
    network TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    status  TEXT COLLATE "C" NOT NULL,
    said_at BIGINT           NOT NULL,
    comment TEXT COLLATE "C" NOT NULL
);
)sql";

// As in SQLite.
constexpr std::string_view part_counts = R"sql(
CREATE TABLE report_count (
    report   BIGINT NOT NULL,
    row_key  BYTEA  NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (report, row_key)
) WITH (fillfactor = 50);
INSERT INTO report_count SELECT report, row_key, messages FROM report_row ORDER BY report, row_key;
ALTER TABLE report_row DROP COLUMN messages, DROP CONSTRAINT report_row_report_fkey;

ALTER TABLE journal ADD COLUMN folding_id BIGINT NOT NULL DEFAULT 0,
                    ADD COLUMN folding_key BYTEA NOT NULL DEFAULT '';
)sql";

Result<bool> is_empty(PostgresqlConnection& connection) {
    bool empty = false;
    const auto done = connection.run("SELECT to_regclass('schema_version')", {},
                                     [&](const SqlRow& row) { empty = row.is_null(0); });
    if (!done) return done.error();
    return empty;
}

Error newer_schema(const PostgresqlConnection& connection, std::int64_t version, std::size_t known) {
    return Error{connection.name() + " has schema version " + std::to_string(version) +
                 ", newer than this program, which knows " + std::to_string(known) +
                 "; use the newer program"};
}

/// Applies the migration that follows `version`; false where another host was first.
Result<bool> apply(PostgresqlConnection& connection, std::span<const PostgresqlMigration> migrations,
                   int version) {
    auto transaction = SqlTransaction::begin(connection);
    if (!transaction) return transaction.error();
    if (auto locked = connection.execute(std::string(migration_lock)); !locked) return locked.error();
    // Not before the lock, as CREATE TABLE IF NOT EXISTS fails where two do it at once.
    auto made = connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);"
        "INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT FROM schema_version)");
    if (!made) return made.error();
    const auto found = schema_version(connection, migrations);
    if (!found) return found.error();
    if (*found != version) return false;
    const auto& migration = migrations[static_cast<std::size_t>(version)];
    if (auto done = connection.execute(migration.sql); !done) return done.error();
    const auto marked = connection.run("UPDATE schema_version SET version = $1", {std::int64_t{version + 1}});
    if (!marked) return marked.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

}  // namespace

std::span<const PostgresqlMigration> postgresql_migrations() {
    static const std::array migrations{
        PostgresqlMigration{std::string(create_records) + std::string(create_functions) +
                            report_tables(SqlDialect::postgresql)},
        PostgresqlMigration{std::string(create_forwarders)}, PostgresqlMigration{std::string(part_counts)}};
    return migrations;
}

Result<int> schema_version(PostgresqlConnection& connection,
                           std::span<const PostgresqlMigration> migrations) {
    const auto empty = is_empty(connection);
    if (!empty) return empty.error();
    if (*empty) return 0;
    std::int64_t version = 0;
    const auto done = connection.run("SELECT max(version) FROM schema_version", {},
                                     [&](const SqlRow& row) { version = row.number(0); });
    if (!done) return done.error();
    if (version < 0 || version > static_cast<std::int64_t>(migrations.size())) {
        return newer_schema(connection, version, migrations.size());
    }
    return static_cast<int>(version);
}

Result<Migrated> migrate(PostgresqlConnection& connection, std::span<const PostgresqlMigration> migrations) {
    const auto found = schema_version(connection, migrations);
    if (!found) return found.error();
    return migrate_by_steps(*found, migrations.size(),
                            [&](int version) { return apply(connection, migrations, version); });
}

Result<int> bring_up_to_date(PostgresqlConnection& connection, OpenMode mode) {
    const auto migrations = postgresql_migrations();
    if (mode == OpenMode::read_write) {
        const auto migrated = migrate(connection, migrations);
        if (!migrated) return migrated.error();
        if (migrated->from != migrated->to) {
            log::info("STORE_MIGRATED",
                      {{"path", connection.name()}, {"from", migrated->from}, {"to", migrated->to}});
        }
        return migrated->to;
    }
    const auto version = schema_version(connection, migrations);
    if (!version) return version.error();
    if (static_cast<std::size_t>(*version) < migrations.size()) {
        return Error{connection.name() + " has schema version " + std::to_string(*version) +
                     ", this program needs " + std::to_string(migrations.size()) +
                     "; `defenderctl migrate` brings it there"};
    }
    return *version;
}

}  // namespace defender::store
