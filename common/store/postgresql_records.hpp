/// PostgresqlRecords: the records that have been moved into PostgreSQL.
///
/// Days are partitions. Expiry drops those that lie wholly before its limit, which costs the same however
/// many records they hold; records of the day that the limit falls into stay until that day is over, a day
/// longer at most, as deleting them one by one would cost more than all the rest. Connects, and looks at the
/// schema, when it is first asked. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/record_search.hpp"
#include "common/store/record_store.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

class PostgresqlRecords {
  public:
    /// read_write brings the schema to this program's version first; read_only refuses an older one.
    PostgresqlRecords(std::unique_ptr<PostgresqlConnection> connection, OpenMode mode)
        : connection_(std::move(connection)), mode_(mode) {}

    [[nodiscard]] Result<std::vector<FoundRecord>> find(const std::string& queue_id);
    /// Drops the days that end at `before` or earlier; how many records they held.
    [[nodiscard]] Result<std::uint64_t> expire(UtcSeconds before);
    /// Of large days PostgreSQL's own estimate is counted, as counting them takes minutes.
    [[nodiscard]] Result<StoreStatus> status();

    /// True where the last failure was that there is no connection.
    [[nodiscard]] bool is_away() const noexcept { return !connection_->is_connected(); }

  private:
    [[nodiscard]] Status prepare();
    [[nodiscard]] Result<std::uint64_t> drop(UtcDay day);

    std::unique_ptr<PostgresqlConnection> connection_;
    OpenMode mode_;
    int version_ = 0;  // 0: not looked at yet
};

}  // namespace defender::store
