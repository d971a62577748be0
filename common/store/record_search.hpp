/// Records looked up by queue id, each with the name that it has wherever it is kept.
///
/// A record that is being moved from its journal into PostgreSQL is in both for a moment; its name tells that
/// it is one. Thread-safety: as the connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/store/record.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

struct FoundRecord {
    std::string journal;  ///< the file that it was written to first
    std::int64_t id = 0;  ///< its number there
    Record record;
};

/// From the table "record" of either kind of database.
[[nodiscard]] Result<std::vector<FoundRecord>> search_records(SqlConnection& connection,
                                                              const std::string& queue_id);

/// Each once, the newest first.
[[nodiscard]] std::vector<Record> newest_first(std::vector<FoundRecord> found);

}  // namespace defender::store
