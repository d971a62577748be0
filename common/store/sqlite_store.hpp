/// The embedded store: one SQLite file in WAL mode with full synchronous.
///
/// Source: https://www.sqlite.org/wal.html. A file newer than this program is refused, never
/// changed.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/store/record_store.hpp"

namespace defender::store {

enum class OpenMode { read_only, read_write };

/// How long one operation waits for other processes that use the file.
inline constexpr std::chrono::milliseconds default_busy_timeout{5000};

/// Opens (read_write: creates) the file at `path`. read_write applies outstanding migrations first; read_only
/// refuses a file that has some.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_sqlite_store(
    const std::string& path, OpenMode mode, std::chrono::milliseconds busy_timeout = default_busy_timeout);

/// The versions before and after the migrations that were applied here; the same one where others applied
/// them or none was outstanding.
struct Migrated {
    int from = 0;
    int to = 0;
};
/// Applies outstanding migrations.
[[nodiscard]] Result<Migrated> migrate_sqlite_store(
    const std::string& path, std::chrono::milliseconds busy_timeout = default_busy_timeout);

/// True where the error says that other processes kept the file locked: trying again later may help.
[[nodiscard]] bool store_is_busy(const Error& error);
/// True where the error of a write says that the file is busy, full, damaged or gone: nothing is wrong with
/// what was to be written, which may be taken later.
[[nodiscard]] bool store_is_at_fault(const Error& error);

}  // namespace defender::store
