#include "common/store/sqlite_store.hpp"

#include <filesystem>
#include <optional>
#include <thread>

#include "common/store/record_row.hpp"
#include "common/store/sqlite_database.hpp"
#include "common/store/sqlite_migrations.hpp"
#include "common/store/sqlite_sightings.hpp"
#include "common/store/wal_checkpointer.hpp"

namespace defender::store {
namespace {

/// How many records one transaction of expire() deletes: some milliseconds of holding the write lock.
constexpr std::int64_t expire_batch = 500;

constexpr std::string_view insert_record =
    "INSERT INTO record (host, queue_id, received_at, day, client, helo, mail_from, envelope_from, "
    "author_status,"
    " author_domain, exemption, result, requested, disposition, action, auth_results, reply, error, "
    "milliseconds,"
    " evidence, judgement) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view insert_domain =
    "INSERT INTO record_domain (record_id, ordinal, deciding, author_domain, policy_domain, policy_record,"
    " reportable, result, spf_aligned, dkim_aligned, requested, disposition, sampled_out, reasons)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view select_records =
    "SELECT host, reply, error, milliseconds, evidence, judgement FROM record WHERE queue_id = ?"
    " ORDER BY received_at DESC, id DESC";
constexpr std::string_view delete_records =
    "DELETE FROM record WHERE id IN (SELECT id FROM record WHERE received_at < ? ORDER BY received_at LIMIT "
    "?)";

constexpr std::string_view vacuum_some = "PRAGMA incremental_vacuum(1000)";

/// Half of the time is left to those who write, as SQLite's lock is not fair.
void leave_room_for_writers(std::chrono::steady_clock::time_point begun) {
    std::this_thread::sleep_for(std::chrono::steady_clock::now() - begun);
}

std::uint64_t octets_of(const std::string& path) {
    std::error_code failure;
    const auto octets = std::filesystem::file_size(path, failure);
    return failure ? 0 : octets;
}

/// The row outlives what is bound.
void bind_record(SqliteStatement& statement, const RecordRow& row) {
    statement.bind_in_place(row.host).bind_in_place(row.queue_id).bind(row.received_at).bind(row.day.number);
    for (const auto* text : {&row.client, &row.helo, &row.mail_from, &row.envelope_from, &row.author_status,
                             &row.author_domain, &row.exemption, &row.result, &row.requested,
                             &row.disposition, &row.action, &row.auth_results, &row.reply, &row.error})
        statement.bind_in_place(*text);
    statement.bind(row.milliseconds).bind_in_place(row.evidence).bind_in_place(row.judgement);
}

void bind_domain(SqliteStatement& statement, std::int64_t record_id, std::int64_t ordinal,
                 const RecordDomainRow& row) {
    statement.bind(record_id).bind(ordinal).bind(std::int64_t{row.deciding}).bind_in_place(row.author_domain);
    statement.bind_in_place(row.policy_domain).bind_in_place(row.policy_record);
    statement.bind(std::int64_t{row.reportable}).bind_in_place(row.result);
    statement.bind(std::int64_t{row.spf_aligned}).bind(std::int64_t{row.dkim_aligned});
    statement.bind_in_place(row.requested).bind_in_place(row.disposition);
    statement.bind(std::int64_t{row.sampled_out}).bind_in_place(row.reasons);
}

/// What inserts a record and what goes with it, prepared once.
class RecordInsertion {
  public:
    [[nodiscard]] static Result<RecordInsertion> prepare(SqliteDatabase& database) {
        auto record = database.prepare(insert_record);
        if (!record) return record.error();
        auto domain = database.prepare(insert_domain);
        if (!domain) return domain.error();
        return RecordInsertion(database, std::move(record).value(), std::move(domain).value());
    }

    [[nodiscard]] Status insert(const RecordRow& row) {
        bind_record(record_, row);
        if (auto done = record_.run(); !done) return done;
        const auto id = database_->last_insert_id();
        std::int64_t ordinal = 0;
        for (const auto& domain : row.domains) {
            bind_domain(domain_, id, ordinal++, domain);
            if (auto done = domain_.run(); !done) return done;
        }
        return row.sighting ? sightings_.add(*row.sighting, id) : Done{};
    }

  private:
    RecordInsertion(SqliteDatabase& database, SqliteStatement record, SqliteStatement domain)
        : database_(&database),
          record_(std::move(record)),
          domain_(std::move(domain)),
          sightings_(database) {}

    SqliteDatabase* database_;
    SqliteStatement record_;
    SqliteStatement domain_;
    SqliteSightings sightings_;
};

class SqliteStore final : public RecordStore {
  public:
    SqliteStore(std::unique_ptr<SqliteDatabase> database, int version)
        : database_(std::move(database)), version_(version) {}

    Status append_rows(const std::vector<RecordRow>& rows) override;
    Result<std::vector<Record>> find(const std::string& queue_id) override;
    Result<std::uint64_t> expire(UtcSeconds before) override;
    Result<StoreStatus> status() override;

  private:
    Status prepare_appending();
    Result<std::uint64_t> expire_some(UtcSeconds before);
    /// Gives free pages back to the file system where they are many; few are soon used again.
    Status shrink();

    std::unique_ptr<SqliteDatabase> database_;
    int version_;
    // From the first record on; they end before the database.
    std::optional<RecordInsertion> insertion_;
    std::optional<WalCheckpointer> checkpointer_;
};

Status SqliteStore::prepare_appending() {
    if (insertion_) return Done{};
    auto prepared = RecordInsertion::prepare(*database_);
    if (!prepared) return prepared.error();
    checkpointer_.emplace(*database_);
    insertion_.emplace(std::move(prepared).value());
    return Done{};
}

Status SqliteStore::append_rows(const std::vector<RecordRow>& rows) {
    if (database_->has_moved()) {
        return Error{database_->path() + ": the file was moved away or replaced", ErrorKind::unusable};
    }
    auto transaction = SqliteTransaction::begin(*database_);
    if (!transaction) return transaction.error();
    if (auto prepared = prepare_appending(); !prepared) return prepared;
    for (const auto& row : rows) {
        if (auto done = insertion_->insert(row); !done) return done;
    }
    if (auto committed = transaction.value()->commit(); !committed) return committed;
    checkpointer_->after_commit();
    return Done{};
}

Result<std::vector<Record>> SqliteStore::find(const std::string& queue_id) {
    auto statement = database_->prepare(select_records);
    if (!statement) return statement.error();
    statement->bind(column_text(queue_id));
    std::vector<Record> found;
    for (;;) {
        const auto row = statement->step();
        if (!row) return row.error();
        if (!row.value()) return found;
        RecordRow columns;
        columns.host = statement->text(0);
        columns.reply = statement->text(1);
        columns.error = statement->text(2);
        columns.milliseconds = statement->number(3);
        columns.evidence = statement->text(4);
        columns.judgement = statement->text(5);
        auto record = from_row(columns);
        if (!record) return Error{database_->path() + ": record " + queue_id + ": " + record.error().message};
        found.push_back(std::move(record).value());
    }
}

Result<std::uint64_t> SqliteStore::expire(UtcSeconds before) {
    std::uint64_t expired = 0;
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        const auto some = expire_some(before);
        if (!some) return some.error();
        expired += *some;
        if (*some < expire_batch) break;
        leave_room_for_writers(begun);
    }
    if (auto done = shrink(); !done) return done.error();
    return expired;
}

Result<std::uint64_t> SqliteStore::expire_some(UtcSeconds before) {
    auto transaction = SqliteTransaction::begin(*database_);
    if (!transaction) return transaction.error();
    auto statement = database_->prepare(delete_records);
    if (!statement) return statement.error();
    statement->bind(before).bind(expire_batch);
    if (auto done = statement->run(); !done) return done.error();
    const auto deleted = database_->changes();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return deleted;
}

Status SqliteStore::shrink() {
    for (;;) {
        const auto free = database_->number("PRAGMA freelist_count");
        if (!free) return free.error();
        const auto pages = database_->number("PRAGMA page_count");
        if (!pages) return pages.error();
        if (*free <= *pages / 4) return Done{};
        const auto begun = std::chrono::steady_clock::now();
        if (auto done = database_->execute(std::string(vacuum_some)); !done) return done;
        leave_room_for_writers(begun);
    }
}

Result<StoreStatus> SqliteStore::status() {
    // One subquery each, as SQLite takes min() and max() from the index only where they stand alone.
    auto statement = database_->prepare(
        "SELECT (SELECT count(*) FROM record), (SELECT min(received_at) FROM record),"
        " (SELECT max(received_at) FROM record)");
    if (!statement) return statement.error();
    const auto row = statement->step();
    if (!row) return row.error();
    StoreStatus status;
    status.records = static_cast<std::uint64_t>(statement->number(0));
    if (!statement->is_null(1)) status.oldest = statement->number(1);
    if (!statement->is_null(2)) status.newest = statement->number(2);
    status.schema_version = version_;
    status.bytes = octets_of(database_->path()) + octets_of(database_->path() + "-wal");
    return status;
}

}  // namespace

Result<std::unique_ptr<RecordStore>> open_sqlite_store(const std::string& path, OpenMode mode,
                                                       std::chrono::milliseconds busy_timeout) {
    auto opened = open_migrated(path, mode, busy_timeout);
    if (!opened) return opened.error();
    auto& [database, version] = opened.value();
    return std::unique_ptr<RecordStore>(std::make_unique<SqliteStore>(std::move(database), version));
}

Result<Migrated> migrate_sqlite_store(const std::string& path, std::chrono::milliseconds busy_timeout) {
    auto database = SqliteDatabase::open(path, OpenMode::read_write, busy_timeout);
    if (!database) return database.error();
    return migrate(**database, sqlite_migrations());
}

}  // namespace defender::store
