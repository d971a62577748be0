#include <algorithm>

#include "common/base/text.hpp"
#include "common/store/record_row.hpp"
#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

/// Documents or reports deleted by one transaction; documents may be large.
constexpr std::int64_t deleted_at_once = 100;

/// A destination as it is compared.
std::string destination_key(const std::string& destination) {
    return column_text(text::to_lower(destination));
}

Suppression suppression_of(const SqlRow& row) {
    return {row.text(0), row.number(1), static_cast<unsigned>(row.number(2)), row.text(3)};
}

}  // namespace

std::unique_ptr<ReportStore> make_report_store(std::unique_ptr<SqlConnection> connection,
                                               const FoldBounds& bounds) {
    return std::make_unique<SqlReportStore>(std::move(connection), bounds);
}

Result<std::optional<UtcSeconds>> SqlReportStore::next_due(std::int64_t delay_seconds,
                                                           std::int64_t spread_seconds) {
    std::optional<UtcSeconds> due;
    const auto done = connection_->run(
        std::string("SELECT min(due) FROM"
                    " (SELECT min((day + 1) * 86400 + $1 + spread * $2 / 65536) AS due FROM report WHERE "
                    "state = 'open'"
                    " UNION ALL SELECT min(lease_until) FROM report WHERE state = 'closing'"
                    " UNION ALL SELECT min(CASE WHEN lease_until > next_at THEN lease_until ELSE next_at END)"
                    " FROM delivery WHERE ") +
            waiting_deliveries + ") AS dues",
        {delay_seconds, spread_seconds}, [&](const SqlRow& row) {
            if (!row.is_null(0)) due = row.number(0);
        });
    if (!done) return done.error();
    return due;
}

Status SqlReportStore::suppress(const Suppression& suppression) {
    const auto done = connection_->run(
        "INSERT INTO suppression (destination, until, strikes, reason) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (destination) DO UPDATE SET until = excluded.until, strikes = excluded.strikes,"
        " reason = excluded.reason",
        {destination_key(suppression.destination), suppression.until, std::int64_t{suppression.strikes},
         column_text(suppression.reason)});
    if (!done) return done.error();
    return Done{};
}

Result<bool> SqlReportStore::lift_suppression(const std::string& destination) {
    const auto deleted =
        connection_->run("DELETE FROM suppression WHERE destination = $1", {destination_key(destination)});
    if (!deleted) return deleted.error();
    return *deleted > 0;
}

Result<std::optional<Suppression>> SqlReportStore::suppression(const std::string& destination) {
    std::optional<Suppression> found;
    const auto done = connection_->run(
        "SELECT destination, until, strikes, reason FROM suppression WHERE destination = $1",
        {destination_key(destination)}, [&](const SqlRow& row) { found = suppression_of(row); });
    if (!done) return done.error();
    return found;
}

Result<std::vector<Suppression>> SqlReportStore::suppressions() {
    std::vector<Suppression> all;
    const auto done =
        connection_->run("SELECT destination, until, strikes, reason FROM suppression ORDER BY destination",
                         {}, [&](const SqlRow& row) { all.push_back(suppression_of(row)); });
    if (!done) return done.error();
    return all;
}

Result<std::uint64_t> SqlReportStore::expire_documents(UtcSeconds before) {
    // Its deliveries and their history go with a document.
    const auto expired = delete_in_pieces(
        std::string(
            "DELETE FROM document WHERE id IN (SELECT id FROM document WHERE made_at < $1 AND NOT EXISTS"
            " (SELECT 1 FROM delivery WHERE delivery.document = document.id AND ") +
            waiting_deliveries + ") ORDER BY made_at, id LIMIT $2)",
        before);
    if (!expired) return expired.error();
    if (auto done = clear_away_rows(); !done) return done.error();
    const auto forgotten = delete_in_pieces(
        "DELETE FROM report WHERE id IN (SELECT id FROM report WHERE state = 'closed' AND day < $1 AND NOT"
        " EXISTS (SELECT 1 FROM document WHERE document.report = report.id) ORDER BY day, spread, id LIMIT "
        "$2)",
        UtcDay::of(before).number);
    if (!forgotten) return forgotten.error();
    return expired;
}

Result<std::uint64_t> SqlReportStore::delete_in_pieces(std::string_view sql, std::int64_t before) {
    std::uint64_t all = 0;
    for (;;) {
        const auto deleted = connection_->run(sql, {before, deleted_at_once});
        if (!deleted) return deleted.error();
        all += *deleted;
        if (*deleted < static_cast<std::uint64_t>(deleted_at_once)) return all;
    }
}

/// What others that died have left of reports that are closed.
Status SqlReportStore::clear_away_rows() {
    std::vector<std::int64_t> reports;
    const auto found = connection_->run("SELECT id FROM report WHERE state = 'emptying'", {},
                                        [&](const SqlRow& row) { reports.push_back(row.number(0)); });
    if (!found) return found.error();
    for (const auto report : reports) {
        if (auto done = delete_rows(report); !done) return done;
    }
    return Done{};
}

Result<OutboxCounts> SqlReportStore::counts() {
    OutboxCounts counts;
    const auto open = count_of("SELECT count(*) FROM report WHERE state = 'open'", {});
    if (!open) return open.error();
    counts.open_reports = *open;
    const auto waiting =
        count_of(std::string("SELECT count(*) FROM delivery WHERE ") + waiting_deliveries, {});
    if (!waiting) return waiting.error();
    counts.waiting = *waiting;
    const auto all = journals();
    if (!all) return all.error();
    for (const auto& journal : *all) {
        const auto some = unfolded(journal);
        if (!some) return some.error();
        counts.unfolded += *some;
    }
    return counts;
}

Result<std::uint64_t> SqlReportStore::unfolded(const Journal& journal) {
    const auto newest = newest_id(journal);
    if (!newest) return newest.error();
    return *newest > journal.folded_id ? static_cast<std::uint64_t>(*newest - journal.folded_id) : 0;
}

/// 0 where there is no record.
Result<std::int64_t> SqlReportStore::newest_id(const Journal& journal) {
    const SqlValues name = is_sqlite() ? SqlValues{} : SqlValues{journal.name};
    const auto newest = count_of(
        is_sqlite() ? "SELECT max(id) FROM record" : "SELECT max(id) FROM record WHERE journal = $1", name);
    if (!newest) return newest.error();
    return static_cast<std::int64_t>(*newest);
}

}  // namespace defender::store
