/// SqliteSightings: writes forwarding sightings into the embedded store, inside the transaction of their
/// records.
///
/// Costs nothing before the first sighting. Thread-safety: as the SqliteDatabase; must not outlive it.
/// Failure: an Error that names the file; the transaction must not be committed then.
#pragma once

#include <cstdint>
#include <optional>

#include "common/auth/forwarding_sighting.hpp"
#include "common/base/result.hpp"
#include "common/store/sqlite_database.hpp"

namespace defender::store {

class SqliteSightings {
  public:
    explicit SqliteSightings(SqliteDatabase& database) : database_(&database) {}

    /// The record that it was made from is in the table already. A pair of network and domain that was seen
    /// on the same day before is left as it is.
    [[nodiscard]] Status add(const auth::ForwardingSighting& sighting, std::int64_t record_id);

  private:
    SqliteDatabase* database_;
    std::optional<SqliteStatement> insert_;
};

}  // namespace defender::store
