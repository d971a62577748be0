#include <chrono>
#include <thread>

#include "common/store/report_row_json.hpp"
#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

/// Rows deleted by one transaction: some milliseconds of holding SQLite's write lock.
constexpr std::int64_t rows_at_once = 2000;

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

Result<ReportRow> row_of(const SqlRow& columns) {
    ReportRow row;
    row.source_ip = columns.text(0);
    row.header_from = columns.text(1);
    row.envelope_from = columns.text(2);
    row.disposition = columns.text(3);
    row.dkim_aligned = columns.number(4) != 0;
    row.spf_aligned = columns.number(5) != 0;
    row.count = static_cast<std::uint64_t>(columns.number(8));
    if (auto read = read_reasons(columns.text(6), row); !read) return read.error();
    if (auto read = read_auth_results(columns.text(7), row); !read) return read.error();
    return row;
}

}  // namespace

Result<std::vector<Report>> SqlReportStore::open_reports(std::optional<UtcDay> day,
                                                         const std::string& policy_domain) {
    std::string sql = "SELECT " + std::string(report_columns) +
                      ", (SELECT sum(messages) FROM report_row WHERE report_row.report = report.id),"
                      " (SELECT count(*) FROM report_row WHERE report_row.report = report.id)"
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

Result<std::optional<Report>> SqlReportStore::begin_close(UtcSeconds now, std::int64_t delay_seconds,
                                                          std::int64_t spread_seconds, const Lease& lease) {
    const SqlUnhurriedCommits unhurried(*connection_);  // undone, the report is open as before
    auto left = take_report("state = 'closing' AND lease_until <= $3", {lease.owner, lease.until, now});
    if (!left || left.value()) return counted(std::move(left));
    return counted(take_report(
        "state = 'open' AND (day + 1) * 86400 <= $3 AND (day + 1) * 86400 + spread * $4 / 65536 <= $3",
        {lease.owner, lease.until, now - delay_seconds, spread_seconds}));
}

Result<std::optional<Report>> SqlReportStore::begin_close_of(std::int64_t report, const Lease& lease) {
    return counted(take_report("state = 'open' AND id = $3", {lease.owner, lease.until, report}));
}

/// Makes the first report that meets the condition closing. The values of the lease come first.
Result<std::optional<Report>> SqlReportStore::take_report(std::string_view condition,
                                                          const SqlValues& values) {
    // What another is just taking is passed over, not waited for.
    const std::string sql =
        "UPDATE report SET state = 'closing', lease_owner = $1, lease_until = $2 WHERE id ="
        " (SELECT id FROM report WHERE " +
        std::string(condition) + " ORDER BY day, spread, id LIMIT 1" +
        (is_sqlite() ? "" : " FOR UPDATE SKIP LOCKED") + ") RETURNING " + std::string(report_columns);
    std::optional<Report> report;
    const auto done = connection_->run(sql, values, [&](const SqlRow& row) { report = report_of(row); });
    if (!done) return done.error();
    return report;
}

/// With its messages and rows, which are final. Not in the step before: that one would hold the lock of the
/// database meanwhile, and in PostgreSQL count what it saw before it had waited for a fold to end.
Result<std::optional<Report>> SqlReportStore::counted(Result<std::optional<Report>> taken) {
    if (!taken || !taken.value()) return taken;
    auto& report = *taken.value();
    const auto done = connection_->run("SELECT count(*), sum(messages) FROM report_row WHERE report = $1",
                                       {report.id}, [&](const SqlRow& row) {
                                           report.rows = static_cast<std::uint64_t>(row.number(0));
                                           report.messages = static_cast<std::uint64_t>(row.number(1));
                                       });
    if (!done) return done.error();
    return taken;
}

Status SqlReportStore::rows(std::int64_t report, const std::function<bool(const ReportRow&)>& handler) {
    bool wanted = true;
    std::optional<Error> failed;
    const auto read = [&](const SqlRow& columns) {
        if (!wanted || failed) return;
        const auto row = row_of(columns);
        if (!row)
            return void(failed = Error{"report " + std::to_string(report) + ": " + row.error().message});
        wanted = handler(*row);
    };
    const auto done = connection_->run(
        "SELECT source_ip, header_from, envelope_from, disposition, dkim_aligned, spf_aligned, reasons,"
        " auth_results, messages FROM report_row WHERE report ="
        " (SELECT id FROM report WHERE id = $1 AND state IN ('open', 'closing'))"
        " ORDER BY source_ip, header_from, envelope_from, disposition, dkim_aligned, spf_aligned, reasons,"
        " auth_results",
        {report}, read);
    if (!done) return done.error();
    if (failed) return *failed;
    return Done{};
}

Result<bool> SqlReportStore::finish_close(std::int64_t report, const Lease& lease,
                                          const std::vector<NewDocument>& documents) {
    // Undone, the report is closing or open as before and none of its documents is on its way: the step to
    // *sending* waits for the disk, and so for this one.
    const SqlUnhurriedCommits unhurried(*connection_);
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    const auto closed = connection_->run(
        "UPDATE report SET state = 'emptying', lease_owner = '', lease_until = 0"
        " WHERE id = $1 AND state = 'closing' AND lease_owner = $2 AND lease_until = $3",
        {report, lease.owner, lease.until});
    if (!closed) return closed.error();
    if (*closed == 0) return false;
    for (const auto& each : documents) {
        const auto inserted = insert_document(each, report);
        if (!inserted) return inserted.error();
        if (!*inserted) return Error{"there is a report " + each.document.report_id + " already"};
    }
    const auto more = delete_some_rows(report);
    if (!more) return more.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    // It is closed by now; where this fails, the rest is cleared away later.
    if (*more) static_cast<void>(delete_rows(report));
    return true;
}

/// Deletes rows of a report that is emptying; it is closed with the last of them. True where more may be
/// left.
Result<bool> SqlReportStore::delete_some_rows(std::int64_t report) {
    const auto deleted = connection_->run(
        "DELETE FROM report_row WHERE report = $1 AND row_key IN"
        " (SELECT row_key FROM report_row WHERE report = $1 LIMIT $2)",
        {report, rows_at_once});
    if (!deleted) return deleted.error();
    if (*deleted == static_cast<std::uint64_t>(rows_at_once)) return true;
    const auto closed =
        connection_->run("UPDATE report SET state = 'closed' WHERE id = $1 AND state = 'emptying'", {report});
    if (!closed) return closed.error();
    return false;
}

Status SqlReportStore::delete_rows(std::int64_t report) {
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        const auto more = delete_some_rows(report);
        if (!more) return more.error();
        if (!*more) return Done{};
        // Half of the time is left to those who write, as SQLite's lock is not fair.
        if (is_sqlite()) std::this_thread::sleep_for(std::chrono::steady_clock::now() - begun);
    }
}

}  // namespace defender::store
