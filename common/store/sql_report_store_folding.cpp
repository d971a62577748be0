#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

/// Records folded at once, at most: some milliseconds of holding SQLite's write lock, some megabytes.
constexpr std::uint64_t fold_batch = 10000;
/// Reports looked up, and rows written, by one statement.
constexpr std::size_t many = 50;
constexpr std::size_t row_columns = 11;

/// In PostgreSQL one fold writes at a time, as in SQLite: so several need not agree on the order in which
/// they lock reports, and no other opens an edition meanwhile. Advisory locks are told apart by two numbers:
/// "DFND", and which of our locks it is.
constexpr std::string_view fold_lock = "SELECT pg_advisory_xact_lock(1145458244, 3)";

constexpr std::string_view postgresql_batch =
    "SELECT count(*), max(id), min(day), max(day) FROM"
    " (SELECT id, day FROM record WHERE id > $1 AND journal = $2 ORDER BY id LIMIT $3) AS batch";

constexpr std::string_view tuple_columns =
    "SELECT r.day, d.policy_domain, d.policy_record, r.client, d.disposition, d.dkim_aligned, d.spf_aligned,"
    " d.reasons, d.author_domain, r.envelope_from, r.auth_results FROM record_domain d JOIN record r ON ";
constexpr std::string_view sqlite_join =
    "r.id = d.record_id WHERE d.record_id > $1 AND d.record_id <= $2 AND d.reportable = 1";
/// The days tell which partitions are read.
constexpr std::string_view postgresql_join =
    "r.id = d.record_id AND r.journal = d.journal AND r.day = d.day"
    " WHERE d.record_id > $1 AND d.record_id <= $2 AND d.reportable = 1 AND d.journal = $3"
    " AND d.day >= $4 AND d.day <= $5";

ReportSeries series_of(const SqlRow& row) {
    return {UtcDay{row.number(0)}, row.text(1), row.text(2)};
}

ReportTuple tuple_of(const SqlRow& row) {
    return {row.text(3), row.text(4), row.number(5) != 0, row.number(6) != 0,
            row.text(7), row.text(8), row.text(9),        row.text(10)};
}

/// "$3, $4, $5": parameters from the one after `used` on.
std::string parameters(std::size_t used, std::size_t count) {
    std::string list;
    for (std::size_t i = 1; i <= count; ++i) {
        if (i > 1) list += ", ";
        list += '$' + std::to_string(used + i);
    }
    return list;
}

std::string insert_rows(std::size_t rows) {
    std::string sql =
        "INSERT INTO report_row (report, row_key, source_ip, disposition, dkim_aligned, spf_aligned, reasons,"
        " header_from, envelope_from, auth_results, messages) VALUES ";
    for (std::size_t row = 0; row < rows; ++row) {
        if (row > 0) sql += ", ";
        sql += '(' + parameters(row * row_columns, row_columns) + ')';
    }
    return sql +
           " ON CONFLICT (report, row_key) DO UPDATE SET messages = report_row.messages + excluded.messages";
}

void append_values(SqlValues& values, std::int64_t report, RowSum row) {
    auto& tuple = row.tuple;
    values.emplace_back(report);
    values.emplace_back(SqlOctets{std::move(row.key)});
    values.emplace_back(std::move(tuple.source_ip));
    values.emplace_back(std::move(tuple.disposition));
    values.emplace_back(std::int64_t{tuple.dkim_aligned});
    values.emplace_back(std::int64_t{tuple.spf_aligned});
    values.emplace_back(std::move(tuple.reasons));
    values.emplace_back(std::move(tuple.header_from));
    values.emplace_back(std::move(tuple.envelope_from));
    values.emplace_back(std::move(tuple.auth_results));
    values.emplace_back(static_cast<std::int64_t>(row.messages));
}

/// Writes rows by statements of `many` rows, and by statements of one row what is left.
class RowWriter {
  public:
    explicit RowWriter(SqlConnection& connection) : connection_(connection) {}

    [[nodiscard]] Status write(std::int64_t report, RowSum row) {
        append_values(values_, report, std::move(row));
        return values_.size() < many * row_columns ? Status(Done{}) : run(insert_many_, values_);
    }
    [[nodiscard]] Status finish() {
        auto next = values_.begin();
        while (next != values_.end()) {
            const auto end = std::next(next, row_columns);
            SqlValues one(std::make_move_iterator(next), std::make_move_iterator(end));
            if (auto done = run(insert_one_, one); !done) return done;
            next = end;
        }
        return Done{};
    }

  private:
    Status run(const std::string& sql, SqlValues& values) {
        const auto done = connection_.run(sql, values);
        if (!done) return done.error();
        values.clear();
        return Done{};
    }

    SqlConnection& connection_;
    SqlValues values_;
    const std::string insert_many_ = insert_rows(many);
    const std::string insert_one_ = insert_rows(1);
};

/// The newest edition of a series.
struct NewestEdition {
    std::int64_t report = 0;
    std::int64_t edition = 0;
    bool open = false;
};
using NewestEditions = std::map<std::string, NewestEdition>;  // by the key of the series

/// Locks them in PostgreSQL, so that what is open stays open until the end of the transaction.
Status find_newest_editions(SqlConnection& connection, std::span<const SeriesSum> sums,
                            NewestEditions& newest) {
    // One statement for any number: what is left over asks for the last one again.
    SqlValues keys;
    for (const auto& sum : sums) keys.emplace_back(SqlOctets{sum.key});
    keys.resize(many, keys.back());
    const bool locks = connection.dialect() == SqlDialect::postgresql;
    const auto sql = "SELECT series, edition, id, state FROM report WHERE series IN (" + parameters(0, many) +
                     ") ORDER BY series, edition" + (locks ? " FOR UPDATE" : "");
    const auto done = connection.run(sql, keys, [&](const SqlRow& row) {
        newest[row.octets(0)] = {row.number(2), row.number(1), row.text(3) == "open"};
    });
    if (!done) return done.error();
    return Done{};
}

}  // namespace

Result<std::uint64_t> SqlReportStore::fold(std::uint64_t limit) {
    if (limit == 0) return Error{"folding no records at a time has no end"};
    const auto at_once = std::min(limit, fold_batch);
    for (;;) {
        auto all = journals();
        if (!all) return all.error();
        auto& list = all.value();
        // Beginning with another one each time, so that no journal waits for another to be done.
        const auto first = list.empty() ? 0 : folds_++ % list.size();
        std::rotate(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(first), list.end());
        bool overtaken = false;
        for (const auto& journal : list) {
            const auto folded = fold_journal(journal, at_once);
            if (!folded) return folded.error();
            if (folded->records > 0) return folded->records;
            overtaken = overtaken || folded->overtaken;
        }
        if (!overtaken) return std::uint64_t{0};
    }
}

Result<std::vector<SqlReportStore::Journal>> SqlReportStore::journals() {
    std::vector<Journal> list;
    const auto done = connection_->run("SELECT journal, folded_id FROM journal ORDER BY journal", {},
                                       [&](const SqlRow& row) {
                                           list.push_back({row.text(0), row.number(1)});
                                       });
    if (!done) return done.error();
    return list;
}

Result<SqlReportStore::Folded> SqlReportStore::fold_journal(const Journal& journal, std::uint64_t limit) {
    const auto batch = next_batch(journal, limit);
    if (!batch) return batch.error();
    if (batch->records == 0) return Folded{};
    ReportSums sums;
    if (auto done = sum_up(journal, *batch, sums); !done) return done.error();
    const auto written = write_batch(journal, *batch, sums.take());
    if (!written) return written.error();
    return *written ? Folded{batch->records, false} : Folded{0, true};
}

Result<SqlReportStore::Batch> SqlReportStore::next_batch(const Journal& journal, std::uint64_t limit) {
    Batch batch;
    if (is_sqlite()) {
        // Ids follow one another but for records that have expired, so that nothing has to be read.
        const auto left = unfolded(journal);
        if (!left) return left.error();
        batch.records = std::min(*left, limit);
        batch.last_id = journal.folded_id + static_cast<std::int64_t>(batch.records);
        return batch;
    }
    const auto done = connection_->run(postgresql_batch,
                                       {journal.folded_id, journal.name, static_cast<std::int64_t>(limit)},
                                       [&](const SqlRow& row) {
                                           batch = {static_cast<std::uint64_t>(row.number(0)), row.number(1),
                                                    UtcDay{row.number(2)}, UtcDay{row.number(3)}};
                                       });
    if (!done) return done.error();
    return batch;
}

Status SqlReportStore::sum_up(const Journal& journal, const Batch& batch, ReportSums& sums) {
    SqlValues values{journal.folded_id, batch.last_id};
    if (!is_sqlite()) {
        values.emplace_back(journal.name);
        values.emplace_back(batch.first_day.number);
        values.emplace_back(batch.last_day.number);
    }
    const auto sql = std::string(tuple_columns) + std::string(is_sqlite() ? sqlite_join : postgresql_join);
    const auto done =
        connection_->run(sql, values, [&](const SqlRow& row) { sums.add(series_of(row), tuple_of(row)); });
    if (!done) return done.error();
    return Done{};
}

Result<bool> SqlReportStore::write_batch(const Journal& journal, const Batch& batch,
                                         std::vector<SeriesSum> sums) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    if (!is_sqlite()) {
        if (auto locked = connection_->run(fold_lock); !locked) return locked.error();
    }
    const auto moved =
        connection_->run("UPDATE journal SET folded_id = $1 WHERE journal = $2 AND folded_id = $3",
                         {batch.last_id, journal.name, journal.folded_id});
    if (!moved) return moved.error();
    if (*moved == 0) return false;
    if (auto done = write_sums(std::move(sums)); !done) return done.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

Status SqlReportStore::write_sums(std::vector<SeriesSum> sums) {
    const auto reports = open_report_ids(sums);
    if (!reports) return reports.error();
    RowWriter writer(*connection_);
    for (std::size_t i = 0; i < sums.size(); ++i) {
        for (auto& row : sums[i].rows) {
            if (auto done = writer.write(reports.value()[i], std::move(row)); !done) return done;
        }
    }
    return writer.finish();
}

/// The open report of each series, made where there is none.
Result<std::vector<std::int64_t>> SqlReportStore::open_report_ids(const std::vector<SeriesSum>& sums) {
    std::vector<std::int64_t> reports;
    for (std::size_t begin = 0; begin < sums.size(); begin += many) {
        const auto some = std::span(sums).subspan(begin, std::min(many, sums.size() - begin));
        NewestEditions newest;
        if (auto done = find_newest_editions(*connection_, some, newest); !done) return done.error();
        for (const auto& sum : some) {
            const auto& last = newest[sum.key];
            const auto report = last.open ? Result(last.report) : open_edition(sum, last.edition + 1);
            if (!report) return report.error();
            reports.push_back(*report);
        }
    }
    return reports;
}

Result<std::int64_t> SqlReportStore::open_edition(const SeriesSum& sum, std::int64_t edition) {
    std::int64_t id = 0;
    const auto& series = sum.series;
    const auto done = connection_->run(
        "INSERT INTO report (day, policy_domain, policy_record, series, edition, state, spread)"
        " VALUES ($1, $2, $3, $4, $5, 'open', $6) RETURNING id",
        {series.day.number, series.policy_domain, series.policy_record, SqlOctets{sum.key}, edition,
         spread_of(series.policy_domain)},
        [&](const SqlRow& row) { id = row.number(0); });
    if (!done) return done.error();
    return id;
}

}  // namespace defender::store
