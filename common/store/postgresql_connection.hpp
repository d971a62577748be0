/// PostgresqlConnection: SqlConnection over libpq.
///
/// Source: https://www.postgresql.org/docs/15/libpq.html. The connection string is any that libpq takes,
/// keywords or URI; what it leaves out comes from libpq's environment, service and password files. It
/// connects at the first statement, asks for UTF8, and by default gives a server 5 seconds to take the
/// connection and notices within a minute that the network has gone. Rows stream: a result is never held
/// whole. Values go as text or octets apart from the SQL.
///
/// Not thread-safe: one thread at a time uses a connection. Failure: an Error that names the database and has
/// the server's sentence with its SQLSTATE, never the connection string, never the server's detail (it may
/// hold rows). A transaction whose connection is lost fails up to its ROLLBACK; the next statement connects
/// anew.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/store/sql_connection.hpp"

struct pg_conn;
struct pg_result;

namespace defender::store {

class PostgresqlConnection final : public SqlConnection {
  public:
    /// Asked about ten times a second while the server is waited for; true: drop the connection instead.
    using GiveUp = std::function<bool()>;

    /// Reads the connection string only; an error says what is wrong with it without repeating it.
    [[nodiscard]] static Result<std::unique_ptr<PostgresqlConnection>> make(
        const std::string& connection_string);
    PostgresqlConnection(const PostgresqlConnection&) = delete;
    PostgresqlConnection& operator=(const PostgresqlConnection&) = delete;
    ~PostgresqlConnection() override = default;

    [[nodiscard]] SqlDialect dialect() const noexcept override { return SqlDialect::postgresql; }
    using SqlConnection::run;
    [[nodiscard]] Result<std::uint64_t> run(std::string_view sql, const SqlValues& values,
                                            const RowHandler& handler) override;
    [[nodiscard]] Status execute(const std::string& sql) override;

    /// Runs `COPY … FROM STDIN` with these rows, in PostgreSQL's text format.
    [[nodiscard]] Status copy_in(const std::string& sql, std::string_view rows);
    /// Connects now where there is no connection.
    [[nodiscard]] Status connect();
    void give_up_when(GiveUp give_up) { give_up_ = std::move(give_up); }
    /// Overrides what the connection string says, from the next connecting on.
    void connect_within(std::chrono::seconds patience) { connect_patience_ = patience; }

    [[nodiscard]] bool is_connected() const noexcept { return connection_ != nullptr; }
    /// For errors and logs: "PostgreSQL NAME at HOST".
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// True where the last statement failed for the values that it was given, so that it would fail again:
    /// SQLSTATE classes 22 (data exception), 23 (constraint) and 54 (program limit), but not for a partition
    /// that is missing.
    [[nodiscard]] bool refused_values() const noexcept { return refused_values_; }
    /// True where the last statement failed for others who use the same: a lock not given in time, a
    /// deadlock.
    [[nodiscard]] bool was_kept_waiting() const noexcept { return kept_waiting_; }

  private:
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };
    struct Clear {
        void operator()(pg_result* result) const noexcept;
    };
    using ResultOwner = std::unique_ptr<pg_result, Clear>;

    PostgresqlConnection(std::string connection_string, std::string name)
        : connection_string_(std::move(connection_string)), name_(std::move(name)) {}

    /// Ready for a statement: connected, or inside a transaction that still has its connection.
    [[nodiscard]] Status prepare();
    /// True for the ROLLBACK of a transaction whose connection was lost: there is nothing left to do.
    [[nodiscard]] bool ends_lost_transaction(std::string_view sql);
    [[nodiscard]] Status set_up_session();
    void notice_loss();
    [[nodiscard]] Result<std::uint64_t> finish(Result<std::uint64_t> outcome);
    [[nodiscard]] Result<std::uint64_t> collect(const RowHandler& handler);
    [[nodiscard]] Status send_rows(std::string_view rows);
    [[nodiscard]] Status end_rows();
    [[nodiscard]] Status flush();
    [[nodiscard]] Status await(short events);
    [[nodiscard]] Result<ResultOwner> next_result();
    [[nodiscard]] Error error_of(const pg_result* result);
    /// Drops the connection; the error says why it was lost.
    [[nodiscard]] Error lose(std::string_view why);
    [[nodiscard]] Error lose();

    const std::string connection_string_;
    const std::string name_;
    std::optional<std::chrono::seconds> connect_patience_;
    GiveUp give_up_;
    std::unique_ptr<pg_conn, Finish> connection_;
    bool in_transaction_ = false;
    bool transaction_lost_ = false;
    bool rolled_back_ = false;  // by the last statement
    bool refused_values_ = false;
    bool kept_waiting_ = false;
};

/// True where the error says that no connection could be made: trying again later may help.
[[nodiscard]] bool database_is_away(const Error& error);

/// One value of a row of COPY's text format.
void append_copy_text(std::string& rows, std::string_view value);

}  // namespace defender::store
