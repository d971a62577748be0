// report_bench: how fast a day of records becomes reports, and how much memory that takes.
//
//   report_bench [--records N] [--domains N] [--rows N] [--folder F]
//
// Fills a store in folder F with a day of N records about so many policy domains, which make at most so many
// distinct rows; folds them; closes the day. Prints a line for each part: its time, its rate, and the peak of
// the resident memory so far. Fails where the counts of the reports do not add up to the records.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/config/settings_reader.hpp"
#include "common/report/report_documents.hpp"
#include "common/store/report_store.hpp"
#include "common/store/sqlite_connection.hpp"
#include "tests/bench/bench_support.hpp"

namespace {

using namespace defender;
using bench::Clock;
using bench::must;
using bench::print;

struct Options {
    std::uint64_t records = 20000;
    std::uint64_t domains = 200;
    std::uint64_t rows = 2000;
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
        " $5, $6, 'ok', $7, 'no', 'pass', 'reject', 'none', 'accept', $8, '', '', 3, '{\"v\":1}', "
        "'{\"v\":1}')"
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
    const std::string verdicts =
        R"({"dkim":[{"domain":")" + name + R"(","reason":"","result":"pass","selector":"s)" +
        std::to_string(row) + R"("}],"spf":[{"domain":")" + name + R"(","result":"pass","scope":"mfrom"}]})";
    std::int64_t id = 0;
    must(
        connection.run(record,
                       {"Q" + std::to_string(number), day * 86400 + static_cast<std::int64_t>(number % 86400),
                        day, client, "@" + name, name, name, verdicts},
                       [&id](const store::SqlRow& given) { id = given.number(0); }));
    must(connection.run(domain, {id, name, name, "v=DMARC1; p=reject; rua=mailto:rua@" + name}));
}

void fill(const std::string& path, const Options& options) {
    const auto began = Clock::now();
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
    const auto began = Clock::now();
    std::uint64_t folded = 0;
    std::uint64_t tenth = 1;
    while (const auto some = must(reports.fold(10000))) {
        folded += some;
        if (folded * 10 >= tenth * options.records && folded < options.records) {
            print("folded so far", folded, "records", began);
            tenth = folded * 10 / options.records + 1;
        }
    }
    print("folded", folded, "records", began);
    if (folded != options.records) throw std::runtime_error("not all records were folded");
}

void close(store::ReportStore& reports, const Options& options) {
    const auto settings = config::read_settings("", "defaults").settings->report;
    const auto began = Clock::now();
    std::uint64_t closed = 0;
    std::uint64_t messages = 0;
    const store::Lease lease{"bench", (day + 30) * 86400};
    while (const auto report = must(reports.begin_close((day + 2) * 86400, 0, 0, lease))) {
        messages += report->messages;
        std::vector<store::NewDocument> documents;
        for (auto& made :
             must(report::make_documents(reports, *report, settings, config::ReportSchema::rfc7489,
                                         config::DmarcStandard::rfc7489))) {
            documents.push_back({std::move(made), {}});
        }
        if (!must(reports.finish_close(report->id, lease, documents))) throw std::runtime_error("lease lost");
        ++closed;
    }
    print("closed", closed, "reports", began);
    if (messages != options.records) throw std::runtime_error("the reports do not count all records");
}

void run(const Options& options) {
    const auto path = options.folder + "/defender.db";
    fill(path, options);
    const auto reports =
        store::make_report_store(must(store::open_sqlite_connection(path, store::OpenMode::read_write)));
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
    app.add_option("--folder", options.folder, "Made anew, and removed at the end")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return bench::run("report_bench", options.folder, [&] { run(options); });
}
