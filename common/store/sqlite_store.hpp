/// The embedded store: one SQLite file in WAL mode with full synchronous.
///
/// Source: rules R1, R2; https://www.sqlite.org/wal.html. A file newer than this program is refused, never changed.
#pragma once

#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/store/record_store.hpp"

namespace defender::store {

enum class OpenMode { read_only, read_write };

/// Opens (read_write: creates) the file at `path`. read_write applies outstanding migrations first.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_sqlite_store(const std::string& path, OpenMode mode);

/// Applies outstanding migrations; from and to versions.
struct Migrated {
    int from = 0;
    int to = 0;
};
[[nodiscard]] Result<Migrated> migrate_sqlite_store(const std::string& path);

}  // namespace defender::store
