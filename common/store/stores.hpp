/// The stores that the settings name: the embedded SQLite file, or PostgreSQL with the file as its journal.
///
/// The one place that chooses. Thread-safety: free functions, callable from any thread. Failure: an Error
/// that names the database and what to do.
#pragma once

#include <memory>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/store/record_store.hpp"
#include "common/store/report_store.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// Where the gateway writes: always the file, which is a journal where store.postgresql is set.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_journal(const config::StoreSettings& settings);
/// Where records are looked up and expired: the file, or PostgreSQL and the file together.
[[nodiscard]] Result<std::unique_ptr<RecordStore>> open_records(const config::StoreSettings& settings,
                                                                OpenMode mode);
/// Where reports are made. read_write brings the schema to this program's version first.
[[nodiscard]] Result<std::unique_ptr<ReportStore>> open_reports(const config::StoreSettings& settings,
                                                                OpenMode mode);

}  // namespace defender::store
