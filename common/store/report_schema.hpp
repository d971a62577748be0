/// The tables of reports, the same in SQLite and PostgreSQL but for the names of types.
///
/// Part of a published migration of both (SQLite's second, PostgreSQL's first), so that what is given here
/// never changes; a new schema is a new migration. Thread-safety: a pure function.
#pragma once

#include <string>

#include "common/store/sql_connection.hpp"

namespace defender::store {

/// The statements that make them, each ending with ";".
[[nodiscard]] std::string report_tables(SqlDialect dialect);

}  // namespace defender::store
