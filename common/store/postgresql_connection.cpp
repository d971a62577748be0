#include "common/store/postgresql_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "common/base/text.hpp"
#include "common/store/postgresql_string.hpp"
#include "common/store/postgresql_values.hpp"

namespace defender::store {
namespace {

/// How long one look at the socket lasts where somebody may give up.
constexpr int look_milliseconds = 100;
/// Octets of COPY handed to libpq at once, which bounds what it buffers.
constexpr std::size_t copy_piece = 65536;

std::uint64_t count_of(const PGresult* result) {
    const std::string_view digits = PQcmdTuples(const_cast<PGresult*>(result));
    return text::parse_unsigned(digits).value_or(0);
}

/// libpq's message in one line: it has several where several hosts were tried.
std::string one_line(const char* message) {
    std::string line;
    for (const auto piece : text::split(message ? message : "", '\n')) {
        const auto trimmed = text::trim(piece);
        if (trimmed.empty()) continue;
        if (!line.empty()) line += "; ";
        line += trimmed;
    }
    return line;
}

bool is_about_values(std::string_view sqlstate, const PGresult* result) {
    const auto sqlstate_class = sqlstate.substr(0, 2);
    if (sqlstate_class != "22" && sqlstate_class != "23" && sqlstate_class != "54") return false;
    // A partition that is missing is told as a check constraint that has no name.
    return sqlstate != "23514" || PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) != nullptr;
}

/// deadlock_detected, lock_not_available.
bool is_about_others(std::string_view sqlstate) {
    return sqlstate == "40P01" || sqlstate == "55P03";
}

/// What COPY's text format writes with a backslash.
constexpr bool is_escaped(char c) {
    return c == '\\' || c == '\n' || c == '\r' || c == '\t';
}

/// Whether one of the next eight octets is a backslash or a control character up to CR. All at once: octet -
/// n borrows into the highest bit where the octet is less than n and has not that bit itself.
bool may_be_escaped(const char* octets) {
    constexpr std::uint64_t each = 0x0101010101010101U;
    constexpr std::uint64_t highest = each << 7U;
    std::uint64_t eight = 0;
    std::memcpy(&eight, octets, sizeof eight);
    const auto zero_where_backslash = eight ^ (each * '\\');
    const auto control = (eight - each * ('\r' + 1)) & ~eight;
    const auto backslash = (zero_where_backslash - each) & ~zero_where_backslash;
    return ((control | backslash) & highest) != 0;
}

/// Octets before the first that is_escaped().
std::size_t count_plain(std::string_view value) {
    std::size_t plain = 0;
    while (plain + 8 <= value.size() && !may_be_escaped(value.data() + plain)) plain += 8;
    while (plain < value.size() && !is_escaped(value[plain])) ++plain;
    return plain;
}

void ignore_notice(void* /*argument*/, const char* /*message*/) {}

}  // namespace

bool database_is_away(const Error& error) {
    return error.kind == ErrorKind::away;
}

void PostgresqlConnection::Finish::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

void PostgresqlConnection::Clear::operator()(pg_result* result) const noexcept {
    PQclear(result);
}

Result<std::unique_ptr<PostgresqlConnection>> PostgresqlConnection::make(
    const std::string& connection_string) {
    auto name = postgresql_name(connection_string);
    if (!name) return name.error();
    return std::unique_ptr<PostgresqlConnection>(
        new PostgresqlConnection(connection_string, std::move(name).value()));
}

Status PostgresqlConnection::connect() {
    if (connection_) return Done{};
    const auto patience =
        connect_patience_ ? std::to_string(std::max<std::int64_t>(connect_patience_->count(), 2)) : "";
    // Later words override earlier ones; an empty value leaves libpq's own default.
    const std::array keywords{"connect_timeout",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "dbname",
                              "client_encoding",
                              "fallback_application_name",
                              patience.empty() ? nullptr : "connect_timeout",
                              static_cast<const char*>(nullptr)};
    const std::array values{"5",
                            "30",
                            "10",
                            "3",
                            "60000",
                            connection_string_.c_str(),
                            "UTF8",
                            "defender",
                            patience.c_str(),
                            static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (!connection_) return Error{name_ + ": out of memory"};
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        return Error{"cannot reach " + lose().message, ErrorKind::away};
    }
    PQsetNoticeProcessor(connection_.get(), ignore_notice, nullptr);
    if (PQsetnonblocking(connection_.get(), 1) != 0) return lose();
    return set_up_session();
}

Status PostgresqlConnection::set_up_session() {
    const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
    if (!encoding || std::string_view(encoding) != "UTF8") {
        return lose("the database's encoding must be UTF8");
    }
    if (PQsendQuery(connection_.get(), "SET client_min_messages = warning") == 0) return lose();
    if (const auto set = finish(collect(RowHandler{})); !set) return set.error();
    return Done{};
}

void PostgresqlConnection::notice_loss() {
    // Nothing has been asked, so that input can only be notices, or the server's last words and then the end.
    for (;;) {
        pollfd look{PQsocket(connection_.get()), POLLIN, 0};
        if (::poll(&look, 1, 0) <= 0) return;
        if (PQconsumeInput(connection_.get()) != 0 && PQstatus(connection_.get()) == CONNECTION_OK) continue;
        return connection_.reset();
    }
}

Status PostgresqlConnection::prepare() {
    refused_values_ = false;
    kept_waiting_ = false;
    if (transaction_lost_) return Error{name_ + ": the connection was lost within this transaction"};
    if (connection_ && !in_transaction_) notice_loss();
    return connect();
}

bool PostgresqlConnection::ends_lost_transaction(std::string_view sql) {
    return text::iequals(sql, "ROLLBACK") && std::exchange(transaction_lost_, false);
}

Result<std::uint64_t> PostgresqlConnection::run(std::string_view sql, const SqlValues& values,
                                                const RowHandler& handler) {
    if (ends_lost_transaction(sql)) return std::uint64_t{0};
    if (const auto ready = prepare(); !ready) return ready.error();
    const PostgresqlParameters parameters(values);
    const std::string statement(sql);
    const int sent =
        PQsendQueryParams(connection_.get(), statement.c_str(), parameters.count(), parameters.types(),
                          parameters.values(), parameters.lengths(), parameters.formats(), 0);
    if (sent == 0) return lose();
    PQsetSingleRowMode(connection_.get());
    return finish(collect(handler));
}

Status PostgresqlConnection::execute(const std::string& sql) {
    if (ends_lost_transaction(sql)) return Done{};
    if (const auto ready = prepare(); !ready) return ready.error();
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lose();
    const auto done = finish(collect(RowHandler{}));
    if (!done) return done.error();
    // A COMMIT of a transaction in which something failed is answered with a ROLLBACK that succeeds.
    if (text::iequals(sql, "COMMIT") && rolled_back_) {
        return Error{name_ + ": the transaction was rolled back, as a statement in it had failed"};
    }
    return Done{};
}

Status PostgresqlConnection::copy_in(const std::string& sql, std::string_view rows) {
    if (const auto ready = prepare(); !ready) return ready.error();
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lose();
    auto answer = next_result();
    if (!answer) return answer.error();
    if (PQresultStatus(answer->get()) != PGRES_COPY_IN) {
        const auto refused = error_of(answer->get());
        const auto rest = finish(collect(RowHandler{}));
        return rest ? refused : rest.error();
    }
    if (const auto sent = send_rows(rows); !sent) return sent;
    if (const auto ended = end_rows(); !ended) return ended;
    const auto done = finish(collect(RowHandler{}));
    if (!done) return done.error();
    return Done{};
}

Status PostgresqlConnection::send_rows(std::string_view rows) {
    while (!rows.empty()) {
        const auto piece = rows.substr(0, copy_piece);
        const int queued = PQputCopyData(connection_.get(), piece.data(), static_cast<int>(piece.size()));
        if (queued < 0) return lose();
        if (queued > 0) rows.remove_prefix(piece.size());
        if (const auto flushed = flush(); !flushed) return flushed;
    }
    return Done{};
}

Status PostgresqlConnection::end_rows() {
    for (;;) {
        const int queued = PQputCopyEnd(connection_.get(), nullptr);
        if (queued < 0) return lose();
        if (const auto flushed = flush(); !flushed || queued > 0) return flushed;
    }
}

Status PostgresqlConnection::flush() {
    for (;;) {
        const int left = PQflush(connection_.get());
        if (left < 0) return lose();
        if (left == 0) return Done{};
        if (const auto ready = await(POLLIN | POLLOUT); !ready) return ready;
        if (PQconsumeInput(connection_.get()) == 0) return lose();
    }
}

Status PostgresqlConnection::await(short events) {
    for (;;) {
        pollfd look{PQsocket(connection_.get()), events, 0};
        const int ready = ::poll(&look, 1, give_up_ ? look_milliseconds : -1);
        if (ready > 0) return Done{};
        if (ready < 0 && errno != EINTR) return lose(std::strerror(errno));
        if (give_up_ && give_up_()) return lose("the server took too long to answer");
    }
}

Result<PostgresqlConnection::ResultOwner> PostgresqlConnection::next_result() {
    if (const auto flushed = flush(); !flushed) return flushed.error();
    while (PQisBusy(connection_.get()) != 0) {
        if (const auto ready = await(POLLIN); !ready) return ready.error();
        if (PQconsumeInput(connection_.get()) == 0) return lose();
    }
    return ResultOwner(PQgetResult(connection_.get()));
}

Result<std::uint64_t> PostgresqlConnection::collect(const RowHandler& handler) {
    std::uint64_t count = 0;
    std::optional<Error> failed;
    rolled_back_ = false;
    for (;;) {
        auto answer = next_result();
        if (!answer) return failed ? *failed : answer.error();
        const PGresult* result = answer->get();
        if (!result) break;
        switch (PQresultStatus(result)) {
            case PGRES_SINGLE_TUPLE:
                if (handler) handler(PostgresqlRow(*result));
                break;
            case PGRES_TUPLES_OK:
            case PGRES_EMPTY_QUERY:
            case PGRES_COMMAND_OK:
                count = count_of(result);
                rolled_back_ = std::string_view(PQcmdStatus(answer->get())) == "ROLLBACK";
                break;
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                return lose("a statement began a COPY where none was expected");
            default:
                if (!failed) failed = error_of(result);
        }
    }
    if (failed) return *failed;
    return count;
}

/// Whatever a statement came to, what it left behind is known after it.
Result<std::uint64_t> PostgresqlConnection::finish(Result<std::uint64_t> outcome) {
    if (!connection_) return outcome;
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        const auto lost = lose();
        return outcome ? lost : outcome.error();
    }
    const auto state = PQtransactionStatus(connection_.get());
    in_transaction_ = state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
    return outcome;
}

Error PostgresqlConnection::error_of(const pg_result* result) {
    const char* sentence = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    // What libpq itself finds (the connection went) has no fields.
    if (!sentence || !code) return Error{name_ + ": " + one_line(PQresultErrorMessage(result))};
    refused_values_ = is_about_values(code, result);
    kept_waiting_ = is_about_others(code);
    return Error{name_ + ": " + sentence + " (SQLSTATE " + code + ")"};
}

Error PostgresqlConnection::lose(std::string_view why) {
    connection_.reset();
    transaction_lost_ = in_transaction_;
    in_transaction_ = false;
    refused_values_ = false;
    return Error{name_ + ": " + std::string(why)};
}

Error PostgresqlConnection::lose() {
    return lose(one_line(PQerrorMessage(connection_.get())));
}

void append_copy_text(std::string& rows, std::string_view value) {
    constexpr std::string_view escaped = "\\\n\r\t";
    constexpr std::string_view letters = "\\nrt";
    while (!value.empty()) {
        const auto plain = count_plain(value);
        rows.append(value.substr(0, plain));
        if (plain == value.size()) return;
        rows += '\\';
        rows += letters[escaped.find(value[plain])];
        value.remove_prefix(plain + 1);
    }
}

}  // namespace defender::store
