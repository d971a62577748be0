/// SqlConnection over SQLite.
///
/// Statements are prepared once and kept, the least recently used going first where they are many.
/// Thread-safety and failure: as SqlConnection and SqliteDatabase.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/store/sql_connection.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// As open_sqlite_store(): read_write creates the file and applies outstanding migrations first; read_only
/// refuses a file that has some.
[[nodiscard]] Result<std::unique_ptr<SqlConnection>> open_sqlite_connection(
    const std::string& path, OpenMode mode, std::chrono::milliseconds busy_timeout = default_busy_timeout);

}  // namespace defender::store
