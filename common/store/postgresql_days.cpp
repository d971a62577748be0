#include "common/store/postgresql_days.hpp"

namespace defender::store {
namespace {

/// The partitions, by name. A day before 1970 has an m for its sign.
constexpr std::string_view days_of_records =
    "SELECT translate(substr(relname, 12), 'm', '-')::BIGINT AS day, reltuples::BIGINT"
    " FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = 'record'::regclass AND relname ~ '^record_day_m?[0-9]+$' ORDER BY day";

}  // namespace

Result<std::vector<PostgresqlDay>> postgresql_days(SqlConnection& connection) {
    std::vector<PostgresqlDay> found;
    const auto done = connection.run(days_of_records, {}, [&](const SqlRow& row) {
        found.push_back({UtcDay{row.number(0)}, row.number(1)});
    });
    if (!done) return done.error();
    return found;
}

}  // namespace defender::store
