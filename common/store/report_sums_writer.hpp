/// Writes sums into the rows of open reports, which are made where there are none.
///
/// What a row says (report_row) is written once, when its first message comes; after that only its count
/// (report_count) changes, so that a fold writes few octets whatever the rows hold. SQLite is given one row
/// by a statement, as its statements cost nothing beside their work; PostgreSQL thousands, as each is a
/// message there and back. Thread-safety and failure: as SqlConnection.
#pragma once

#include <span>

#include "common/store/report_sums.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

/// `rows` are some of `sums`, one after another. Inside a transaction, in which no other writes sums.
[[nodiscard]] Status write_sums(SqlConnection& connection, const SortedSums& sums,
                                std::span<const RowSum> rows);

}  // namespace defender::store
