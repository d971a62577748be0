// report_bench: how fast a day of records becomes reports, and how much memory that takes.
//
//   report_bench [--records N] [--domains N] [--rows N] [--evidence N] [--postgresql] [--folder F]
//
// Fills a store in folder F with a day of N records about so many policy domains, which make at most so many
// distinct rows, each record with so many octets of evidence; folds them; closes the day. With --postgresql
// the file is a journal, whose records are moved into a PostgreSQL server of the benchmark's own and folded
// and closed there. Prints a line for each part: its time, its rate, and the peak of the resident memory so
// far (of this program, not of the server). Fails where the counts of the reports do not add up to the
// records, or their rows to those that were made.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/config/settings_reader.hpp"
#include "common/report/report_documents.hpp"
#include "common/report/reporting.hpp"
#include "common/store/journal_transfer.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/report_store.hpp"
#include "common/store/sqlite_connection.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/support/postgresql_server.hpp"

namespace {

using namespace defender;
using bench::must;
using bench::print;

struct Options {
    std::uint64_t records = 20000;
    std::uint64_t domains = 200;
    std::uint64_t rows = 2000;
    std::uint64_t evidence = 8;
    bool postgresql = false;
    std::string folder = "report_bench.data";
};

constexpr std::int64_t day = 20000;
constexpr std::uint64_t commit_every = 20000;

/// One record and its author domain: the row-th of the rows that there are.
void insert_record(store::SqlConnection& connection, std::uint64_t number, const Options& options) {
    static const std::string record =
        "INSERT INTO record (host, queue_id, received_at, day, client, helo, mail_from, envelope_from,"
        " author_status, author_domain, exemption, result, requested, disposition, action, auth_results, "
        "reply,"
        " error, milliseconds, evidence, judgement) VALUES ('mx.example', $1, $2, $3, $4, 'helo.example',"
        " $5, $6, 'ok', $7, 'no', 'pass', 'reject', 'none', 'accept', $8, '', '', 3, $9, '{\"v\":1}')"
        " RETURNING id";
    static const std::string domain =
        "INSERT INTO record_domain (record_id, ordinal, deciding, author_domain, policy_domain, "
        "policy_record,"
        " reportable, result, spf_aligned, dkim_aligned, requested, disposition, sampled_out, reasons)"
        " VALUES ($1, 0, 1, $2, $3, $4, 1, 'pass', 1, 1, 'reject', 'none', 0, '[]')";
    // Scattered, so that neighbours in time are of different domains, as in real mail.
    const std::uint64_t row = (number * 2654435761U) % options.rows;
    const std::string name = "d" + std::to_string(row % options.domains) + ".example";
    const std::string client = "192.0." + std::to_string(row / 256 % 256) + "." + std::to_string(row % 256);
    // Rows of a domain differ by their clients, as those of real mail do most; their selectors are two.
    const std::string verdicts = R"({"dkim":[{"domain":")" + name +
                                 R"(","reason":"","result":"pass","selector":"s)" +
                                 std::to_string(row / options.domains % 2 + 1) + R"("}],"spf":[{"domain":")" +
                                 name + R"(","result":"pass","scope":"mfrom"}]})";
    static const std::string evidence(options.evidence, 'e');
    std::int64_t id = 0;
    must(
        connection.run(record,
                       {"Q" + std::to_string(number), day * 86400 + static_cast<std::int64_t>(number % 86400),
                        day, client, "@" + name, name, name, verdicts, evidence},
                       [&id](const store::SqlRow& given) { id = given.number(0); }));
    must(connection.run(domain, {id, name, name, "v=DMARC1; p=reject; rua=mailto:rua@" + name}));
}

void fill(const std::string& path, const Options& options) {
    const bench::Begin began;
    auto connection = must(store::open_sqlite_connection(path, store::OpenMode::read_write));
    for (std::uint64_t number = 0; number < options.records;) {
        auto transaction = must(store::SqlTransaction::begin(*connection));
        for (std::uint64_t i = 0; i < commit_every && number < options.records; ++i) {
            insert_record(*connection, number++, options);
        }
        must(transaction->commit());
    }
    print("records made", options.records, "records", began);
}

void fold(store::ReportStore& reports, const Options& options) {
    const bench::Begin began;
    std::uint64_t folded = 0;
    std::uint64_t tenth = 1;
    while (const auto some = must(reports.fold(report::fold_at_once))) {
        folded += some;
        if (folded * 10 >= tenth * options.records && folded < options.records) {
            print("folded so far", folded, "records", began);
            tenth = folded * 10 / options.records + 1;
        }
    }
    print("folded", folded, "records", began);
    if (folded != options.records) throw std::runtime_error("not all records were folded");
}

/// Octets of what a gzip file holds, as its last four say (RFC 1952 section 2.3.1).
std::uint64_t unpacked_octets(const std::string& file) {
    std::uint64_t octets = 0;
    for (std::size_t i = 1; i <= 4; ++i)
        octets = octets * 256 + static_cast<unsigned char>(file[file.size() - i]);
    return octets;
}

void close(store::ReportStore& reports, const Options& options) {
    const auto settings = config::read_settings("", "defaults").settings->report;
    const bench::Begin began;
    bench::Spent making;
    std::uint64_t closed = 0;
    std::uint64_t messages = 0;
    std::uint64_t rows = 0;
    std::uint64_t octets = 0;
    const store::Lease lease{"bench", (day + 30) * 86400};
    for (;;) {
        const auto some = must(reports.begin_closing((day + 2) * 86400, 0, 0, lease, 50));
        if (some.empty()) break;
        const bench::Begin making_began;
        std::vector<store::ClosedReport> made;
        for (const auto& report : some) {
            messages += report.messages;
            rows += report.rows;
            auto& of_report = made.emplace_back();
            of_report.id = report.id;
            for (auto& document :
                 must(report::make_documents(reports, report, settings, config::ReportSchema::rfc7489,
                                             config::DmarcStandard::rfc7489))) {
                octets += unpacked_octets(document.content);
                of_report.documents.push_back({std::move(document), {}});
            }
        }
        making += making_began.spent();
        if (must(reports.finish_closing(made, lease)).size() != some.size())
            throw std::runtime_error("a lease was lost");
        closed += some.size();
    }
    print("closed", closed, "reports", began);
    print("XML made of rows", octets / 1000000, "MB", making);
    if (messages != options.records) throw std::runtime_error("the reports do not count all records");
    if (rows != std::min(options.rows, options.records))
        throw std::runtime_error("the reports have " + std::to_string(rows) + " rows");
}

void move(const std::string& path, const std::string& database, const Options& options) {
    const auto journal = must(store::Journal::open(path, store::OpenMode::read_write));
    const auto connection = must(store::PostgresqlConnection::make(database));
    must(store::bring_up_to_date(*connection, store::OpenMode::read_write));
    store::JournalTransfer transfer(*journal, *connection);
    const bench::Begin began;
    std::uint64_t moved = 0;
    while (const auto some = must(transfer.step()).moved) moved += some;
    print("moved to PostgreSQL", moved, "records", began);
    if (moved != options.records) throw std::runtime_error("not all records were moved");
}

void run(const Options& options) {
    const auto path = options.folder + "/defender.db";
    fill(path, options);
    std::unique_ptr<store::SqlConnection> connection;
    if (options.postgresql) {
        const auto database = test::PostgresqlServer::instance().make_database();
        move(path, database, options);
        connection = must(store::PostgresqlConnection::make(database));
    } else {
        connection = must(store::open_sqlite_connection(path, store::OpenMode::read_write));
    }
    const auto reports = store::make_report_store(std::move(connection));
    fold(*reports, options);
    close(*reports, options);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Times the way from records to reports.", "report_bench");
    app.add_option("--records", options.records, "Records of the day")->capture_default_str();
    app.add_option("--domains", options.domains, "Policy domains")->capture_default_str();
    app.add_option("--rows", options.rows, "Distinct rows")->capture_default_str();
    app.add_option("--evidence", options.evidence, "Octets of evidence in each")->capture_default_str();
    app.add_flag("--postgresql", options.postgresql, "Report from a PostgreSQL server");
    app.add_option("--folder", options.folder, "Made anew, and removed at the end")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return bench::run("report_bench", options.folder, [&] { run(options); });
}
