#include "common/store/stores.hpp"

#include <filesystem>

#include "common/store/journaled_records.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/sqlite_connection.hpp"

namespace defender::store {
namespace {

/// The file as the gateway writes to it while PostgreSQL may be away.
class BoundedJournal final : public RecordStore {
  public:
    BoundedJournal(LocalJournal journal, std::uint64_t most, Appended appended)
        : local_(std::move(journal)), most_(most), appended_(std::move(appended)) {}

    Status append_rows(const std::vector<RecordRow>& rows) override {
        const auto waiting = local_.journal->waiting();
        if (!waiting) return waiting.error();
        if (*waiting + rows.size() > most_) {
            return Error{"the journal is full: " + std::to_string(*waiting) +
                             " records wait for PostgreSQL, of store.journal_max = " + std::to_string(most_),
                         ErrorKind::unusable};
        }
        auto done = local_.records->append_rows(rows);
        if (done && appended_) appended_(rows.size());
        return done;
    }
    Result<std::vector<Record>> find(const std::string& queue_id) override {
        return local_.records->find(queue_id);
    }
    Result<std::uint64_t> expire(UtcSeconds before) override { return local_.records->expire(before); }
    Result<StoreStatus> status() override { return local_.records->status(); }

  private:
    LocalJournal local_;
    const std::uint64_t most_;
    const Appended appended_;
};

Result<LocalJournal> open_local(const std::string& path, OpenMode mode) {
    auto records = open_sqlite_store(path, mode);
    if (!records) return records.error();
    auto journal = Journal::open(path, mode);
    if (!journal) return journal.error();
    return LocalJournal{std::move(records).value(), std::move(journal).value()};
}

/// What all hosts share: PostgreSQL, or the file where there is none.
Result<std::unique_ptr<SqlConnection>> open_shared(const config::StoreSettings& settings, OpenMode mode,
                                                   PostgresqlConnection::GiveUp give_up = {}) {
    if (settings.postgresql.empty()) return open_sqlite_connection(settings.path, mode);
    auto connection = PostgresqlConnection::make(settings.postgresql);
    if (!connection) return connection.error();
    connection.value()->give_up_when(std::move(give_up));
    if (auto ready = bring_up_to_date(**connection, mode); !ready) return ready.error();
    return std::unique_ptr<SqlConnection>(std::move(connection).value());
}

}  // namespace

Result<std::unique_ptr<RecordStore>> open_journal(const config::StoreSettings& settings, Appended appended) {
    if (settings.postgresql.empty()) return open_sqlite_store(settings.path, OpenMode::read_write);
    auto local = open_local(settings.path, OpenMode::read_write);
    if (!local) return local.error();
    return std::unique_ptr<RecordStore>(std::make_unique<BoundedJournal>(
        std::move(local).value(), settings.journal_max, std::move(appended)));
}

Result<std::unique_ptr<RecordStore>> open_records(const config::StoreSettings& settings, OpenMode mode) {
    if (settings.postgresql.empty()) return open_sqlite_store(settings.path, mode);
    LocalJournal local;
    if (std::filesystem::exists(settings.path)) {
        auto opened = open_local(settings.path, mode);
        if (!opened) return opened.error();
        local = std::move(opened).value();
    }
    auto connection = PostgresqlConnection::make(settings.postgresql);
    if (!connection) return connection.error();
    return std::unique_ptr<RecordStore>(std::make_unique<JournaledRecords>(
        std::move(local), PostgresqlRecords(std::move(connection).value(), mode)));
}

Result<std::uint64_t> expire_local_records(const config::StoreSettings& settings, UtcSeconds before) {
    auto local = open_local(settings.path, OpenMode::read_write);
    if (!local) return local.error();
    return local->expire(before);
}

Result<std::unique_ptr<ReportStore>> open_reports(const config::StoreSettings& settings, OpenMode mode) {
    auto connection = open_shared(settings, mode);
    if (!connection) return connection.error();
    return make_report_store(std::move(connection).value());
}

Result<std::unique_ptr<Forwarders>> open_forwarders(const config::StoreSettings& settings, OpenMode mode,
                                                    PostgresqlConnection::GiveUp give_up) {
    auto connection = open_shared(settings, mode, std::move(give_up));
    if (!connection) return connection.error();
    return std::make_unique<Forwarders>(std::move(connection).value());
}

Result<std::uint64_t> expire_sightings(const config::StoreSettings& settings, UtcDay before) {
    std::uint64_t expired = 0;
    if (!settings.postgresql.empty() && std::filesystem::exists(settings.path)) {
        auto journal = settings;
        journal.postgresql.clear();
        const auto waiting = expire_sightings(journal, before);
        if (!waiting) return waiting;
        expired += *waiting;
    }
    auto forwarders = open_forwarders(settings, OpenMode::read_write);
    if (!forwarders) return forwarders.error();
    const auto known = forwarders.value()->expire(before);
    if (!known) return known;
    return expired + *known;
}

Result<std::vector<MigratedStore>> migrate_stores(const config::StoreSettings& settings) {
    std::vector<MigratedStore> migrated;
    if (settings.postgresql.empty() || std::filesystem::exists(settings.path)) {
        const auto file = migrate_sqlite_store(settings.path);
        if (!file) return file.error();
        migrated.push_back({settings.path, *file});
    }
    if (settings.postgresql.empty()) return migrated;
    const auto connection = PostgresqlConnection::make(settings.postgresql);
    if (!connection) return connection.error();
    const auto database = migrate(**connection, postgresql_migrations());
    if (!database) return database.error();
    migrated.push_back({connection.value()->name(), *database});
    return migrated;
}

bool store_may_recover(const Error& error) {
    return store_is_busy(error) || database_is_away(error);
}

}  // namespace defender::store
