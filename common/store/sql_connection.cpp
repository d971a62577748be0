#include "common/store/sql_connection.hpp"

namespace defender::store {

Result<std::unique_ptr<SqlTransaction>> SqlTransaction::begin(SqlConnection& connection) {
    const bool sqlite = connection.dialect() == SqlDialect::sqlite;
    return begin_by(connection, sqlite ? "BEGIN IMMEDIATE" : "BEGIN ISOLATION LEVEL READ COMMITTED");
}

Result<std::unique_ptr<SqlTransaction>> SqlTransaction::begin_reading(SqlConnection& connection) {
    const bool sqlite = connection.dialect() == SqlDialect::sqlite;
    return begin_by(connection, sqlite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Result<std::unique_ptr<SqlTransaction>> SqlTransaction::begin_by(SqlConnection& connection,
                                                                 const std::string& sql) {
    if (auto begun = connection.execute(sql); !begun) return begun.error();
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

// Where either statement fails, commits are as they were: slower or, on a connection that is lost, none.
SqlUnhurriedCommits::SqlUnhurriedCommits(SqlConnection& connection) : connection_(connection) {
    const bool sqlite = connection.dialect() == SqlDialect::sqlite;
    static_cast<void>(
        connection.execute(sqlite ? "PRAGMA synchronous = NORMAL" : "SET synchronous_commit TO off"));
}

SqlUnhurriedCommits::~SqlUnhurriedCommits() {
    const bool sqlite = connection_.dialect() == SqlDialect::sqlite;
    static_cast<void>(connection_.execute(sqlite ? "PRAGMA synchronous = FULL" : "RESET synchronous_commit"));
}

}  // namespace defender::store
