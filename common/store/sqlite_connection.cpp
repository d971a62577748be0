#include "common/store/sqlite_connection.hpp"

#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/store/sqlite_database.hpp"
#include "common/store/sqlite_migrations.hpp"

namespace defender::store {
namespace {

/// Prepared statements kept; the programs use fewer.
constexpr std::size_t kept_statements = 64;

class SqliteRow final : public SqlRow {
  public:
    explicit SqliteRow(const SqliteStatement& statement) : statement_(statement) {}

    bool is_null(int column) const override { return statement_.is_null(column); }
    std::int64_t number(int column) const override { return statement_.number(column); }
    std::string_view view(int column) const override { return statement_.view(column); }
    std::string octets(int column) const override { return statement_.octets(column); }

  private:
    const SqliteStatement& statement_;
};

/// Binds one value, which outlives the statement's run, to the next parameter.
struct Bind {
    SqliteStatement& statement;

    void operator()(const SqlNull&) const { statement.bind_null(); }
    void operator()(std::int64_t number) const { statement.bind(number); }
    void operator()(const std::string& text) const { statement.bind_in_place(text); }
    void operator()(const SqlOctets& octets) const { statement.bind_octets_in_place(octets.octets); }
    void operator()(const SqlTextView& text) const { statement.bind_in_place(text.text); }
    void operator()(const SqlOctetsView& octets) const { statement.bind_octets_in_place(octets.octets); }
};

/// Resets a statement at the end of its use, so that it holds no lock and can be bound anew.
class Use {
  public:
    explicit Use(SqliteStatement& statement) : statement_(statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement_.reset(); }

  private:
    SqliteStatement& statement_;
};

class SqliteConnection final : public SqlConnection {
  public:
    explicit SqliteConnection(std::unique_ptr<SqliteDatabase> database) : database_(std::move(database)) {}

    SqlDialect dialect() const noexcept override { return SqlDialect::sqlite; }
    Result<std::uint64_t> run(std::string_view sql, const SqlValues& values,
                              const RowHandler& handler) override;
    Status execute(const std::string& sql) override { return database_->execute(sql); }

  private:
    struct Kept {
        std::string sql;
        SqliteStatement statement;
    };
    Result<SqliteStatement*> prepared(std::string_view sql);

    std::unique_ptr<SqliteDatabase> database_;
    std::list<Kept> kept_;  ///< the last used first; destroyed before the database
    std::unordered_map<std::string_view, std::list<Kept>::iterator> by_sql_;  ///< keys lie in kept_
};

Result<SqliteStatement*> SqliteConnection::prepared(std::string_view sql) {
    if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
        kept_.splice(kept_.begin(), kept_, found->second);
        return &kept_.front().statement;
    }
    auto statement = database_->prepare(sql);
    if (!statement) return statement.error();
    if (kept_.size() >= kept_statements) {
        by_sql_.erase(kept_.back().sql);
        kept_.pop_back();
    }
    kept_.push_front({std::string(sql), std::move(statement).value()});
    by_sql_.emplace(kept_.front().sql, kept_.begin());
    return &kept_.front().statement;
}

Result<std::uint64_t> SqliteConnection::run(std::string_view sql, const SqlValues& values,
                                            const RowHandler& handler) {
    auto found = prepared(sql);
    if (!found) return found.error();
    auto& statement = *found.value();
    const Use use(statement);
    for (const auto& value : values) std::visit(Bind{statement}, value);
    std::uint64_t rows = 0;
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!row.value()) break;
        ++rows;
        if (handler) handler(SqliteRow(statement));
    }
    return statement.column_count() > 0 ? rows : database_->changes();
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_sqlite_connection(const std::string& path, OpenMode mode,
                                                              std::chrono::milliseconds busy_timeout) {
    auto opened = open_migrated(path, mode, busy_timeout);
    if (!opened) return opened.error();
    return std::unique_ptr<SqlConnection>(
        std::make_unique<SqliteConnection>(std::move(opened.value().database)));
}

}  // namespace defender::store
