#include "common/report/report_documents.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <set>

#include "tests/support/fake_report_store.hpp"
#include "tests/support/sample_report_rows.hpp"
#include "tests/support/sanitizers.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

constexpr std::array schemas{ReportSchema::rfc7489, ReportSchema::rfc9990};

std::string name_of(ReportSchema schema) {
    return schema == ReportSchema::rfc9990 ? "rfc9990" : "rfc7489";
}

std::vector<store::Document> documents_of(
    test::FakeReportStore& store, ReportSchema schema,
    const store::Report& report = test::sample_report_of_day(),
    const config::ReportSettings& settings = test::sample_report_settings()) {
    const auto documents = make_documents(store, report, settings, schema, config::DmarcStandard::rfc7489);
    EXPECT_TRUE(documents.has_value()) << documents.error().message;
    return documents ? *documents : std::vector<store::Document>{};
}

std::string xml_of(const store::Document& document) {
    const auto xml = unpack(document.content);
    EXPECT_TRUE(xml.has_value()) << xml.error().message;
    return xml ? *xml : std::string();
}

/// The XML of one row, which is valid, whatever is in it.
std::string valid_xml_of(const store::ReportRow& row, ReportSchema schema) {
    test::FakeReportStore store;
    store.report_rows = {row};
    const auto documents = documents_of(store, schema);
    if (documents.size() != 1) {
        ADD_FAILURE() << documents.size() << " documents";
        return {};
    }
    const auto xml = xml_of(documents[0]);
    EXPECT_TRUE(test::is_valid_xml(xml, name_of(schema)));
    EXPECT_TRUE(test::has_no_empty_element(xml));
    return xml;
}

TEST(ReportDocuments, AreTheGoldenFiles) {
    for (const auto schema : schemas) {
        test::FakeReportStore store;
        store.report_rows = {test::sample_row(), test::sample_failing_row()};
        const auto documents = documents_of(store, schema);
        ASSERT_EQ(documents.size(), 1U);
        const auto xml = xml_of(documents[0]);
        EXPECT_EQ(xml, test::golden("report-" + name_of(schema) + ".xml"));
        EXPECT_TRUE(test::is_valid_xml(xml, name_of(schema)));
        EXPECT_TRUE(test::has_no_empty_element(xml));
    }
}

TEST(ReportDocuments, TheGoldenFileOfOneSchemaIsNotValidInTheOther) {
    EXPECT_FALSE(test::is_valid_xml(test::golden("report-rfc7489.xml"), "rfc9990"));
    EXPECT_FALSE(test::is_valid_xml(test::golden("report-rfc9990.xml"), "rfc7489"));
}

TEST(ReportDocuments, SayWhatTheyAre) {
    test::FakeReportStore store;
    store.report_rows = {test::sample_row(), test::sample_failing_row()};
    auto report = test::sample_report_of_day();
    report.edition = 3;
    const auto document = documents_of(store, ReportSchema::rfc7489, report).at(0);
    EXPECT_EQ(document.kind, store::DocumentKind::aggregate);
    EXPECT_EQ(document.report_id, report_id(report, test::sample_report_settings()));
    EXPECT_EQ(document.policy_domain, "example.com");
    EXPECT_EQ(document.day, report.day);
    EXPECT_EQ(document.edition, 3U);
    EXPECT_EQ(document.part, 1U);
    EXPECT_EQ(document.parts, 1U);
    EXPECT_EQ(document.schema, "rfc7489");
    EXPECT_EQ(document.filename,
              "receiver.example!example.com!1777593600!1777679999!" + document.report_id + ".xml.gz");
    EXPECT_EQ(document.messages, 5U);
    EXPECT_EQ(document.rows, 2U);
    EXPECT_EQ(document.id, 0);
    EXPECT_EQ(document.made_at, 0);
}

TEST(ReportDocuments, TheSameRowsGiveTheSameOctets) {
    for (const auto schema : schemas) {
        test::FakeReportStore store;
        store.report_rows = {test::sample_row(), test::sample_failing_row()};
        const auto first = documents_of(store, schema).at(0);
        const auto second = documents_of(store, schema).at(0);
        EXPECT_EQ(first.content, second.content);
        EXPECT_EQ(first.report_id, second.report_id);
        EXPECT_EQ(first.filename, second.filename);
    }
}

TEST(ReportDocuments, AReportWithoutRowsHasNone) {
    test::FakeReportStore store;
    EXPECT_TRUE(documents_of(store, ReportSchema::rfc7489).empty());
}

TEST(ReportDocuments, AnErrorOfTheStoreOrOfARowIsTheResult) {
    test::FakeReportStore store;
    store.report_rows = {test::sample_row()};
    store.rows_error = Error{"the disk is gone"};
    const auto settings = test::sample_report_settings();
    auto made = make_documents(store, test::sample_report_of_day(), settings, ReportSchema::rfc7489,
                               config::DmarcStandard::rfc7489);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().message, "the disk is gone");

    store.rows_error.reset();
    store.report_rows[0].source_ip = "somewhere";
    made = make_documents(store, test::sample_report_of_day(), settings, ReportSchema::rfc7489,
                          config::DmarcStandard::rfc7489);
    ASSERT_FALSE(made.has_value());
    EXPECT_NE(made.error().message.find("somewhere"), std::string::npos);

    auto report = test::sample_report_of_day();
    report.policy_record = "none";
    EXPECT_FALSE(
        make_documents(store, report, settings, ReportSchema::rfc7489, config::DmarcStandard::rfc7489)
            .has_value());
}

TEST(ReportDocuments, AnyVerdictIsValidInBothSchemas) {
    for (const auto schema : schemas) {
        for (const char* word : {"none", "pass", "fail", "softfail", "neutral", "policy", "temperror",
                                 "permerror", "", "what?"}) {
            auto row = test::sample_row();
            row.dkim = {{"example.com", "s", word, word}};
            row.spf = {{"example.com", "mfrom", word}, {"example.com", "helo", word}};
            row.reasons = {{word, word}};
            row.disposition = word;
            (void)valid_xml_of(row, schema);
        }
    }
}

TEST(ReportDocuments, WhatIsMissingLeavesNoEmptyElementAndNoHole) {
    for (const auto schema : schemas) {
        auto row = test::sample_row();
        row.envelope_from.clear();
        (void)valid_xml_of(row, schema);
        row.spf.clear();
        (void)valid_xml_of(row, schema);
        row.dkim = {{"", "", "permerror", ""}};
        row.spf = {{"", "mfrom", "permerror"}, {"", "helo", ""}};
        row.header_from.clear();
        row.reasons = {{"", ""}};
        (void)valid_xml_of(row, schema);
        row.spf = {{"mta.example", "helo", "pass"}};
        (void)valid_xml_of(row, schema);
    }
}

TEST(ReportDocuments, NoValueBreaksTheXml) {
    const std::string nasty("</record><x a=\"1\">&amp;]]>\xFF\x01\0\r\xEF\xBF\xBE<!--", 36);
    for (const auto schema : schemas) {
        auto row = test::sample_row();
        row.header_from = nasty;
        row.envelope_from = nasty;
        row.disposition = nasty;
        row.reasons = {{nasty, nasty}};
        row.dkim = {{nasty, nasty, nasty, nasty}};
        row.spf = {{nasty, nasty, nasty}};
        const auto xml = valid_xml_of(row, schema);
        EXPECT_NE(xml.find("\xEF\xBF\xBD"), std::string::npos) << "replaced, not dropped";
        EXPECT_EQ(xml.find("<x"), std::string::npos);
    }
}

TEST(ReportDocuments, NoSettingBreaksTheXml) {
    test::FakeReportStore store;
    store.report_rows = {test::sample_row()};
    auto settings = test::sample_report_settings();
    settings.org_name = "A <b> & \"c\" \xC3\x84 \xFF";
    settings.contact = "<script>";
    for (const auto schema : schemas) {
        const auto xml = xml_of(documents_of(store, schema, test::sample_report_of_day(), settings).at(0));
        EXPECT_TRUE(test::is_valid_xml(xml, name_of(schema)));
        settings.contact.clear();
        EXPECT_EQ(xml_of(documents_of(store, schema, test::sample_report_of_day(), settings).at(0))
                      .find("extra_contact_info"),
                  std::string::npos);
    }
}

TEST(ReportDocuments, EverySourceAddressIsValidInBothSchemas) {
    for (const auto schema : schemas) {
        for (const char* ip : {"0.0.0.0", "255.255.255.255", "::", "::1", "1::", "2001:db8::1:0:0:1",
                               "2001:db8:1:2:3:4:5:6", "fe80::1", "1:2:3:4:5:6:7::"}) {
            auto row = test::sample_row();
            row.source_ip = ip;
            (void)valid_xml_of(row, schema);
        }
    }
}

store::ReportRow numbered_row(std::uint64_t number) {
    auto row = test::sample_failing_row();
    row.source_ip = std::to_string(10 + number / 16'777'216 % 200) + "." +
                    std::to_string(number / 65536 % 256) + "." + std::to_string(number / 256 % 256) + "." +
                    std::to_string(number % 256);
    row.dkim[0].selector = "s" + std::to_string(number * 2'654'435'761U % 1'000'003U);
    row.count = 1 + number % 7;
    return row;
}

TEST(ReportDocuments, AReportThatIsTooLargeIsSplitIntoValidOnesThatAddUp) {
    constexpr std::uint64_t all = 2000;
    for (const auto schema : schemas) {
        for (const std::uint64_t limit : {1000U, 3000U, 20'000U}) {
            test::FakeReportStore store;
            store.generator = numbered_row;
            store.generated = all;
            auto settings = test::sample_report_settings();
            settings.max_size = limit;
            const auto documents = documents_of(store, schema, test::sample_report_of_day(), settings);
            ASSERT_GT(documents.size(), 1U);
            std::uint64_t rows = 0, messages = 0;
            std::set<std::string> sources, ids;
            for (const auto& document : documents) {
                EXPECT_LE(document.content.size(), limit);
                EXPECT_EQ(document.parts, documents.size());
                EXPECT_EQ(document.part, &document - documents.data() + 1U);
                EXPECT_TRUE(ids.insert(document.report_id).second) << document.report_id;
                EXPECT_NE(document.filename.find("!" + document.report_id + "."), std::string::npos);
                rows += document.rows;
                messages += document.messages;
                const auto xml = xml_of(document);
                EXPECT_NE(xml.find("<report_id>" + document.report_id + "<"), std::string::npos);
                const std::regex ip("<source_ip>([^<]*)<");
                for (std::sregex_iterator at(xml.begin(), xml.end(), ip), end; at != end; ++at)
                    EXPECT_TRUE(sources.insert((*at)[1]).second);
            }
            for (const std::size_t each : {std::size_t{0}, documents.size() / 2, documents.size() - 1})
                EXPECT_TRUE(test::is_valid_xml(xml_of(documents[each]), name_of(schema)));
            EXPECT_EQ(rows, all);
            EXPECT_EQ(sources.size(), all);
            std::uint64_t expected = 0;
            for (std::uint64_t n = 0; n < all; ++n) expected += numbered_row(n).count;
            EXPECT_EQ(messages, expected);
        }
    }
}

TEST(ReportDocuments, ASingleRowThatIsTooLargeIsADocumentAllTheSame) {
    test::FakeReportStore store;
    store.generator = numbered_row;
    store.generated = 3;
    auto settings = test::sample_report_settings();
    settings.max_size = 10;
    const auto documents = documents_of(store, ReportSchema::rfc7489, test::sample_report_of_day(), settings);
    ASSERT_EQ(documents.size(), 3U);
    for (const auto& document : documents) EXPECT_EQ(document.rows, 1U);
}

/// Kilobytes of the largest resident set so far.
long peak_kilobytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

std::chrono::milliseconds time_of_report(std::uint64_t rows) {
    test::FakeReportStore store;
    store.generator = numbered_row;
    store.generated = rows;
    const auto begin = std::chrono::steady_clock::now();
    const auto documents = documents_of(store, ReportSchema::rfc7489);
    const auto end = std::chrono::steady_clock::now();
    std::uint64_t told = 0;
    for (const auto& document : documents) told += document.rows;
    EXPECT_EQ(told, rows);
    return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
}

/// DEFENDER_REPORT_ROWS=1000000 measures a large report; the test's own size keeps it quick without
/// optimisation.
std::uint64_t rows_to_measure() {
    const char* wanted = std::getenv("DEFENDER_REPORT_ROWS");
    return wanted ? std::stoull(wanted) : 40'000;
}

TEST(ReportDocuments, MemoryGrowsWithTheCompressedFilesAndNotWithTheRows) {
    (void)time_of_report(1000);
    const auto rows = rows_to_measure();
    const long before = peak_kilobytes();
    const auto time = time_of_report(rows);
    const long grown = peak_kilobytes() - before;
    std::cout << rows << " rows: " << time.count() << " ms, resident set grown by " << grown << " KB\n";
    if (test::sanitized) GTEST_SKIP() << "the sanitizer keeps what is freed";
    // A row has 1.2 KB of XML and 20 octets in the file, whose string doubles as it grows.
    EXPECT_LT(grown, 8192 + static_cast<long>(rows / 10));
}

TEST(ReportId, DependsOnTheReporterTheDomainTheDayThePolicyAndTheEditionAlone) {
    const auto settings = test::sample_report_settings();
    const auto report = test::sample_report_of_day();
    const auto id = report_id(report, settings);
    EXPECT_TRUE(std::regex_match(id, std::regex("[0-9a-f]{32}"))) << id;
    auto same = report;
    same.id = 99;
    same.messages = 1;
    same.rows = 1;
    auto same_settings = settings;
    same_settings.email = "other@RECEIVER.example";
    same_settings.org_name = "Other";
    EXPECT_EQ(report_id(same, same_settings), id);

    std::set<std::string> ids{id};
    auto other = report;
    other.policy_domain = "example.org";
    EXPECT_TRUE(ids.insert(report_id(other, settings)).second);
    other = report;
    ++other.day.number;
    EXPECT_TRUE(ids.insert(report_id(other, settings)).second);
    other = report;
    other.policy_record += ";";
    EXPECT_TRUE(ids.insert(report_id(other, settings)).second);
    other = report;
    other.edition = 2;
    EXPECT_TRUE(ids.insert(report_id(other, settings)).second);
    same_settings.email = "other@other.example";
    EXPECT_TRUE(ids.insert(report_id(report, same_settings)).second);
}

TEST(ReportId, DiffersBetweenSchemasAndIsOfLettersAndDigits) {
    test::FakeReportStore store;
    store.report_rows = {test::sample_row()};
    const auto old_id = documents_of(store, ReportSchema::rfc7489).at(0).report_id;
    const auto new_id = documents_of(store, ReportSchema::rfc9990).at(0).report_id;
    EXPECT_NE(old_id, new_id);
    for (const auto& id : {old_id, new_id}) EXPECT_TRUE(std::regex_match(id, std::regex("[0-9a-z]+"))) << id;
}

TEST(ReportFilename, HoldsCharactersOfTheAbnfAlone) {
    const UtcDay day{20574};
    EXPECT_EQ(report_filename("mail.receiver.example", "example.com", day, "0a1b"),
              "mail.receiver.example!example.com!1777593600!1777679999!0a1b.xml.gz");
    EXPECT_EQ(report_filename("a!b/../c", "x\"\r\n;y_z", day, "i.d-@1"),
              "a-b-..-c!x----y_z!1777593600!1777679999!id1.xml.gz");
}

}  // namespace
}  // namespace defender::report
