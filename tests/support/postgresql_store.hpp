/// What tests of records on their way into PostgreSQL share: settings of a database and a journal of their
/// own, records that are told apart, and a look at what has arrived.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/store/stores.hpp"
#include "tests/support/postgresql_server.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::test {

template <typename T>
T unwrap(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

class PostgresqlStore {
  public:
    PostgresqlStore() {
        settings.path = folder.file("defender.db");
        settings.postgresql = PostgresqlServer::instance().make_database();
        settings.journal_max = 1000000;
        settings.queue_max = 1000000;
    }

    [[nodiscard]] std::string database() const { return database_of(settings.postgresql); }
    std::string sql(const std::string& statements) const {
        return PostgresqlServer::instance().sql(database(), statements);
    }
    /// Another host with a journal of its own and the same database.
    [[nodiscard]] config::StoreSettings other_host(const std::string& name) const {
        auto other = settings;
        other.path = folder.file(name);
        return other;
    }
    /// "RECORDS DOMAINS" that have arrived.
    [[nodiscard]] std::string arrived() const {
        return sql("SELECT (SELECT count(*) FROM record) || ' ' || (SELECT count(*) FROM record_domain)");
    }
    /// Queue ids in the order of their ids, of all journals together.
    [[nodiscard]] std::string queue_ids() const {
        return sql("SELECT coalesce(string_agg(queue_id, ' ' ORDER BY journal, id), '') FROM record");
    }

    TemporaryFolder folder;
    config::StoreSettings settings;
};

/// Records of one domain each, named PREFIX0, PREFIX1, ….
inline std::vector<store::Record> records_named(const std::string& prefix, int count) {
    std::vector<store::Record> records;
    for (int i = 0; i < count; ++i) {
        auto record = plain_record(prefix + std::to_string(i), 1777636800 + i);
        record.judgement.domains.resize(1);
        record.judgement.domains[0].author_domain = "example.org";
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace defender::test
