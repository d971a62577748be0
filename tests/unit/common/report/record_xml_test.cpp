#include "common/report/record_xml.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "common/report/report_xml.hpp"
#include "tests/support/sample_report_rows.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

PublishedPolicy sample_policy() {
    return published_policy(test::sample_report_of_day()).value();
}

/// A row's XML as it is where nothing is kept.
std::string alone(const store::ReportRow& row, ReportSchema schema = ReportSchema::rfc7489) {
    return xml_record(report_record(row, sample_policy(), schema).value());
}

/// What changes a row in one thing each.
std::vector<std::function<void(store::ReportRow&)>> changes() {
    using store::ReportRow;
    return {
        [](ReportRow&) {},
        [](ReportRow& row) { row.disposition = "reject"; },
        [](ReportRow& row) { row.dkim_aligned = !row.dkim_aligned; },
        [](ReportRow& row) { row.spf_aligned = !row.spf_aligned; },
        [](ReportRow& row) {
            row.reasons = {{"local_policy", ""}};
        },
        [](ReportRow& row) {
            row.reasons = {{"local_policy", "<count>5</count>"}};
        },
        [](ReportRow& row) { row.header_from = "<source_ip>"; },
        [](ReportRow& row) { row.envelope_from.clear(); },
        // The same octets, in other fields.
        [](ReportRow& row) {
            row.envelope_from = row.header_from + row.envelope_from;
            row.header_from.clear();
        },
        [](ReportRow& row) { row.dkim.clear(); },
        [](ReportRow& row) { row.dkim[0].selector = "s2"; },
        [](ReportRow& row) { row.dkim.push_back(row.dkim[0]); },
        [](ReportRow& row) { row.dkim[0].result = "fail"; },
        [](ReportRow& row) { row.dkim[0].reason = "a reason"; },
        [](ReportRow& row) { row.spf.clear(); },
        [](ReportRow& row) { row.spf[0].scope = "helo"; },
        [](ReportRow& row) { row.spf.push_back(row.spf[0]); },
        [](ReportRow& row) { row.spf[0].domain = "a\r\n\xff&.example"; },
    };
}

TEST(RecordXml, IsThatOfEachRowAlone) {
    const auto policy = sample_policy();
    for (const auto schema : {ReportSchema::rfc7489, ReportSchema::rfc9990}) {
        RecordXml records(policy, schema);
        for (const std::string source : {"192.0.2.1", "203.0.113.255", "2001:DB8:0:0::25", "::"}) {
            for (const auto& change : changes()) {
                auto row = test::sample_row();
                row.source_ip = source;
                row.count = row.count * 10 + 1;
                change(row);
                const auto xml = records.of(row);
                ASSERT_TRUE(xml.has_value()) << xml.error().message;
                EXPECT_EQ(*xml, alone(row, schema));
            }
        }
    }
}

TEST(RecordXml, OfMoreDifferentRowsThanAreKept) {
    const auto policy = sample_policy();
    RecordXml records(policy, ReportSchema::rfc7489);
    for (std::uint64_t round = 1; round <= 2; ++round) {
        for (int number = 0; number < 200; ++number) {
            auto row = test::sample_row();
            row.dkim[0].selector = "s" + std::to_string(number);
            row.count = round;
            EXPECT_EQ(records.of(row).value(), alone(row));
        }
    }
}

TEST(RecordXml, CountsOfAnySize) {
    const auto policy = sample_policy();
    RecordXml records(policy, ReportSchema::rfc7489);
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{10}, ~std::uint64_t{0}}) {
        auto row = test::sample_row();
        row.count = count;
        EXPECT_EQ(records.of(row).value(), alone(row));
    }
}

TEST(RecordXml, ASourceThatIsNoneIsAnErrorHoweverWellTheRestIsKnown) {
    const auto policy = sample_policy();
    RecordXml records(policy, ReportSchema::rfc7489);
    auto row = test::sample_row();
    ASSERT_TRUE(records.of(row).has_value());
    row.source_ip = "somewhere";
    ASSERT_FALSE(records.of(row).has_value());
    EXPECT_NE(records.of(row).error().message.find("somewhere"), std::string::npos);
    row.source_ip = "192.0.2.9";
    EXPECT_EQ(records.of(row).value(), alone(row));
}

}  // namespace
}  // namespace defender::report
