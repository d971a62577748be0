/// Numbered migrations of the schema in PostgreSQL.
///
/// The version stands in the table schema_version. Each migration runs in a transaction of its own together
/// with the new version, under an advisory lock, so that any number of hosts may start at once. A published
/// migration is never changed; a new schema is a new migration at the end. A database newer than this program
/// is refused. The tables are made in the first schema of the search path, which is best one of our own.
///
/// Roles. Migrations need the owner of the tables; conf/postgresql-roles.sql has what the role of each
/// program needs besides. Partitions are made, and days dropped, with the rights of the owner. Thread-safety:
/// as PostgresqlConnection.
#pragma once

#include <span>
#include <string>

#include "common/base/result.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// Brings a database from the version before to the one after; its number is its place in the list, from 1.
struct PostgresqlMigration {
    std::string sql;
};

/// All of them, oldest first.
[[nodiscard]] std::span<const PostgresqlMigration> postgresql_migrations();

/// Says why the database cannot be used with `migrations`, or its version (0: empty).
[[nodiscard]] Result<int> schema_version(PostgresqlConnection& connection,
                                         std::span<const PostgresqlMigration> migrations);

/// Applies what is outstanding; changes nothing where nothing is.
[[nodiscard]] Result<Migrated> migrate(PostgresqlConnection& connection,
                                       std::span<const PostgresqlMigration> migrations);

/// Ready for use by this program: read_write migrates and logs STORE_MIGRATED where it did; read_only refuses
/// a database that has migrations outstanding. The version.
[[nodiscard]] Result<int> bring_up_to_date(PostgresqlConnection& connection, OpenMode mode);

}  // namespace defender::store
