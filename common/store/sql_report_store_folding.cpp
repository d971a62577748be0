#include <algorithm>
#include <chrono>
#include <limits>

#include "common/store/report_sums_writer.hpp"
#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

/// In PostgreSQL one fold writes at a time, as in SQLite: so several need not agree on the order in which
/// they lock reports, and no other opens an edition meanwhile. Advisory locks are told apart by two numbers:
/// "DFND", and which of our locks it is.
constexpr std::string_view fold_lock = "SELECT pg_advisory_xact_lock(1145458244, 3)";

constexpr std::string_view postgresql_records =
    "SELECT count(*), max(id), min(day), max(day) FROM (SELECT id, day FROM record"
    " WHERE id > $1 AND id <= $2 AND journal = $3 ORDER BY id LIMIT $4) AS batch";

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
    return {UtcDay{row.number(0)}, row.view(1), row.view(2)};
}

ReportTuple tuple_of(const SqlRow& row) {
    return {row.view(3), row.view(4), row.number(5) != 0, row.number(6) != 0,
            row.view(7), row.view(8), row.view(9),        row.view(10)};
}

/// Where a row stands in its batch.
std::string place_of(const SortedSums& sums, const RowSum& row) {
    return std::string(octets_of(sums.series[row.series].key)).append(octets_of(row.key));
}

/// The rows that come after a place in the batch.
std::span<const RowSum> rows_after(const SortedSums& sums, const std::string& place) {
    const auto first = std::partition_point(sums.rows.begin(), sums.rows.end(),
                                            [&](const RowSum& row) { return place_of(sums, row) <= place; });
    return std::span(sums.rows).subspan(static_cast<std::size_t>(first - sums.rows.begin()));
}

}  // namespace

Result<std::uint64_t> SqlReportStore::fold(std::uint64_t limit) {
    if (limit == 0) return Error{"folding no records at a time has no end"};
    // Undone, the records are folded again: their rows and how far they are folded are written together.
    const SqlUnhurriedCommits unhurried(*connection_);
    for (;;) {
        auto all = journals();
        if (!all) return all.error();
        auto& list = all.value();
        // Beginning with another one each time, so that no journal waits for another to be done.
        const auto first = list.empty() ? 0 : folds_++ % list.size();
        std::rotate(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(first), list.end());
        bool again = false;
        for (const auto& journal : list) {
            const auto folded = fold_journal(journal, limit);
            if (!folded) return folded.error();
            if (folded->records > 0) return folded->records;
            again = again || folded->again;
        }
        if (!again) return std::uint64_t{0};
    }
}

Result<std::vector<SqlReportStore::Journal>> SqlReportStore::journals() {
    std::vector<Journal> list;
    const auto done =
        connection_->run("SELECT journal, folded_id, folding_id, folding_key FROM journal ORDER BY journal",
                         {}, [&](const SqlRow& row) {
                             list.push_back({row.text(0), row.number(1), row.number(2), row.octets(3)});
                         });
    if (!done) return done.error();
    return list;
}

Result<SqlReportStore::Folded> SqlReportStore::fold_journal(const Journal& journal, std::uint64_t limit) {
    ReportSums sums;
    const auto batch = sum_up_batch(journal, limit, sums);
    if (!batch) return batch.error();
    if (batch->last_id == journal.folded_id) return Folded{};
    const auto written = write_batch(journal, batch->last_id, sums.sorted());
    if (!written) return written.error();
    const auto count = *written ? batch->count : 0;
    return Folded{count, count == 0};
}

/// Reads the next batch: the one that was begun, whoever began it, or else as many records as are allowed.
Result<SqlReportStore::Records> SqlReportStore::sum_up_batch(const Journal& journal, std::uint64_t limit,
                                                             ReportSums& sums) {
    Records batch;
    batch.last_id = journal.folded_id;
    if (journal.has_begun_batch()) limit = std::numeric_limits<std::uint64_t>::max();
    while (batch.count < limit && (journal.has_begun_batch() || sums.octets() < bounds_.octets)) {
        const auto some =
            next_records(journal, batch.last_id, std::min(bounds_.records, limit - batch.count));
        if (!some) return some.error();
        if (some->count == 0) break;
        if (auto done = sum_up(journal, batch.last_id, *some, sums); !done) return done.error();
        batch.count += some->count;
        batch.last_id = some->last_id;
    }
    // The last of its records may have expired since it was begun.
    if (journal.has_begun_batch()) batch.last_id = journal.folding_id;
    return batch;
}

/// The records after one, up to the end of a batch that was begun.
Result<SqlReportStore::Records> SqlReportStore::next_records(const Journal& journal, std::int64_t after,
                                                             std::uint64_t limit) {
    const auto end =
        journal.has_begun_batch() ? journal.folding_id : std::numeric_limits<std::int64_t>::max();
    Records some;
    if (is_sqlite()) {
        // Ids follow one another but for records that have expired, so that nothing has to be read.
        const auto newest = newest_id(journal);
        if (!newest) return newest.error();
        const auto last = std::min(*newest, end);
        if (last > after) some.count = std::min(limit, static_cast<std::uint64_t>(last - after));
        some.last_id = after + static_cast<std::int64_t>(some.count);
        return some;
    }
    const auto done =
        connection_->run(postgresql_records, {after, end, journal.name, static_cast<std::int64_t>(limit)},
                         [&](const SqlRow& row) {
                             some = {static_cast<std::uint64_t>(row.number(0)), row.number(1),
                                     UtcDay{row.number(2)}, UtcDay{row.number(3)}};
                         });
    if (!done) return done.error();
    return some;
}

Status SqlReportStore::sum_up(const Journal& journal, std::int64_t after, const Records& records,
                              ReportSums& sums) {
    SqlValues values{after, records.last_id};
    if (!is_sqlite()) {
        values.emplace_back(journal.name);
        values.emplace_back(records.first_day.number);
        values.emplace_back(records.last_day.number);
    }
    const auto sql = std::string(tuple_columns) + std::string(is_sqlite() ? sqlite_join : postgresql_join);
    const auto done =
        connection_->run(sql, values, [&](const SqlRow& row) { sums.add(series_of(row), tuple_of(row)); });
    if (!done) return done.error();
    return Done{};
}

/// Writes what is left of a batch, in pieces: where this one dies, whoever is next goes on after the last
/// piece with the same records, which make the same rows in the same order. False where another was faster.
Result<bool> SqlReportStore::write_batch(Journal journal, std::int64_t last_id, const SortedSums& sums) {
    auto left = rows_after(sums, journal.has_begun_batch() ? journal.folding_key : "");
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        const auto piece = left.first(std::min(bounds_.rows, left.size()));
        left = left.subspan(piece.size());
        auto after = journal;
        after.folding_id = last_id;
        after.folding_key = left.empty() ? "" : place_of(sums, piece.back());
        if (left.empty()) after.folded_id = last_id;
        const auto written = write_piece(journal, after, sums, piece);
        if (!written || !*written || left.empty()) return written;
        journal = std::move(after);
        yield_write_lock(begun);
    }
}

Result<bool> SqlReportStore::write_piece(const Journal& before, const Journal& after, const SortedSums& sums,
                                         std::span<const RowSum> piece) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    if (!is_sqlite()) {
        if (auto locked = connection_->run(fold_lock); !locked) return locked.error();
    }
    const auto moved = connection_->run(
        "UPDATE journal SET folded_id = $1, folding_id = $2, folding_key = $3"
        " WHERE journal = $4 AND folded_id = $5 AND folding_id = $6 AND folding_key = $7",
        {after.folded_id, after.folding_id, SqlOctets{after.folding_key}, before.name, before.folded_id,
         before.folding_id, SqlOctets{before.folding_key}});
    if (!moved) return moved.error();
    if (*moved == 0) return false;
    if (auto done = write_sums(*connection_, sums, piece); !done) return done.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

}  // namespace defender::store
