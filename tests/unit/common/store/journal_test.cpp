#include "common/store/journal.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "common/store/sqlite_database.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

using ::testing::StartsWith;

constexpr std::size_t any_size = 1U << 30;

class JournalTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = Journal::open(path_, OpenMode::read_write);
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(opened).value();
        auto store = open_sqlite_store(path_, OpenMode::read_write);
        ASSERT_TRUE(store) << store.error().message;
        records_ = std::move(store).value();
    }
    /// Records NAME0, NAME1, … without domains.
    void append(const std::string& name, int count) {
        std::vector<Record> records;
        for (int i = 0; i < count; ++i) records.push_back(test::plain_record(name + std::to_string(i), i));
        ASSERT_TRUE(records_->append(records));
    }
    /// Runs a statement on the file, as nothing in the program does.
    void tamper(const std::string& sql) const {
        auto file = SqliteDatabase::open(path_, OpenMode::read_write, std::chrono::milliseconds{5000});
        ASSERT_TRUE(file) << file.error().message;
        const auto done = file.value()->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    [[nodiscard]] std::int64_t number(const std::string& sql) const {
        auto file = SqliteDatabase::open(path_, OpenMode::read_only, std::chrono::milliseconds{5000});
        return file ? *file.value()->number(sql) : -1;
    }
    JournalBatch after(std::int64_t id, std::uint64_t records = 1000, std::size_t octets = any_size) {
        auto batch = journal_->after(id, records, octets);
        EXPECT_TRUE(batch) << batch.error().message;
        return std::move(batch).value();
    }
    /// Gives a record a domain.
    void give_domain(int id, int ordinal, const std::string& name) const {
        tamper("INSERT INTO record_domain VALUES (" + std::to_string(id) + ", " + std::to_string(ordinal) +
               ", 1, '" + name + "', '', '', 0, 'pass', 1, 0, 'none', 'none', 0, '[]')");
    }

    test::TemporaryFolder folder_;
    const std::string path_ = folder_.file("journal.db");
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<RecordStore> records_;
};

TEST_F(JournalTest, WhatWaitsIsReadInPiecesFromWhereTheLastOneEnded) {
    append("A", 1234);
    EXPECT_EQ(after(0, 2000).entries().size(), 1234U);
    EXPECT_EQ(after(0, 1234).entries().size(), 1234U);
    const auto most = after(0, 1001);
    ASSERT_EQ(most.entries().size(), 1001U);
    EXPECT_EQ(most.entries().front().id, 1);
    EXPECT_EQ(most.entries().back().queue_id, "A1000");
    const auto rest = after(1001);
    ASSERT_EQ(rest.entries().size(), 233U);
    EXPECT_EQ(rest.entries().front().queue_id, "A1001");
    EXPECT_TRUE(after(1234).entries().empty());
}

TEST_F(JournalTest, NoMoreIsReadOnceItHoldsSoManyOctets) {
    append("A", 1200);
    const auto one = after(0, 1).octets();
    EXPECT_EQ(after(0, 1000, 1).entries().size(), 1U);
    EXPECT_EQ(after(0, 1000, one + 1).entries().size(), 2U);
    const auto most = after(0, 2000, one * 700);
    EXPECT_GT(most.entries().size(), 600U);
    EXPECT_LT(most.entries().size(), 710U);
}

TEST_F(JournalTest, RowsAreThoseOfTheirRecordsHoweverManyThatAre) {
    append("A", 5);
    give_domain(2, 0, "b0.example");
    give_domain(2, 1, "b1.example");
    give_domain(4, 0, "d.example");
    tamper(
        "INSERT INTO forwarding_sighting VALUES ('192.0.2.1', 'd.example', 3, 4, 4),"
        " ('192.0.2.2', 'tab\t.example', 3, 5, 4), ('192.0.2.3', 'gone.example', 3, 5, 3),"
        " ('192.0.2.4', 'gone.example', 3, 5, 77)");
    tamper("DELETE FROM record WHERE id = 3");
    const auto batch = after(0);
    const auto all = batch.entries();
    ASSERT_EQ(all.size(), 4U);
    const auto domains = [&](JournalBatch::Entries some) {
        return std::string(batch.rows(MovedTable::record_domain, some));
    };
    const auto row = [&](const std::string& id, const std::string& rest) {
        return id + "\t" + journal_->name() + "\t0\t" + rest + "\t\t\t0\tpass\t1\t0\tnone\tnone\t0\t[]\n";
    };
    const auto second = row("2", "0\t1\tb0.example") + row("2", "1\t1\tb1.example");
    const auto fourth = row("4", "0\t1\td.example");
    EXPECT_EQ(domains(all), second + fourth);
    EXPECT_EQ(domains(all.first(1)), "");
    EXPECT_EQ(domains(all.first(2)), second);
    EXPECT_EQ(domains(all.subspan(1, 1)), second);
    EXPECT_EQ(domains(all.subspan(2)), fourth);
    EXPECT_EQ(domains(all.subspan(3)), "");
    const auto sightings = [&](JournalBatch::Entries some) {
        return std::string(batch.rows(MovedTable::forwarding_sighting, some));
    };
    EXPECT_EQ(sightings(all), "192.0.2.1\td.example\t3\t4\n192.0.2.2\ttab\\t.example\t3\t5\n");
    EXPECT_EQ(sightings(all.first(2)), "");
    EXPECT_EQ(sightings(all.subspan(2, 1)), sightings(all));
    const auto third = std::string(batch.rows(MovedTable::record, all.subspan(2, 1)));
    EXPECT_THAT(third, StartsWith("4\t" + journal_->name() + "\t0\t" + all[2].host + "\tA3\t3\t"));
    EXPECT_EQ(std::count(third.begin(), third.end(), '\n'), 1);
}

TEST_F(JournalTest, WhatIsDeletedGoesWithItsDomainsAndSightingsAndNothingElse) {
    append("A", 4);
    for (int id = 1; id <= 4; ++id) give_domain(id, 0, "example.org");
    tamper(
        "INSERT INTO forwarding_sighting VALUES ('192.0.2.1', 'a.example', 3, 4, 1),"
        " ('192.0.2.2', 'b.example', 3, 5, 2), ('192.0.2.3', 'c.example', 3, 5, 4)");
    ASSERT_TRUE(journal_->remove(2, 3));
    EXPECT_EQ(number("SELECT sum(id) FROM record"), 1 + 4);
    EXPECT_EQ(number("SELECT sum(record_id) FROM record_domain"), 1 + 4);
    EXPECT_EQ(number("SELECT sum(record_id) FROM forwarding_sighting"), 1 + 4);
}

TEST_F(JournalTest, WhatIsSetAsideIsKeptWholeAndOnce) {
    ASSERT_TRUE(records_->append({test::sample_record(), test::plain_record("B", 5)}));
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(journal_->set_aside(1, "refused", 7));
    EXPECT_EQ(*journal_->count_set_aside(), 1U);
    EXPECT_EQ(*journal_->waiting(), 1U);
    EXPECT_EQ(number("SELECT count(*) FROM record_domain"), 0);
    EXPECT_EQ(number("SELECT json_array_length(row, '$.domains') FROM set_aside WHERE error = 'refused'"), 2);
    EXPECT_EQ(number("SELECT row ->> '$.domains[1].author_domain' = 'example.org' FROM set_aside"), 1);
    EXPECT_EQ(number("SELECT row ->> '$.day' FROM set_aside"), 20574);
    const auto found = journal_->find(test::sample_record().evidence.queue_id);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().record.judgement.domains.size(), 2U);
}

}  // namespace
}  // namespace defender::store
