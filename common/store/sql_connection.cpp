#include "common/store/sql_connection.hpp"

namespace defender::store {

Result<std::unique_ptr<SqlTransaction>> SqlTransaction::begin(SqlConnection& connection) {
    const bool sqlite = connection.dialect() == SqlDialect::sqlite;
    auto begun = connection.execute(sqlite ? "BEGIN IMMEDIATE" : "BEGIN ISOLATION LEVEL READ COMMITTED");
    if (!begun) return begun.error();
    return std::unique_ptr<SqlTransaction>(new SqlTransaction(connection));
}

SqlTransaction::~SqlTransaction() {
    // Some failures (disk full, connection lost) have rolled back already, and then this one means nothing.
    // Where it fails otherwise, the connection is of no more use and the next statement says so.
    if (open_) static_cast<void>(connection_.execute("ROLLBACK"));
}

Status SqlTransaction::commit() {
    auto done = connection_.execute("COMMIT");
    open_ = !done;
    return done;
}

}  // namespace defender::store
