/// A report of a store that counted in its rows (schema 3 of SQLite, 2 of PostgreSQL), and what a newer
/// program finds of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/store/report_store.hpp"

namespace defender::test {

/// Two rows of an open report, in the SQL of both databases but for octets: `octets(hex)` writes some.
template <typename Octets>
std::string older_report(Octets octets) {
    const auto row = [&](const std::string& key, const std::string& address, int messages) {
        return "INSERT INTO report_row (report, row_key, source_ip, disposition, dkim_aligned, spf_aligned, "
               "reasons,"
               " header_from, envelope_from, auth_results, messages) VALUES (1, " +
               octets(key) + ", '" + address +
               "', 'reject', 0, 1, '[]', 'example.org', 'b.example.org',"
               " '{\"dkim\":[],\"spf\":[]}', " +
               std::to_string(messages) + ");";
    };
    return "INSERT INTO report (day, policy_domain, policy_record, series, edition, state, spread) VALUES "
           "(20574,"
           " 'example.org', 'v=DMARC1; p=reject', " +
           octets("0A") + ", 1, 'open', 7);" + row("02", "192.0.2.1", 41) + row("01", "192.0.2.2", 2);
}

inline void expect_older_report(store::ReportStore& store) {
    const auto reports = store.open_reports({}, "");
    ASSERT_TRUE(reports) << reports.error().message;
    ASSERT_EQ(reports->size(), 1U);
    const auto& report = reports->front();
    EXPECT_EQ(report.policy_domain, "example.org");
    EXPECT_EQ(report.messages, 43U);
    EXPECT_EQ(report.rows, 2U);
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    const auto read = store.rows(report.id, [&](const store::ReportRow& row) {
        counts.emplace_back(row.source_ip, row.count);
        EXPECT_EQ(row.disposition, "reject");
        EXPECT_EQ(row.envelope_from, "b.example.org");
        EXPECT_TRUE(row.spf_aligned);
        return true;
    });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(counts,
              (std::vector<std::pair<std::string, std::uint64_t>>{{"192.0.2.1", 41}, {"192.0.2.2", 2}}));
    EXPECT_EQ(*store.fold(10), 0U);
    const store::Lease lease{"a", 20575 * 86400};
    ASSERT_TRUE(store.begin_close_of(report.id, lease)->has_value());
    EXPECT_TRUE(*store.finish_close(report.id, lease, {}));
}

}  // namespace defender::test
