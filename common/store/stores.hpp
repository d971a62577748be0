/// The stores that the settings name: the embedded SQLite file, or PostgreSQL with the file as its journal.
///
/// The one place that chooses. Thread-safety: free functions, callable from any thread. Failure: an Error
/// that names the database and what to do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/store/forwarders.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/record_store.hpp"
#include "common/store/report_store.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// Is told of records that have been appended.
using Appended = std::function<void(std::uint64_t records)>;

/// Where the gateway writes: always the file, which is a journal where store.postgresql is set. A journal
/// takes no more than store.journal_max records: an append beyond it fails.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_journal(const config::StoreSettings& settings,
                                                                Appended appended = {});
/// Where records are looked up and expired: the file, or PostgreSQL and the file together. PostgreSQL is not
/// asked before the store is; the file need not be there then.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_records(const config::StoreSettings& settings,
                                                                OpenMode mode);
/// Deletes what this host's file has of records received before, a journal's too; how many there were. What
/// has moved to PostgreSQL stays.
[[nodiscard]] Result<std::uint64_t> expire_local_records(const config::StoreSettings& settings,
                                                         UtcSeconds before);
/// Where reports are made. read_write brings the schema to this program's version first.
[[nodiscard]] Result<std::unique_ptr<ReportStore>> open_reports(const config::StoreSettings& settings,
                                                                OpenMode mode);

/// Where forwarders are known: the file, or PostgreSQL alone, since in a journal sightings only wait.
/// `give_up` as PostgresqlConnection has it.
[[nodiscard]] Result<std::unique_ptr<Forwarders>> open_forwarders(const config::StoreSettings& settings,
                                                                  OpenMode mode,
                                                                  PostgresqlConnection::GiveUp give_up = {});
/// Deletes the sightings last made before this day, those that wait included; how many there were.
[[nodiscard]] Result<std::uint64_t> expire_sightings(const config::StoreSettings& settings, UtcDay before);

/// A database, and the versions that its schema was brought from and to.
struct MigratedStore {
    std::string name;
    Migrated versions;
};
/// Brings all of them to this program's schema: the file, then PostgreSQL. With PostgreSQL, a file that is
/// not there is not made.
[[nodiscard]] Result<std::vector<MigratedStore>> migrate_stores(const config::StoreSettings& settings);

/// True where the error says that a database is busy or away: trying again later may help.
[[nodiscard]] bool store_may_recover(const Error& error);

}  // namespace defender::store
