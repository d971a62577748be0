#include "common/store/report_sums_writer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/store/postgresql_arrays.hpp"

namespace defender::store {
namespace {

/// The newest edition of a series.
struct NewestEdition {
    std::int64_t report = 0;
    std::int64_t edition = 0;
    bool open = false;
};
using SomeSeries = std::span<const SeriesSum>;

/// A row and the report that it belongs to.
struct RowOfReport {
    std::int64_t report = 0;
    const RowSum* row = nullptr;
    bool first = false;  ///< the report has just been opened: there are no rows of it
};

/// What each kind of database does in its own way.
class ReportTables {
  public:
    explicit ReportTables(SqlConnection& connection) : connection_(connection) {}
    virtual ~ReportTables() = default;
    ReportTables(const ReportTables&) = delete;
    ReportTables& operator=(const ReportTables&) = delete;

    /// Those that there are, by SELECT series, edition, id, state, in that order.
    [[nodiscard]] virtual Status find_editions(SomeSeries some, const SqlConnection::RowHandler& handler) = 0;
    /// Makes open reports of these editions; fills in `report`.
    [[nodiscard]] virtual Status open_editions(SomeSeries some, std::vector<NewestEdition>& editions) = 0;
    [[nodiscard]] virtual Status add(std::span<const RowOfReport> rows) = 0;

  protected:
    [[nodiscard]] Status run(std::string_view sql, const SqlValues& values,
                             const SqlConnection::RowHandler& handler = {}) {
        const auto done = connection_.run(sql, values, handler);
        if (!done) return done.error();
        return Done{};
    }
    SqlConnection& connection_;
};

/// Ids of reports that are closed one after another: the tables lie in the order of the ids, so that what is
/// closed together lies together, in whatever order it was folded.
struct IdRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Where they are used up, SQLite gives others, which lie elsewhere. Six octets hold an id until 2059.
IdRange ids_of(UtcDay day, std::int64_t spread) {
    constexpr unsigned bits_of_spread = 16;
    constexpr unsigned bits_of_number = 16;
    constexpr std::int64_t days = std::int64_t{1} << 24U;  // others, of clocks that are far off, share two
    const auto some_day = static_cast<std::uint64_t>(std::clamp<std::int64_t>(day.number, 0, days - 1));
    const auto place = (some_day << bits_of_spread) | static_cast<std::uint64_t>(spread);
    const auto first = static_cast<std::int64_t>(place << bits_of_number) + 1;
    return {first, first + (std::int64_t{1} << bits_of_number) - 2};
}

class SqliteReportTables final : public ReportTables {
  public:
    using ReportTables::ReportTables;

    Status find_editions(SomeSeries some, const SqlConnection::RowHandler& handler) override {
        for (const auto& series : some) {
            auto found =
                run("SELECT series, edition, id, state FROM report WHERE series = $1 ORDER BY edition",
                    {SqlOctetsView{octets_of(series.key)}}, handler);
            if (!found) return found;
        }
        return Done{};
    }

    Status open_editions(SomeSeries some, std::vector<NewestEdition>& editions) override {
        for (std::size_t i = 0; i < some.size(); ++i) {
            if (editions[i].open) continue;
            const auto& series = some[i].series;
            const auto spread = spread_of(some[i].key);
            const auto ids = ids_of(series.day, spread);
            auto made = run(
                "INSERT INTO report (id, day, policy_domain, policy_record, series, edition, state, spread)"
                " VALUES (nullif(coalesce((SELECT id FROM report WHERE id BETWEEN $1 AND $2"
                " ORDER BY id DESC LIMIT 1), $1 - 1), $2) + 1, $3, $4, $5, $6, $7, 'open', $8) RETURNING id",
                {ids.first, ids.last, series.day.number, SqlTextView{series.policy_domain},
                 SqlTextView{series.policy_record}, SqlOctetsView{octets_of(some[i].key)},
                 editions[i].edition + 1, spread},
                [&](const SqlRow& row) { editions[i].report = row.number(0); });
            if (!made) return made;
        }
        return Done{};
    }

    Status add(std::span<const RowOfReport> rows) override {
        for (const auto& each : rows) {
            const auto known = each.first ? Result<bool>(false) : add_messages(each);
            if (!known) return known.error();
            if (*known) continue;
            if (auto added = add_row(each); !added) return added;
        }
        return Done{};
    }

  private:
    /// False where there is no such row.
    Result<bool> add_messages(const RowOfReport& each) {
        const auto counted = connection_.run(
            "UPDATE report_count SET messages = messages + $1 WHERE report = $2 AND row_key = $3",
            {each.row->messages(), each.report, SqlOctetsView{octets_of(each.row->key)}});
        if (!counted) return counted.error();
        return *counted > 0;
    }

    Status add_row(const RowOfReport& each) {
        const SqlOctetsView key{octets_of(each.row->key)};
        auto begun = run("INSERT INTO report_count (report, row_key, messages) VALUES ($1, $2, $3)",
                         {each.report, key, each.row->messages()});
        if (!begun) return begun;
        const auto tuple = each.row->tuple();
        return run(
            "INSERT INTO report_row (report, row_key, source_ip, disposition, dkim_aligned, spf_aligned,"
            " reasons, header_from, envelope_from, auth_results)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            {each.report, key, SqlTextView{tuple.source_ip}, SqlTextView{tuple.disposition},
             std::int64_t{tuple.dkim_aligned}, std::int64_t{tuple.spf_aligned}, SqlTextView{tuple.reasons},
             SqlTextView{tuple.header_from}, SqlTextView{tuple.envelope_from},
             SqlTextView{tuple.auth_results}});
    }
};

class PostgresqlReportTables final : public ReportTables {
  public:
    using ReportTables::ReportTables;

    /// Locks them, so that what is open stays open until the end of the transaction.
    Status find_editions(SomeSeries some, const SqlConnection::RowHandler& handler) override {
        PostgresqlArray keys;
        for (const auto& series : some) keys.add_octets(octets_of(series.key));
        return run(
            "SELECT series, edition, id, state FROM report WHERE series = ANY ($1::bytea[])"
            " ORDER BY series, edition FOR UPDATE",
            {keys.take()}, handler);
    }

    Status open_editions(SomeSeries some, std::vector<NewestEdition>& editions) override {
        PostgresqlArray days, domains, records, keys, numbers, spreads;
        std::vector<std::pair<std::string, NewestEdition*>> made;
        for (std::size_t i = 0; i < some.size(); ++i) {
            if (editions[i].open) continue;
            const auto& series = some[i].series;
            made.emplace_back(octets_of(some[i].key), &editions[i]);
            days.add(series.day.number);
            domains.add(series.policy_domain);
            records.add(series.policy_record);
            keys.add_octets(made.back().first);
            numbers.add(editions[i].edition + 1);
            spreads.add(spread_of(some[i].key));
        }
        if (made.empty()) return Done{};
        return run(
            "INSERT INTO report (day, policy_domain, policy_record, series, edition, state, spread)"
            " SELECT day, policy_domain, policy_record, series, edition, 'open', spread"
            " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[])"
            " AS fresh (day, policy_domain, policy_record, series, edition, spread) RETURNING series, id",
            {days.take(), domains.take(), records.take(), keys.take(), numbers.take(), spreads.take()},
            [&](const SqlRow& row) {
                const auto of_series =
                    std::lower_bound(made.begin(), made.end(), row.octets(0),
                                     [](const auto& each, const auto& key) { return each.first < key; });
                of_series->second->report = row.number(1);
            });
    }

    Status add(std::span<const RowOfReport> rows) override {
        PostgresqlArray reports, keys, messages;
        for (const auto& each : rows) {
            reports.add(each.report);
            keys.add_octets(octets_of(each.row->key));
            messages.add(each.row->messages());
        }
        const SqlValue all_reports = reports.take();
        const SqlValue all_keys = keys.take();
        std::vector<RowOfReport> fresh;
        auto done = run(
            "SELECT place FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS r (report, row_key, "
            "place)"
            " WHERE NOT EXISTS (SELECT FROM report_count AS c"
            " WHERE c.report = r.report AND c.row_key = r.row_key)",
            {all_reports, all_keys},
            [&](const SqlRow& row) { fresh.push_back(rows[static_cast<std::size_t>(row.number(0) - 1)]); });
        if (!done) return done;
        if (done = add_texts(fresh); !done) return done;
        return run(
            "INSERT INTO report_count (report, row_key, messages)"
            " SELECT report, row_key, messages FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])"
            " AS r (report, row_key, messages)"
            " ON CONFLICT (report, row_key) DO UPDATE SET messages = report_count.messages + "
            "excluded.messages",
            {all_reports, all_keys, messages.take()});
    }

  private:
    Status add_texts(std::span<const RowOfReport> rows) {
        PostgresqlArray reports, keys, sources, dispositions, dkim, spf, reasons, authors, envelopes, results;
        for (const auto& each : rows) {
            const auto tuple = each.row->tuple();
            reports.add(each.report);
            keys.add_octets(octets_of(each.row->key));
            sources.add(tuple.source_ip);
            dispositions.add(tuple.disposition);
            dkim.add(std::int64_t{tuple.dkim_aligned});
            spf.add(std::int64_t{tuple.spf_aligned});
            reasons.add(tuple.reasons);
            authors.add(tuple.header_from);
            envelopes.add(tuple.envelope_from);
            results.add(tuple.auth_results);
        }
        if (rows.empty()) return Done{};
        return run(
            "INSERT INTO report_row (report, row_key, source_ip, disposition, dkim_aligned, spf_aligned,"
            " reasons, header_from, envelope_from, auth_results)"
            " SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bigint[],"
            " $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[])",
            {reports.take(), keys.take(), sources.take(), dispositions.take(), dkim.take(), spf.take(),
             reasons.take(), authors.take(), envelopes.take(), results.take()});
    }
};

std::unique_ptr<ReportTables> tables_of(SqlConnection& connection) {
    if (connection.dialect() == SqlDialect::sqlite) return std::make_unique<SqliteReportTables>(connection);
    return std::make_unique<PostgresqlReportTables>(connection);
}

/// The newest edition of each series, with the open report that it is by now.
Result<std::vector<NewestEdition>> open_reports_of(ReportTables& tables, SomeSeries some) {
    std::vector<NewestEdition> editions(some.size());
    std::size_t at = 0;
    auto found = tables.find_editions(some, [&](const SqlRow& row) {
        // Both are in the order of the keys.
        const auto series = row.octets(0);
        while (octets_of(some[at].key) != series) ++at;
        editions[at] = {row.number(2), row.number(1), row.text(3) == "open"};
    });
    if (!found) return found.error();
    if (auto opened = tables.open_editions(some, editions); !opened) return opened.error();
    return editions;
}

}  // namespace

Status write_sums(SqlConnection& connection, const SortedSums& sums, std::span<const RowSum> rows) {
    if (rows.empty()) return Done{};
    const auto tables = tables_of(connection);
    const auto first = rows.front().series;
    const auto some = std::span(sums.series).subspan(first, rows.back().series - first + 1);
    const auto reports = open_reports_of(*tables, some);
    if (!reports) return reports.error();
    std::vector<RowOfReport> of_reports;
    of_reports.reserve(rows.size());
    for (const auto& row : rows) {
        const auto& edition = reports.value()[row.series - first];
        of_reports.push_back({edition.report, &row, !edition.open});
    }
    return tables->add(of_reports);
}

}  // namespace defender::store
