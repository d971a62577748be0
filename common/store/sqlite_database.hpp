/// SqliteDatabase: the SQLite C API with owners and Results instead of handles and codes.
///
/// Every connection is opened with full synchronous, foreign keys on, a busy time-out, and SQLite's hardening
/// (https://www.sqlite.org/security.html). Errors name the file. Not thread-safe: one thread at a time uses a
/// connection and its statements; a statement must not outlive its connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/store/sqlite_store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace defender::store {

class SqliteDatabase;

class SqliteStatement {
  public:
    /// Binds the next parameter. A failure comes out of the next step().
    SqliteStatement& bind(std::string_view text);
    SqliteStatement& bind(std::int64_t number);
    SqliteStatement& bind_null();
    /// Without a copy: what is bound stays as it is until the statement is reset.
    SqliteStatement& bind_in_place(std::string_view text);
    SqliteStatement& bind_octets_in_place(std::string_view octets);
    /// True where there is a row to read, false at the end.
    [[nodiscard]] Result<bool> step();
    /// Steps to the end, then is ready to be bound anew.
    [[nodiscard]] Status run();
    /// Ready to be bound anew.
    void reset() noexcept;

    [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
    /// The same without a copy, valid until the statement takes its next step or the column is read as a
    /// number.
    [[nodiscard]] std::string_view view(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string octets(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    /// 0 for a statement that gives no rows.
    [[nodiscard]] int column_count() const;

  private:
    friend class SqliteDatabase;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    SqliteStatement(sqlite3_stmt* statement, const SqliteDatabase& database);
    SqliteStatement& bound(int code);
    /// `release` says whether SQLite makes a copy.
    SqliteStatement& bind_text(std::string_view text, void (*release)(void*));

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    const SqliteDatabase* database_;
    int next_parameter_ = 1;
    int bind_failure_ = 0;
};

class SqliteDatabase {
  public:
    /// read_write creates a file that is not there, readable by its owner and group only.
    [[nodiscard]] static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path, OpenMode mode,
                                                                      std::chrono::milliseconds busy_timeout);
    SqliteDatabase(const SqliteDatabase&) = delete;
    SqliteDatabase& operator=(const SqliteDatabase&) = delete;
    ~SqliteDatabase() = default;

    /// Takes the write lock at once, so that nothing read from then on can grow stale. See SqliteTransaction.
    [[nodiscard]] Status begin_immediate();
    [[nodiscard]] Status commit();
    /// Runs one or more statements without parameters.
    [[nodiscard]] Status execute(const std::string& sql);
    [[nodiscard]] Result<SqliteStatement> prepare(std::string_view sql);
    /// Prepares `statement` where that was not done yet.
    [[nodiscard]] Status ensure_prepared(std::optional<SqliteStatement>& statement, std::string_view sql);
    /// The first column of the first row; 0 where it is NULL, an error where there is no row.
    [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

    [[nodiscard]] std::int64_t last_insert_id() const noexcept;
    /// Rows changed by the last statement.
    [[nodiscard]] std::uint64_t changes() const noexcept;
    /// True where the file was deleted, renamed or replaced since it was opened: what is written now would be
    /// seen by nobody else.
    [[nodiscard]] bool has_moved() const noexcept;
    [[nodiscard]] bool in_transaction() const noexcept;
    /// From now on commits of this connection do not checkpoint, but count what stands in the WAL.
    void count_wal_frames() noexcept;
    /// Pages that stood in the WAL after the last commit of this connection, whether copied or not.
    [[nodiscard]] std::uint64_t wal_frames() const noexcept { return wal_frames_; }
    /// Copies what can be copied without waiting for anybody. Where that fails the WAL still has it.
    void checkpoint() noexcept;
    /// Waits until what was copied into the file is on disk.
    void sync_file() noexcept;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// The error for a result code of SQLite's.
    [[nodiscard]] Error error(int code) const;

  private:
    struct Close {
        void operator()(sqlite3* connection) const noexcept;
    };
    explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
    [[nodiscard]] Status connect(OpenMode mode, std::chrono::milliseconds busy_timeout);
    [[nodiscard]] Status harden();

    std::string path_;
    std::uint64_t wal_frames_ = 0;
    std::unique_ptr<sqlite3, Close> connection_;
    std::optional<SqliteStatement> begin_;
    std::optional<SqliteStatement> commit_;
};

/// A write transaction; what is not committed is rolled back at the end of its scope.
class SqliteTransaction {
  public:
    /// Takes the write lock at once (BEGIN IMMEDIATE), so that nothing read inside it can grow stale.
    [[nodiscard]] static Result<std::unique_ptr<SqliteTransaction>> begin(SqliteDatabase& database);
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;
    ~SqliteTransaction();

    [[nodiscard]] Status commit();

  private:
    explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
    SqliteDatabase& database_;
};

}  // namespace defender::store
