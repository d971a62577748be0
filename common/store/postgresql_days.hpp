/// The days of which PostgreSQL holds records: the partitions of the table "record".
///
/// Thread-safety: as the connection.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

struct PostgresqlDay {
    UtcDay day;
    std::int64_t estimate = 0;  ///< of its records; negative where PostgreSQL has none yet

    /// So many records that the estimate is good enough, and counting takes too long.
    [[nodiscard]] bool is_large() const noexcept { return estimate >= 100000; }
};

/// The earliest first.
[[nodiscard]] Result<std::vector<PostgresqlDay>> postgresql_days(SqlConnection& connection);

}  // namespace defender::store
