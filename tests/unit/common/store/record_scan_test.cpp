// What a scan of every kind of store must do. Each kind is one entry of the table at the end.
#include "common/store/record_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/store/evidence_json.hpp"
#include "common/store/journal_transfer.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/stores.hpp"
#include "tests/support/postgresql_server.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

constexpr UtcSeconds beginning = std::numeric_limits<UtcSeconds>::min();

enum class Kind { sqlite, journaled, postgresql };

template <typename T>
T unwrap(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

/// Takes what waits in the journal to PostgreSQL.
void move_all(const config::StoreSettings& settings) {
    const auto journal = unwrap(Journal::open(settings.path, OpenMode::read_write));
    const auto database = unwrap(PostgresqlConnection::make(settings.postgresql));
    unwrap(bring_up_to_date(*database, OpenMode::read_write));
    while (unwrap(JournalTransfer(*journal, *database).step()).moved > 0) continue;
}

class RecordScanContract : public testing::TestWithParam<Kind> {
  protected:
    RecordScanContract() {
        settings_.path = folder_.file("defender.db");
        settings_.journal_max = 1000000;
        if (GetParam() != Kind::sqlite) {
            settings_.postgresql = test::PostgresqlServer::instance().make_database();
        }
        append({});
        if (GetParam() != Kind::sqlite) move_all(settings_);
    }
    void append(const std::vector<Record>& records) const {
        ASSERT_TRUE(unwrap(open_journal(settings_))->append(records));
        if (GetParam() == Kind::postgresql) move_all(settings_);
    }
    [[nodiscard]] std::unique_ptr<RecordScan> open() const { return unwrap(RecordScan::open(settings_)); }
    [[nodiscard]] std::vector<std::string> scanned_ids(UtcSeconds since) const {
        std::vector<std::string> ids;
        const auto done = open()->scan(since, [&](StoredRecord&& record) { ids.push_back(record.queue_id); });
        EXPECT_TRUE(done) << done.error().message;
        std::sort(ids.begin(), ids.end());
        return ids;
    }
    [[nodiscard]] std::uint64_t count_since(UtcSeconds since) const {
        return unwrap(open()->count_since(since));
    }

    test::TemporaryFolder folder_;
    config::StoreSettings settings_;
};

TEST_P(RecordScanContract, GivesWhatARecordWasJudgedFromAndWhatItCameTo) {
    const auto before = test::sample_record();
    append({before});
    std::vector<StoredRecord> scanned;
    ASSERT_TRUE(open()->scan(0, [&](StoredRecord&& record) { scanned.push_back(std::move(record)); }));
    ASSERT_EQ(scanned.size(), 1U);
    EXPECT_EQ(scanned[0].journal.empty(), GetParam() != Kind::postgresql);
    EXPECT_EQ(scanned[0].id, 1);
    EXPECT_EQ(scanned[0].queue_id, "4F2A1B");
    EXPECT_EQ(scanned[0].received_at, before.evidence.received_at);
    EXPECT_EQ(scanned[0].exemption, "no");
    EXPECT_EQ(scanned[0].result, "fail");
    EXPECT_EQ(scanned[0].disposition, "quarantine");
    EXPECT_EQ(scanned[0].action, "hold");
    EXPECT_EQ(scanned[0].error, "something odd");
    EXPECT_EQ(scanned[0].evidence, json_text(to_json(before.evidence)));
}

TEST_P(RecordScanContract, BeginsAtTheTimeGiven) {
    constexpr UtcSeconds begin = 3 * 86400 + 7;
    // Not in the order of time, as messages that took long are stored later.
    append({test::plain_record("C", begin + 1), test::plain_record("A", begin - 1),
            test::plain_record("D", begin + 86400), test::plain_record("B", begin),
            test::plain_record("E", -5)});
    EXPECT_EQ(scanned_ids(begin), (std::vector<std::string>{"B", "C", "D"}));
    EXPECT_EQ(count_since(begin), 3U);
    EXPECT_EQ(scanned_ids(begin + 86401), std::vector<std::string>{});
    EXPECT_EQ(count_since(begin + 86401), 0U);
    EXPECT_EQ(scanned_ids(beginning).size(), 5U);
    EXPECT_EQ(count_since(beginning), 5U);
}

TEST_P(RecordScanContract, SummarizesWhatIsCounted) {
    const auto before = test::sample_record();
    append({before, test::plain_record("P", before.evidence.received_at + 1)});
    std::vector<RecordSummary> summaries;
    const auto done =
        open()->summarize({}, [&](RecordSummary&& summary) { summaries.push_back(std::move(summary)); });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(summaries.size(), 2U);
    const auto plain = summaries[0].result == "pass" ? 0U : 1U;
    const auto& sample = summaries[1 - plain];
    EXPECT_EQ(sample.received_at, before.evidence.received_at);
    EXPECT_EQ(sample.client, "2001:db8::25");
    EXPECT_EQ(sample.author_domain, "example.org");
    EXPECT_EQ(sample.exemption, "no");
    EXPECT_EQ(sample.result, "fail");
    EXPECT_EQ(sample.disposition, "quarantine");
    EXPECT_EQ(sample.action, "hold");
    EXPECT_TRUE(sample.failed);
    EXPECT_EQ(sample.reasons, R"([{"type":"sampled_out","comment":"pct=50, draw 42"}])");
    EXPECT_FALSE(summaries[plain].failed);
    EXPECT_EQ(summaries[plain].reasons, "") << "no author domain was judged";
}

TEST_P(RecordScanContract, SummarizesAPeriodUpToItsEnd) {
    constexpr UtcSeconds begin = 3 * 86400 + 7;
    append({test::plain_record("A", begin - 1), test::plain_record("B", begin),
            test::plain_record("C", begin + 86399), test::plain_record("D", begin + 86400),
            test::plain_record("E", begin + 3 * 86400)});
    const auto scan = open();
    const ScanPeriod period{begin, begin + 86400};
    std::vector<UtcSeconds> moments;
    ASSERT_TRUE(
        scan->summarize(period, [&](RecordSummary&& summary) { moments.push_back(summary.received_at); }));
    std::sort(moments.begin(), moments.end());
    EXPECT_EQ(moments, (std::vector<UtcSeconds>{begin, begin + 86399}));
    EXPECT_EQ(unwrap(scan->count_within(period)), 2U);
    EXPECT_EQ(unwrap(scan->count_within({begin, begin})), 0U);
    EXPECT_EQ(unwrap(scan->count_within({})), 5U);
}

TEST_P(RecordScanContract, OfAnEmptyStoreGivesNothing) {
    EXPECT_EQ(scanned_ids(beginning), std::vector<std::string>{});
    EXPECT_EQ(count_since(beginning), 0U);
}

TEST_P(RecordScanContract, GivesEachOfManyRecordsOnce) {
    std::vector<Record> records;
    std::vector<std::string> wanted;
    for (int i = 0; i < 2500; ++i) {
        // Every fifth is too old, so that what is looked for lies scattered.
        records.push_back(test::plain_record(std::to_string(100000 + i), i % 5 == 0 ? 99 : 100 + i));
        if (i % 5 != 0) wanted.push_back(records.back().evidence.queue_id);
    }
    append(records);
    EXPECT_EQ(scanned_ids(100), wanted);
    EXPECT_EQ(count_since(100), wanted.size());
}

TEST_P(RecordScanContract, OthersMayWriteMeanwhileAndTheScanEnds) {
    append({test::plain_record("A"), test::plain_record("B")});
    std::vector<std::string> ids;
    const auto done = open()->scan(0, [&](StoredRecord&& record) {
        ids.push_back(record.queue_id);
        if (ids.size() < 100) append({test::plain_record("later")});
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_LT(ids.size(), 100U);
    for (const auto* id : {"A", "B"}) EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 1) << id;
}

INSTANTIATE_TEST_SUITE_P(OnSqlite, RecordScanContract, testing::Values(Kind::sqlite));
INSTANTIATE_TEST_SUITE_P(OnPostgresql, RecordScanContract, testing::Values(Kind::journaled, Kind::postgresql),
                         [](const auto& kind) {
                             return kind.param == Kind::journaled ? "Journaled" : "Moved";
                         });

class RecordScanPostgresql : public testing::Test {
  protected:
    RecordScanPostgresql() {
        settings_.path = folder_.file("defender.db");
        settings_.journal_max = 1000000;
        settings_.postgresql = test::PostgresqlServer::instance().make_database();
        append({});
        move_all(settings_);
    }
    void append(const std::vector<Record>& records) const {
        ASSERT_TRUE(unwrap(open_journal(settings_))->append(records));
    }

    test::TemporaryFolder folder_;
    config::StoreSettings settings_;
};

TEST_F(RecordScanPostgresql, WhatIsMovedMeanwhileIsGivenOnce) {
    append({test::plain_record("A"), test::plain_record("B"), test::plain_record("C")});
    std::vector<std::string> ids;
    const auto done = unwrap(RecordScan::open(settings_))->scan(0, [&](StoredRecord&& record) {
        if (ids.empty()) move_all(settings_);
        ids.push_back(record.queue_id);
    });
    ASSERT_TRUE(done) << done.error().message;
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<std::string>{"A", "B", "C"}));
}

TEST_F(RecordScanPostgresql, RecordsOfAnotherJournalWithTheSameIdsAreOthers) {
    append({test::plain_record("A")});
    auto other = settings_;
    other.path = folder_.file("other.db");
    ASSERT_TRUE(unwrap(open_journal(other))->append({test::plain_record("B")}));
    move_all(other);
    std::vector<std::string> ids;
    ASSERT_TRUE(unwrap(RecordScan::open(settings_))->scan(0, [&](StoredRecord&& record) {
        ids.push_back(record.queue_id);
    }));
    EXPECT_EQ(ids, (std::vector<std::string>{"A", "B"}));
}

TEST_F(RecordScanPostgresql, WhatWasSetAsideIsGiven) {
    append({test::plain_record("A", 500)});
    {
        const auto journal = unwrap(Journal::open(settings_.path, OpenMode::read_write));
        ASSERT_TRUE(journal->set_aside(1, "refused", 600));
    }
    std::vector<StoredRecord> scanned;
    const auto scan = unwrap(RecordScan::open(settings_));
    ASSERT_TRUE(scan->scan(500, [&](StoredRecord&& record) { scanned.push_back(std::move(record)); }));
    ASSERT_EQ(scanned.size(), 1U);
    EXPECT_EQ(scanned[0].queue_id, "A");
    EXPECT_EQ(scanned[0].received_at, 500);
    EXPECT_EQ(scanned[0].result, "pass");
    EXPECT_EQ(scanned[0].evidence, json_text(to_json(test::plain_record("A", 500).evidence)));
    ASSERT_TRUE(scan->scan(501, [&](StoredRecord&& record) { scanned.push_back(std::move(record)); }));
    EXPECT_EQ(scanned.size(), 1U);
}

TEST_F(RecordScanPostgresql, WhatWasSetAsideIsSummarized) {
    append({test::sample_record()});
    {
        const auto journal = unwrap(Journal::open(settings_.path, OpenMode::read_write));
        ASSERT_TRUE(journal->set_aside(1, "refused", 600));
    }
    std::vector<RecordSummary> summaries;
    ASSERT_TRUE(unwrap(RecordScan::open(settings_))->summarize({}, [&](RecordSummary&& summary) {
        summaries.push_back(std::move(summary));
    }));
    ASSERT_EQ(summaries.size(), 1U);
    EXPECT_EQ(summaries[0].author_domain, "example.org");
    EXPECT_EQ(summaries[0].client, "2001:db8::25");
    EXPECT_TRUE(summaries[0].failed);
    EXPECT_EQ(summaries[0].reasons, R"([{"type":"sampled_out","comment":"pct=50, draw 42"}])");
}

TEST_F(RecordScanPostgresql, AHostWithoutAJournalHasPostgresqlsAlone) {
    append({test::plain_record("A")});
    move_all(settings_);
    settings_.path = folder_.file("none.db");
    std::uint64_t seen = 0;
    const auto scan = unwrap(RecordScan::open(settings_));
    ASSERT_TRUE(scan->scan(0, [&](StoredRecord&&) { ++seen; }));
    EXPECT_EQ(seen, 1U);
    EXPECT_EQ(unwrap(scan->count_since(0)), 1U);
}

TEST_F(RecordScanPostgresql, WhilePostgresqlIsAwayAPartIsNotTakenForAll) {
    append({test::plain_record("A")});
    settings_.postgresql = "host=127.0.0.1 port=1 user=u";
    const auto scan = unwrap(RecordScan::open(settings_));
    const auto done = scan->scan(0, [](StoredRecord&&) {});
    ASSERT_FALSE(done);
    EXPECT_TRUE(store_may_recover(done.error())) << done.error().message;
    EXPECT_FALSE(scan->count_since(0));
}

TEST(RecordScan, OfAStoreThatIsNotThereIsAnErrorAndMakesNone) {
    const test::TemporaryFolder folder;
    config::StoreSettings settings;
    settings.path = folder.file("none.db");
    EXPECT_FALSE(RecordScan::open(settings));
    EXPECT_FALSE(std::filesystem::exists(settings.path));
}

}  // namespace
}  // namespace defender::store
