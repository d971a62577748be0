#include "common/store/sqlite_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <mutex>

namespace defender::store {
namespace {

constexpr mode_t file_mode = 0640;

/// Unusable: what lies with the file, its file system or the host, and not with a statement.
ErrorKind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorKind::busy;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_NOMEM:
        case SQLITE_PERM:
        case SQLITE_PROTOCOL:
            return ErrorKind::unusable;
        default:
            return ErrorKind::other;
    }
}

std::string_view prefix_of(ErrorKind kind) {
    if (kind == ErrorKind::busy) return "the store is busy: ";
    return kind == ErrorKind::unusable ? "the store is unusable: " : "";
}

/// Makes the file first, as SQLite would make it readable for everybody. Only a file that is not there is
/// ever opened here: closing another descriptor of a database in use would drop this process's locks on it
/// (POSIX). Where root does it for the gateway's user, the file belongs to the owner of its folder.
Status create_file(const std::string& path) {
    const int descriptor =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file_mode);
    if (descriptor < 0) {
        if (errno == EEXIST) return Done{};
        return Error{path + ": cannot be created: " + std::strerror(errno)};
    }
    struct stat folder {};
    const auto parent = std::filesystem::path(path).parent_path();
    bool owned = true;
    if (::geteuid() == 0 && ::stat(parent.empty() ? "." : parent.c_str(), &folder) == 0) {
        owned = ::fchown(descriptor, folder.st_uid, folder.st_gid) == 0;
    }
    ::close(descriptor);
    if (!owned) return Error{path + ": cannot be given to the owner of its folder"};
    return Done{};
}

}  // namespace

bool store_is_busy(const Error& error) {
    return error.kind == ErrorKind::busy;
}

bool store_is_at_fault(const Error& error) {
    return store_is_busy(error) || error.kind == ErrorKind::unusable;
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

SqliteStatement::SqliteStatement(sqlite3_stmt* statement, const SqliteDatabase& database)
    : statement_(statement), database_(&database) {}

SqliteStatement& SqliteStatement::bound(int code) {
    if (code != SQLITE_OK && bind_failure_ == SQLITE_OK) bind_failure_ = code;
    return *this;
}

SqliteStatement& SqliteStatement::bind_text(std::string_view text, void (*release)(void*)) {
    // A null pointer would bind NULL instead of the empty string.
    const char* octets = text.data() ? text.data() : "";
    return bound(
        sqlite3_bind_text64(statement_.get(), next_parameter_++, octets, text.size(), release, SQLITE_UTF8));
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
    return bind_text(text, SQLITE_TRANSIENT);
}

SqliteStatement& SqliteStatement::bind_in_place(std::string_view text) {
    return bind_text(text, SQLITE_STATIC);
}

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
    return bound(sqlite3_bind_int64(statement_.get(), next_parameter_++, number));
}

SqliteStatement& SqliteStatement::bind_octets_in_place(std::string_view octets) {
    const char* begin = octets.data() ? octets.data() : "";
    return bound(
        sqlite3_bind_blob64(statement_.get(), next_parameter_++, begin, octets.size(), SQLITE_STATIC));
}

SqliteStatement& SqliteStatement::bind_null() {
    return bound(sqlite3_bind_null(statement_.get(), next_parameter_++));
}

Result<bool> SqliteStatement::step() {
    if (bind_failure_ != SQLITE_OK) return database_->error(bind_failure_);
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_->error(code);
}

Status SqliteStatement::run() {
    for (;;) {
        const auto row = step();
        if (row && row.value()) continue;
        reset();
        if (!row) return row.error();
        return Done{};
    }
}

void SqliteStatement::reset() noexcept {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    next_parameter_ = 1;
    bind_failure_ = SQLITE_OK;
}

std::string_view SqliteStatement::view(int column) const {
    const auto* octets = sqlite3_column_text(statement_.get(), column);
    if (!octets) return {};
    const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return {reinterpret_cast<const char*>(octets), count};
}

std::int64_t SqliteStatement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::octets(int column) const {
    const auto* octets = sqlite3_column_blob(statement_.get(), column);
    if (!octets) return {};
    const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return {static_cast<const char*>(octets), count};
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

int SqliteStatement::column_count() const {
    return sqlite3_column_count(statement_.get());
}

void SqliteDatabase::Close::operator()(sqlite3* connection) const noexcept {
    sqlite3_close_v2(connection);
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path, OpenMode mode,
                                                             std::chrono::milliseconds busy_timeout) {
    std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path));
    // Nobody asks SQLite how much memory it has, which it would count under a lock at each piece of it.
    static const int counts_no_memory = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(counts_no_memory);  // refused where SQLite is in use already: it counts
    {
        // Nobody opens a file that another thread is making: the end of that thread's descriptor would drop
        // the locks of both (create_file).
        static std::mutex opening;
        const std::lock_guard lock(opening);
        if (mode == OpenMode::read_write) {
            if (auto created = create_file(path); !created) return created.error();
        }
        if (auto connected = database->connect(mode, busy_timeout); !connected) return connected.error();
    }
    if (auto hardened = database->harden(); !hardened) return hardened.error();
    return database;
}

Status SqliteDatabase::connect(OpenMode mode, std::chrono::milliseconds busy_timeout) {
    sqlite3* connection = nullptr;
    const int access = mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(path_.c_str(), &connection,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    connection_.reset(connection);
    if (code != SQLITE_OK) return error(code);
    sqlite3_busy_timeout(connection, static_cast<int>(busy_timeout.count()));
    return Done{};
}

Status SqliteDatabase::harden() {
    sqlite3* connection = connection_.get();
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    // secure_delete: expired records are overwritten where that costs no further writing.
    return execute(
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA cell_size_check = ON;"
        "PRAGMA secure_delete = FAST;"
        "PRAGMA journal_size_limit = 67108864;");
}

Status SqliteDatabase::begin_immediate() {
    if (auto ready = ensure_prepared(begin_, "BEGIN IMMEDIATE"); !ready) return ready;
    return begin_->run();
}

Status SqliteDatabase::commit() {
    if (auto ready = ensure_prepared(commit_, "COMMIT"); !ready) return ready;
    return commit_->run();
}

Status SqliteDatabase::execute(const std::string& sql) {
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code);
    return Done{};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()), 0,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return error(code);
    return SqliteStatement(statement, *this);
}

Status SqliteDatabase::ensure_prepared(std::optional<SqliteStatement>& statement, std::string_view sql) {
    if (statement) return Done{};
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    statement = std::move(prepared).value();
    return Done{};
}

Result<std::int64_t> SqliteDatabase::number(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    const auto row = statement->step();
    if (!row) return row.error();
    if (!row.value()) return Error{path_ + ": no row where one was expected"};
    return statement->number(0);
}

std::int64_t SqliteDatabase::last_insert_id() const noexcept {
    return sqlite3_last_insert_rowid(connection_.get());
}

std::uint64_t SqliteDatabase::changes() const noexcept {
    return static_cast<std::uint64_t>(sqlite3_changes64(connection_.get()));
}

bool SqliteDatabase::has_moved() const noexcept {
    int moved = 0;
    sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

bool SqliteDatabase::in_transaction() const noexcept {
    return sqlite3_get_autocommit(connection_.get()) == 0;
}

void SqliteDatabase::count_wal_frames() noexcept {
    const auto count = [](void* frames, sqlite3*, const char*, int now) {
        *static_cast<std::uint64_t*>(frames) = static_cast<std::uint64_t>(now);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(connection_.get(), count, &wal_frames_);
}

void SqliteDatabase::checkpoint() noexcept {
    sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void SqliteDatabase::sync_file() noexcept {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    if (file && file->pMethods) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

Error SqliteDatabase::error(int code) const {
    const bool about_connection = connection_ && sqlite3_errcode(connection_.get()) != SQLITE_OK;
    std::string reason = about_connection ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code);
    // The general sentence hides what the system said ("disk I/O error", "unable to open database file").
    const int system_error = connection_ ? sqlite3_system_errno(connection_.get()) : 0;
    const int primary = code & 0xff;
    if (system_error != 0 &&
        (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL)) {
        reason += std::string(" (") + std::strerror(system_error) + ")";
    }
    const auto kind = kind_of(code);
    return Error{std::string(prefix_of(kind)) + path_ + ": " + reason, kind};
}

Result<std::unique_ptr<SqliteTransaction>> SqliteTransaction::begin(SqliteDatabase& database) {
    if (auto begun = database.begin_immediate(); !begun) return begun.error();
    return std::unique_ptr<SqliteTransaction>(new SqliteTransaction(database));
}

SqliteTransaction::~SqliteTransaction() {
    // Some failures (disk full) have rolled back already. Where this fails too, the connection is of no more
    // use and the next statement says so.
    if (database_.in_transaction()) static_cast<void>(database_.execute("ROLLBACK"));
}

Status SqliteTransaction::commit() {
    return database_.commit();
}

}  // namespace defender::store
