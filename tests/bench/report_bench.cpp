// report_bench: how fast a day of records becomes reports, and how much memory that takes.
//
//   report_bench [--records N] [--domains N] [--rows N] [--evidence N] [--postgresql] [--folder F]
//
// Fills a store in folder F with a day of N records about so many policy domains, which make at most so many
// distinct rows, each record with so many octets of evidence; folds them; makes the XML of some reports by
// one thread, as `defenderctl report preview` does; closes the day, as the reporter does. With --postgresql
// the file is a journal, whose records are moved into a PostgreSQL server of the benchmark's own and folded
// and closed there. Prints a line for each part: its time, its rate, and the peak of the resident memory so
// far (of this program, not of the server). XML is counted before it is compressed. Fails where the counts of
// the reports do not add up to the records, or their rows to those that were made.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/config/settings_reader.hpp"
#include "common/log/log.hpp"
#include "common/metrics/metrics.hpp"
#include "common/report/report_documents.hpp"
#include "common/report/reporting.hpp"
#include "common/report/reporting_tools.hpp"
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

/// Where reports are made: the file, or PostgreSQL where it is named.
struct Database {
    std::string file;
    std::string postgresql;

    [[nodiscard]] std::unique_ptr<store::SqlConnection> connect() const {
        if (postgresql.empty()) return must(store::open_sqlite_connection(file, store::OpenMode::read_write));
        return must(store::PostgresqlConnection::make(postgresql));
    }
};

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
    must(connection.run(record,
                        {"Q" + std::to_string(number),
                         day * 86400 + static_cast<std::int64_t>(number * 86400 / options.records), day,
                         client, "@" + name, name, name, verdicts, evidence},
                        [&id](const store::SqlRow& given) { id = given.number(0); }));
    must(connection.run(domain, {id, name, name, "v=DMARC1; p=reject; rua=mailto:rua@" + name}));
}

void fill(const std::string& path, const Options& options) {
    const bench::Begin began;
    auto connection = must(store::open_sqlite_connection(path, store::OpenMode::read_write));
    // What is written need not survive a crash here, nor be written twice.
    must(connection->execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"));
    for (std::uint64_t number = 0; number < options.records;) {
        auto transaction = must(store::SqlTransaction::begin(*connection));
        for (std::uint64_t i = 0; i < commit_every && number < options.records; ++i) {
            insert_record(*connection, number++, options);
        }
        must(transaction->commit());
    }
    must(connection->execute("PRAGMA journal_mode = WAL"));
    ::sync();  // of a day's records a host has written nearly all before they are folded
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

void make_xml(const Database& database, const config::Settings& settings) {
    constexpr std::size_t most_reports = 5000;
    const auto reports = store::make_report_store(database.connect());
    auto some = must(reports->open_reports(std::nullopt, ""));
    some.resize(std::min(some.size(), most_reports));
    const bench::Begin began;
    std::uint64_t octets = 0;
    for (const auto& report : some) {
        for (const auto& document :
             must(report::make_documents(*reports, report, settings.report, config::ReportSchema::rfc7489,
                                         config::DmarcStandard::rfc7489))) {
            octets += unpacked_octets(document.content);
        }
    }
    bench::print_megabytes("XML made by one thread", octets, began.spent());
}

void close(const Database& database, const config::Settings& settings, const Options& options) {
    const auto store = store::make_report_store(database.connect());
    const auto reader = store::make_report_store(database.connect());
    metrics::Metrics metrics;
    const auto tools = must(report::ReportingTools::make(settings, metrics.dns()));
    report::Reporting reporting(tools->parts(*store, *reader), settings, "bench");
    const bench::Begin began;
    must(reporting.close_due((day + 2) * 86400, [] { return false; }));
    const auto spent = began.spent();
    print("closed", reporting.counts().closed, "reports", spent);
    std::uint64_t octets = 0, messages = 0, rows = 0;
    must(database.connect()->run("SELECT content, messages, row_count FROM document", {},
                                 [&](const store::SqlRow& row) {
                                     octets += unpacked_octets(row.octets(0));
                                     messages += static_cast<std::uint64_t>(row.number(1));
                                     rows += static_cast<std::uint64_t>(row.number(2));
                                 }));
    bench::print_megabytes("XML written by closing", octets, spent);
    if (messages != options.records) throw std::runtime_error("the reports do not count all records");
    if (rows != std::min(options.rows, options.records))
        throw std::runtime_error("the reports have " + std::to_string(rows) + " rows");
}

void move(const Database& database, const Options& options) {
    const auto journal = must(store::Journal::open(database.file, store::OpenMode::read_write));
    const auto connection = must(store::PostgresqlConnection::make(database.postgresql));
    must(store::bring_up_to_date(*connection, store::OpenMode::read_write));
    store::JournalTransfer transfer(*journal, *connection);
    const bench::Begin began;
    std::uint64_t moved = 0;
    while (const auto some = must(transfer.step()).moved) moved += some;
    print("moved to PostgreSQL", moved, "records", began);
    if (moved != options.records) throw std::runtime_error("not all records were moved");
}

config::Settings settings_of_a_reporter() {
    auto settings = *config::default_settings();
    settings.report.enabled = true;
    settings.report.email = "reports@receiver.example";
    return settings;
}

void run(const Options& options) {
    log::configure(log::Level::warning, log::Target::stderr_);
    const auto settings = settings_of_a_reporter();
    Database database{options.folder + "/defender.db", ""};
    fill(database.file, options);
    if (options.postgresql) {
        database.postgresql = test::PostgresqlServer::instance().make_database();
        move(database, options);
    }
    fold(*store::make_report_store(database.connect()), options);
    make_xml(database, settings);
    close(database, settings, options);
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
