/// Numbered migrations of the embedded store's schema.
///
/// The file's version is SQLite's user_version. Each migration runs in a transaction of its own together with
/// the new version, so a file is always at one version whole. A published migration is never changed; a new
/// schema is a new migration at the end. Files of other programs and files newer than this program are
/// refused. Thread-safety: as SqliteDatabase; several processes may migrate one file at once.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/store/sqlite_database.hpp"

namespace defender::store {

/// Brings a file from the version before to the one after; its number is its place in the list, from 1.
struct SqliteMigration {
    std::string_view sql;
};

/// All of them, oldest first.
[[nodiscard]] std::span<const SqliteMigration> sqlite_migrations();

/// Says why `database` cannot be used with `migrations`, or its version (0: empty).
[[nodiscard]] Result<int> schema_version(SqliteDatabase& database,
                                         std::span<const SqliteMigration> migrations);

/// Applies what is outstanding. The file is put into WAL mode on the way.
[[nodiscard]] Result<Migrated> migrate(SqliteDatabase& database, std::span<const SqliteMigration> migrations);

/// A store's file, opened, and the version of its schema: this program's.
struct MigratedDatabase {
    std::unique_ptr<SqliteDatabase> database;
    int version = 0;
};
/// read_write applies what is outstanding first (and logs STORE_MIGRATED); read_only refuses a file that has
/// something outstanding.
[[nodiscard]] Result<MigratedDatabase> open_migrated(const std::string& path, OpenMode mode,
                                                     std::chrono::milliseconds busy_timeout);

}  // namespace defender::store
