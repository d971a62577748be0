#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>
#include <utility>

#include "common/store/report_row_json.hpp"
#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

/// Rows deleted by one transaction: some milliseconds of holding SQLite's write lock.
constexpr std::int64_t rows_at_once = 2000;

/// SQLite tries again for a lock at least as often as this; longer waits would help nobody who waits for it.
constexpr std::chrono::steady_clock::duration longest_yield = std::chrono::milliseconds(100);

/// While nobody else writes: how many yields one whole one is among, and what part of one the others are.
constexpr unsigned yields_for_a_whole_one = 8;
constexpr int part_of_a_whole_one = 8;

constexpr std::string_view report_columns = "id, day, policy_domain, policy_record, edition";

Report report_of(const SqlRow& row) {
    Report report;
    report.id = row.number(0);
    report.day = UtcDay{row.number(1)};
    report.policy_domain = row.text(2);
    report.policy_record = row.text(3);
    report.edition = static_cast<unsigned>(row.number(4));
    return report;
}

/// Into a row that is kept from one to the next, with its memory.
Status read_row(const SqlRow& columns, AuthResultsReader& auth_results, ReportRow& row) {
    row.source_ip = columns.view(0);
    row.header_from = columns.view(1);
    row.envelope_from = columns.view(2);
    row.disposition = columns.view(3);
    row.dkim_aligned = columns.number(4) != 0;
    row.spf_aligned = columns.number(5) != 0;
    row.count = static_cast<std::uint64_t>(columns.number(8));
    if (auto read = read_reasons(columns.view(6), row); !read) return read;
    return auth_results.read(columns.view(7), row);
}

}  // namespace

Result<std::vector<Report>> SqlReportStore::open_reports(std::optional<UtcDay> day,
                                                         const std::string& policy_domain) {
    std::string sql = "SELECT " + std::string(report_columns) +
                      ", (SELECT sum(messages) FROM report_count WHERE report_count.report = report.id),"
                      " (SELECT count(*) FROM report_count WHERE report_count.report = report.id)"
                      " FROM report WHERE state = 'open'";
    SqlValues values;
    if (day) {
        values.emplace_back(day->number);
        sql += " AND day = $" + std::to_string(values.size());
    }
    if (!policy_domain.empty()) {
        values.emplace_back(policy_domain);
        sql += " AND policy_domain = $" + std::to_string(values.size());
    }
    std::vector<Report> reports;
    const auto done = connection_->run(
        sql + " ORDER BY day, policy_domain, policy_record, id", values, [&](const SqlRow& row) {
            reports.push_back(report_of(row));
            reports.back().messages = static_cast<std::uint64_t>(row.number(5));
            reports.back().rows = static_cast<std::uint64_t>(row.number(6));
        });
    if (!done) return done.error();
    return reports;
}

Result<std::vector<Report>> SqlReportStore::begin_closing(UtcSeconds now, std::int64_t delay_seconds,
                                                          std::int64_t spread_seconds, const Lease& lease,
                                                          std::uint64_t most) {
    const SqlUnhurriedCommits unhurried(*connection_);  // undone, the reports are open as before
    auto left =
        take_reports("state = 'closing' AND lease_until <= $3", {lease.owner, lease.until, now}, most);
    if (!left || !left->empty()) return counted(std::move(left));
    return counted(take_reports(
        "state = 'open' AND (day + 1) * 86400 <= $3 AND (day + 1) * 86400 + spread * $4 / 65536 <= $3",
        {lease.owner, lease.until, now - delay_seconds, spread_seconds}, most));
}

Result<std::optional<Report>> SqlReportStore::begin_close_of(std::int64_t report, const Lease& lease) {
    return first_of(
        counted(take_reports("state = 'open' AND id = $3", {lease.owner, lease.until, report}, 1)));
}

/// Makes the first reports that meet the condition closing. The values of the lease come first.
Result<std::vector<Report>> SqlReportStore::take_reports(std::string_view condition, SqlValues values,
                                                         std::uint64_t most) {
    values.emplace_back(static_cast<std::int64_t>(most));
    // What another is just taking is passed over, not waited for.
    const std::string sql =
        "UPDATE report SET state = 'closing', lease_owner = $1, lease_until = $2 WHERE id IN"
        " (SELECT id FROM report WHERE " +
        std::string(condition) + " ORDER BY day, spread, id LIMIT $" + std::to_string(values.size()) +
        (is_sqlite() ? "" : " FOR UPDATE SKIP LOCKED") + ") RETURNING " + std::string(report_columns) +
        ", spread";
    std::vector<std::pair<std::int64_t, Report>> taken;  // with the spread
    const auto done = connection_->run(
        sql, values, [&](const SqlRow& row) { taken.emplace_back(row.number(5), report_of(row)); });
    if (!done) return done.error();
    std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) {
        return std::tie(a.second.day.number, a.first, a.second.id) <
               std::tie(b.second.day.number, b.first, b.second.id);
    });
    std::vector<Report> reports;
    for (auto& [spread, report] : taken) reports.push_back(std::move(report));
    return reports;
}

/// With their messages and rows, which are final. Not in the step before: that one would hold the lock of the
/// database meanwhile, and in PostgreSQL count what it saw before it had waited for a fold to end.
Result<std::vector<Report>> SqlReportStore::counted(Result<std::vector<Report>> taken) {
    if (!taken) return taken;
    for (auto& report : taken.value()) {
        const auto done =
            connection_->run("SELECT count(*), sum(messages) FROM report_count WHERE report = $1",
                             {report.id}, [&](const SqlRow& row) {
                                 report.rows = static_cast<std::uint64_t>(row.number(0));
                                 report.messages = static_cast<std::uint64_t>(row.number(1));
                             });
        if (!done) return done.error();
    }
    return taken;
}

Status SqlReportStore::rows(std::int64_t report, const std::function<bool(const ReportRow&)>& handler) {
    bool wanted = true;
    std::optional<Error> failed;
    AuthResultsReader auth_results;
    ReportRow row;
    const auto handle = [&](const SqlRow& columns) {
        if (!wanted || failed) return;
        const auto read = read_row(columns, auth_results, row);
        if (!read)
            return void(failed = Error{"report " + std::to_string(report) + ": " + read.error().message});
        wanted = handler(row);
    };
    const auto done = connection_->run(
        "SELECT source_ip, header_from, envelope_from, disposition, dkim_aligned, spf_aligned, reasons,"
        " auth_results, messages FROM report_row AS r JOIN report_count AS c"
        " ON c.report = r.report AND c.row_key = r.row_key WHERE r.report ="
        " (SELECT id FROM report WHERE id = $1 AND state IN ('open', 'closing'))"
        " ORDER BY source_ip, header_from, envelope_from, disposition, dkim_aligned, spf_aligned, reasons,"
        " auth_results",
        {report}, handle);
    if (!done) return done.error();
    if (failed) return *failed;
    return Done{};
}

Result<std::vector<std::int64_t>> SqlReportStore::finish_closing(const std::vector<ClosedReport>& reports,
                                                                 const Lease& lease) {
    // Undone, the reports are closing or open as before and none of their documents is on its way: the step
    // to *sending* waits for the disk, and so for this one.
    const SqlUnhurriedCommits unhurried(*connection_);
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    std::vector<std::int64_t> closed;
    std::vector<std::int64_t> with_rows;
    for (const auto& report : reports) {
        const auto ending = finish_one(report, lease);
        if (!ending) return ending.error();
        if (*ending != Ending::lease_lost) closed.push_back(report.id);
        if (*ending == Ending::rows_left) with_rows.push_back(report.id);
    }
    if (auto done = transaction.value()->commit(); !done) return done.error();
    // They are closed by now; where this fails, the rest is cleared away later.
    for (const auto report : with_rows) static_cast<void>(delete_rows(report));
    return closed;
}

Result<SqlReportStore::Ending> SqlReportStore::finish_one(const ClosedReport& report, const Lease& lease) {
    const auto held = holds(report.id, lease);
    if (!held) return held.error();
    if (!*held) return Ending::lease_lost;
    for (const auto& each : report.documents) {
        const auto inserted = insert_document(each, report.id);
        if (!inserted) return inserted.error();
        if (!*inserted) return Error{"there is a report " + each.document.report_id + " already"};
    }
    const auto more = delete_some_rows(report.id);
    if (!more) return more.error();
    if (auto done = set_state(report.id, *more ? "emptying" : "closed"); !done) return done.error();
    return *more ? Ending::rows_left : Ending::whole;
}

/// Whether the report is closing under this lease; it stays so until the end of the transaction.
Result<bool> SqlReportStore::holds(std::int64_t report, const Lease& lease) {
    const auto found = connection_->run(
        "SELECT 1 FROM report WHERE id = $1 AND state = 'closing' AND lease_owner = $2 AND lease_until = $3" +
            std::string(is_sqlite() ? "" : " FOR UPDATE"),
        {report, lease.owner, lease.until});
    if (!found) return found.error();
    return *found > 0;
}

Status SqlReportStore::set_state(std::int64_t report, std::string_view state) {
    const auto set =
        connection_->run("UPDATE report SET state = $1, lease_owner = '', lease_until = 0 WHERE id = $2",
                         {std::string(state), report});
    if (!set) return set.error();
    return Done{};
}

/// The first ones. True where more are left.
Result<bool> SqlReportStore::delete_some_rows(std::int64_t report) {
    // The counts are as many as the rows, and of the same keys.
    std::optional<std::string> rest;
    const auto found = connection_->run(
        "SELECT row_key FROM report_count WHERE report = $1 ORDER BY row_key LIMIT 1 OFFSET $2",
        {report, rows_at_once}, [&](const SqlRow& row) { rest = row.octets(0); });
    if (!found) return found.error();
    for (const std::string table : {"report_row", "report_count"}) {
        const auto all = "DELETE FROM " + table + " WHERE report = $1";
        const auto deleted = rest
                                 ? connection_->run(all + " AND row_key < $2", {report, SqlOctetsView{*rest}})
                                 : connection_->run(all, {report});
        if (!deleted) return deleted.error();
    }
    return rest.has_value();
}

/// Deletes the rows of a report that is emptying, bit by bit; it is closed with the last of them.
Status SqlReportStore::delete_rows(std::int64_t report) {
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        const auto more = delete_some_rows(report);
        if (!more) return more.error();
        if (!*more) return set_state(report, "closed");
        yield_write_lock(begun);
    }
}

/// After holding it since `taken`: half of the time is left to those who write, as SQLite's lock is not fair;
/// while nobody does, a small part of it, but for now and then, so that whoever begins to has his turn.
void SqlReportStore::yield_write_lock(std::chrono::steady_clock::time_point taken) {
    if (!is_sqlite()) return;
    const std::chrono::steady_clock::duration held = std::chrono::steady_clock::now() - taken;
    const auto whole = std::min(held, longest_yield);
    const bool alone = !others_have_written();
    const bool short_one = alone && ++yields_alone_ % yields_for_a_whole_one != 0;
    std::this_thread::sleep_for(short_one ? whole / part_of_a_whole_one : whole);
}

/// Since it was asked the last time. Where that cannot be told, they have.
bool SqlReportStore::others_have_written() {
    // Changes with each commit of another connection
    // (https://www.sqlite.org/pragma.html#pragma_data_version).
    std::int64_t version = -1;
    const auto asked =
        connection_->run("PRAGMA data_version", {}, [&](const SqlRow& row) { version = row.number(0); });
    return std::exchange(data_version_, version) != version || !asked;
}

}  // namespace defender::store
