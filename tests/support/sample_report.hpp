/// What the tests of the report store stand on: judged messages as rows of records, documents with their
/// deliveries, and the two kinds of database with a journal to append to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/postgresql_connection.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/record_row.hpp"
#include "common/store/report_store.hpp"
#include "common/store/sqlite_connection.hpp"
#include "tests/support/postgresql_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::test {

/// 2026-05-01.
inline constexpr UtcDay sample_day{20574};
inline constexpr UtcSeconds sample_noon = sample_day.number * 86400 + 43200;
inline constexpr const char* sample_policy = "v=DMARC1; p=reject; rua=mailto:d@example.org";

/// One message with one author domain that is reported on.
inline store::RecordRow judged_message(const std::string& policy_domain = "example.org",
                                       UtcSeconds received_at = sample_noon) {
    store::RecordRow row;
    row.host = "mx.example.net";
    row.queue_id = "4F2A1B";
    row.received_at = received_at;
    row.day = UtcDay::of(received_at);
    row.client = "192.0.2.1";
    row.envelope_from = "bounce." + policy_domain;
    row.auth_results = R"({"dkim":[{"domain":"example.org","selector":"s1","result":"pass","reason":""}],)"
                       R"("spf":[{"domain":"bounce.example.org","scope":"mfrom","result":"softfail"}]})";
    row.evidence = row.judgement = "{}";
    store::RecordDomainRow domain;
    domain.deciding = domain.reportable = domain.dkim_aligned = true;
    domain.author_domain = domain.policy_domain = policy_domain;
    domain.policy_record = sample_policy;
    domain.result = "pass";
    domain.requested = "reject";
    domain.disposition = "none";
    domain.reasons = "[]";
    row.domains = {domain};
    return row;
}

inline std::vector<store::RecordRow> judged_messages(std::size_t count, const store::RecordRow& message) {
    return std::vector<store::RecordRow>(count, message);
}

/// A document with one delivery that is due at once.
inline store::NewDocument sample_document(const std::string& report_id, UtcSeconds made_at = sample_noon) {
    store::NewDocument made;
    auto& document = made.document;
    document.kind = store::DocumentKind::aggregate;
    document.report_id = report_id;
    document.policy_domain = "example.org";
    document.day = sample_day;
    document.schema = "rfc7489";
    document.filename = "example.net!example.org!" + report_id + ".xml.gz";
    document.content = std::string("\x1f\x8b\0\xff content of ", 15) + report_id;
    document.messages = 7;
    document.rows = 3;
    document.made_at = made_at;
    store::Delivery delivery;
    delivery.uri = "mailto:d@example.org";
    delivery.address = "d@example.org";
    delivery.next_at = delivery.changed_at = made_at;
    made.deliveries = {delivery};
    return made;
}

/// The value, or an exception that says why there is none.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

/// One database of a test. Any thread may open more connections to it.
class ReportDatabase {
  public:
    virtual ~ReportDatabase() = default;
    [[nodiscard]] virtual std::unique_ptr<store::SqlConnection> open() = 0;
    [[nodiscard]] std::unique_ptr<store::ReportStore> open_store(const store::FoldBounds& bounds = {}) {
        return store::make_report_store(open(), bounds);
    }

    /// Appends to a journal as a gateway does; SQLite has but one.
    void append(const std::vector<store::RecordRow>& rows, const std::string& journal = "one") {
        const auto connection = open();
        const bool sqlite = connection->dialect() == store::SqlDialect::sqlite;
        auto transaction = must(store::SqlTransaction::begin(*connection));
        auto& id = ids_[sqlite ? "" : journal];
        if (!sqlite && id == 0) must(connection->run(new_journal, {journal}));
        for (const auto& row : rows) {
            if (!sqlite) must(connection->run("SELECT defender_make_day($1)", {row.day.number}));
            insert(*connection, row, ++id, sqlite ? "" : journal);
        }
        must(transaction->commit());
    }

    /// The first column of the first row of a statement.
    std::int64_t number(std::string_view sql) {
        std::int64_t found = 0;
        must(open()->run(sql, {}, [&](const store::SqlRow& row) { found = row.number(0); }));
        return found;
    }

  private:
    static constexpr std::string_view new_journal =
        "INSERT INTO journal (journal, host, folded_id) VALUES ($1, 'mx.example.net', 0)";

    static void insert_values(store::SqlConnection& connection, const std::string& table,
                              const std::string& columns, store::SqlValues values,
                              const std::string& journal) {
        std::string names = columns;
        if (!journal.empty()) {
            names += ", journal";
            values.emplace_back(journal);
        }
        std::string parameters;
        for (std::size_t i = 1; i <= values.size(); ++i) {
            parameters += (i > 1 ? ", $" : "$") + std::to_string(i);
        }
        const auto sql = "INSERT INTO " + table + " (" + names + ") VALUES (" + parameters + ")";
        must(connection.run(sql, values));
    }

    static void insert(store::SqlConnection& connection, const store::RecordRow& row, std::int64_t id,
                       const std::string& journal) {
        insert_values(connection, "record",
                      "id, host, queue_id, received_at, day, client, helo, mail_from, envelope_from,"
                      " author_status, author_domain, exemption, result, requested, disposition, action,"
                      " auth_results, reply, error, milliseconds, evidence, judgement",
                      {id,
                       row.host,
                       row.queue_id,
                       row.received_at,
                       row.day.number,
                       row.client,
                       row.helo,
                       row.mail_from,
                       row.envelope_from,
                       row.author_status,
                       row.author_domain,
                       row.exemption,
                       row.result,
                       row.requested,
                       row.disposition,
                       row.action,
                       row.auth_results,
                       row.reply,
                       row.error,
                       row.milliseconds,
                       row.evidence,
                       row.judgement},
                      journal);
        std::int64_t ordinal = 0;
        for (const auto& domain : row.domains) {
            std::string columns =
                "record_id, ordinal, deciding, author_domain, policy_domain, policy_record, reportable,"
                " result, spf_aligned, dkim_aligned, requested, disposition, sampled_out, reasons";
            store::SqlValues values{id,
                                    ordinal++,
                                    std::int64_t{domain.deciding},
                                    domain.author_domain,
                                    domain.policy_domain,
                                    domain.policy_record,
                                    std::int64_t{domain.reportable},
                                    domain.result,
                                    std::int64_t{domain.spf_aligned},
                                    std::int64_t{domain.dkim_aligned},
                                    domain.requested,
                                    domain.disposition,
                                    std::int64_t{domain.sampled_out},
                                    domain.reasons};
            if (!journal.empty()) {
                columns += ", day";
                values.emplace_back(row.day.number);
            }
            insert_values(connection, "record_domain", columns, values, journal);
        }
    }

    std::map<std::string, std::int64_t> ids_;  ///< the last of each journal
};

class SqliteReportDatabase final : public ReportDatabase {
  public:
    std::unique_ptr<store::SqlConnection> open() override {
        return must(store::open_sqlite_connection(path(), store::OpenMode::read_write));
    }
    [[nodiscard]] std::string path() const { return folder_.file("defender.db"); }

  private:
    TemporaryFolder folder_;
};

class PostgresqlReportDatabase final : public ReportDatabase {
  public:
    std::unique_ptr<store::SqlConnection> open() override {
        auto connection = must(store::PostgresqlConnection::make(name_));
        must(store::migrate(*connection, store::postgresql_migrations()));
        return connection;
    }

  private:
    std::string name_ = PostgresqlServer::instance().make_database();
};

/// For tests that hold on every kind of database.
struct ReportDatabaseKind {
    const char* name;
    std::function<std::unique_ptr<ReportDatabase>()> make;
};
inline void PrintTo(const ReportDatabaseKind& kind, std::ostream* out) {
    *out << kind.name;
}
inline std::vector<ReportDatabaseKind> report_database_kinds() {
    return {{"Sqlite", [] { return std::make_unique<SqliteReportDatabase>(); }},
            {"Postgresql", [] { return std::make_unique<PostgresqlReportDatabase>(); }}};
}

}  // namespace defender::test
