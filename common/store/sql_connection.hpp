/// SqlConnection: one connection to a database, the same for SQLite and PostgreSQL.
///
/// What is written in SQL above this seam is written once, in the SQL that both speak: parameters are $1, $2,
/// …, each used in order for the first time; INSERT … ON CONFLICT and RETURNING are allowed. What only one of
/// them speaks is chosen by dialect(). Values come back as text, numbers or octets, as the column is
/// declared.
///
/// A connection that is lost is opened again by the first statement after it that is not inside a
/// transaction. Not thread-safe: one thread at a time uses a connection. Failure: an Error that names the
/// database, never its password.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.hpp"

namespace defender::store {

enum class SqlDialect { sqlite, postgresql };

/// Raw octets (BLOB, bytea), as opposed to text, which is UTF-8 without NUL.
struct SqlOctets {
    std::string octets;
    bool operator==(const SqlOctets&) const = default;
};
struct SqlNull {
    bool operator==(const SqlNull&) const = default;
};
/// The same without copies, of what outlives the statement's run.
struct SqlTextView {
    std::string_view text;
    bool operator==(const SqlTextView&) const = default;
};
struct SqlOctetsView {
    std::string_view octets;
    bool operator==(const SqlOctetsView&) const = default;
};
using SqlValue = std::variant<SqlNull, std::int64_t, std::string, SqlOctets, SqlTextView, SqlOctetsView>;
using SqlValues = std::vector<SqlValue>;

/// One row of a result; valid only while the handler that it was given to runs. Columns count from 0.
class SqlRow {
  public:
    virtual ~SqlRow() = default;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
    /// 0 where it is NULL.
    [[nodiscard]] virtual std::int64_t number(int column) const = 0;
    /// Empty where it is NULL.
    [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
    /// The same without a copy.
    [[nodiscard]] virtual std::string_view view(int column) const = 0;
    [[nodiscard]] virtual std::string octets(int column) const = 0;
};

class SqlConnection {
  public:
    /// Must not use the connection.
    using RowHandler = std::function<void(const SqlRow&)>;

    virtual ~SqlConnection() = default;
    [[nodiscard]] virtual SqlDialect dialect() const noexcept = 0;

    /// Runs one statement. Rows go to `handler` one by one, never held all at once. Gives the number of rows
    /// that were changed, or given back.
    [[nodiscard]] virtual Result<std::uint64_t> run(std::string_view sql, const SqlValues& values,
                                                    const RowHandler& handler) = 0;
    [[nodiscard]] Result<std::uint64_t> run(std::string_view sql, const SqlValues& values = {}) {
        return run(sql, values, RowHandler{});
    }
    /// Runs one or more statements without parameters and rows.
    [[nodiscard]] virtual Status execute(const std::string& sql) = 0;
};

/// A transaction; what is not committed is rolled back at the end of its scope.
class SqlTransaction {
  public:
    /// To write: in SQLite it takes the write lock at once; in PostgreSQL its isolation is read committed.
    [[nodiscard]] static Result<std::unique_ptr<SqlTransaction>> begin(SqlConnection& connection);
    /// To read: all statements see the database as it was at the first of them. Takes no lock that a writer
    /// waits for.
    [[nodiscard]] static Result<std::unique_ptr<SqlTransaction>> begin_reading(SqlConnection& connection);
    SqlTransaction(const SqlTransaction&) = delete;
    SqlTransaction& operator=(const SqlTransaction&) = delete;
    ~SqlTransaction();

    [[nodiscard]] Status commit();

  private:
    [[nodiscard]] static Result<std::unique_ptr<SqlTransaction>> begin_by(SqlConnection& connection,
                                                                          const std::string& sql);
    explicit SqlTransaction(SqlConnection& connection) : connection_(connection) {}
    SqlConnection& connection_;
    bool open_ = true;
};

/// While it is there, commits do not wait for the disk: a power failure may undo the last ones, in order, but
/// never one that came before a commit without this. For steps that may be taken again for as long as nothing
/// that depends on them has been seen outside.
class SqlUnhurriedCommits {
  public:
    explicit SqlUnhurriedCommits(SqlConnection& connection);
    SqlUnhurriedCommits(const SqlUnhurriedCommits&) = delete;
    SqlUnhurriedCommits& operator=(const SqlUnhurriedCommits&) = delete;
    ~SqlUnhurriedCommits();

  private:
    SqlConnection& connection_;
};

}  // namespace defender::store
