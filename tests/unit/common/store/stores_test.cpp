#include "common/store/stores.hpp"

#include <gmock/gmock.h>

#include <array>

#include "common/store/journal.hpp"
#include "common/store/journal_transfer.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender::store {
namespace {

using test::PostgresqlServer;
using test::records_named;
using test::unwrap;
using ::testing::HasSubstr;

class StoresTest : public testing::Test {
  protected:
    void append(const std::vector<Record>& records) const {
        ASSERT_TRUE(unwrap(open_journal(store_.settings))->append(records));
    }
    /// Moves all that waits, as the milter does.
    void move() const {
        const auto journal = unwrap(Journal::open(store_.settings.path, OpenMode::read_write));
        const auto database = unwrap(PostgresqlConnection::make(store_.settings.postgresql));
        ASSERT_TRUE(bring_up_to_date(*database, OpenMode::read_write));
        ASSERT_TRUE(JournalTransfer(*journal, *database).step());
    }
    std::unique_ptr<RecordStore> records(OpenMode mode = OpenMode::read_only) const {
        return unwrap(open_records(store_.settings, mode));
    }

    test::PostgresqlStore store_;
};

TEST_F(StoresTest, WithoutPostgresqlTheFileIsTheStore) {
    store_.settings.postgresql.clear();
    store_.settings.journal_max = 1;
    append(records_named("A", 5));
    EXPECT_EQ(records()->find("A3")->size(), 1U);
    const auto migrated = migrate_stores(store_.settings);
    ASSERT_TRUE(migrated);
    ASSERT_EQ(migrated->size(), 1U);
    EXPECT_EQ(migrated->front().name, store_.settings.path);
    EXPECT_TRUE(open_reports(store_.settings, OpenMode::read_write));
}

TEST_F(StoresTest, MigratingBringsBothUpToDate) {
    append({});
    const auto migrated = migrate_stores(store_.settings);
    ASSERT_TRUE(migrated) << migrated.error().message;
    ASSERT_EQ(migrated->size(), 2U);
    EXPECT_EQ((*migrated)[1].versions.from, 0);
    EXPECT_EQ((*migrated)[1].versions.to, static_cast<int>(postgresql_migrations().size()));
    EXPECT_THAT((*migrated)[1].name, HasSubstr("PostgreSQL " + store_.database()));
    EXPECT_EQ((*migrate_stores(store_.settings))[1].versions.from, (*migrated)[1].versions.to);
}

TEST_F(StoresTest, FindLooksInBothAndGivesEachRecordOnce) {
    append({test::plain_record("A", 100), test::plain_record("A", 300)});
    move();
    append({test::plain_record("A", 200), test::plain_record("A", 400)});
    const auto found = records()->find("A");
    ASSERT_TRUE(found) << found.error().message;
    std::vector<UtcSeconds> times;
    for (const auto& record : *found) times.push_back(record.evidence.received_at);
    EXPECT_EQ(times, (std::vector<UtcSeconds>{400, 300, 200, 100}));
}

TEST_F(StoresTest, ARecordThatIsBeingMovedIsFoundOnce) {
    append({test::plain_record("A", 100), test::plain_record("A", 300)});
    const auto database = unwrap(PostgresqlConnection::make(store_.settings.postgresql));
    ASSERT_TRUE(bring_up_to_date(*database, OpenMode::read_write));
    // Moved from a copy of the file, so that the file has them still.
    const auto copy = store_.folder.file("copy.db");
    std::filesystem::copy_file(store_.settings.path, copy);
    const auto journal = unwrap(Journal::open(copy, OpenMode::read_write));
    ASSERT_EQ(JournalTransfer(*journal, *database).step()->moved, 2U);
    EXPECT_EQ(records()->find("A")->size(), 2U);
}

TEST_F(StoresTest, WhilePostgresqlIsAwayFindGivesWhatTheJournalHas) {
    append(records_named("A", 2));
    move();
    append(records_named("B", 2));
    PostgresqlServer::instance().stop();
    const auto store = records();
    const auto waiting = store->find("B1");
    const auto moved = store->find("A1");
    PostgresqlServer::instance().start();
    ASSERT_TRUE(waiting) << waiting.error().message;
    EXPECT_EQ(waiting->size(), 1U);
    ASSERT_FALSE(moved) << "not finding it must not look as if it were unknown";
    EXPECT_TRUE(store_may_recover(moved.error())) << moved.error().message;
    EXPECT_EQ(store->find("A1")->size(), 1U) << "the same object finds it when the server is back";
}

TEST_F(StoresTest, AHostWithoutAJournalReadsPostgresqlAlone) {
    append(records_named("A", 2));
    move();
    store_.settings = store_.other_host("none.db");
    EXPECT_EQ(records()->find("A1")->size(), 1U);
    EXPECT_EQ(records(OpenMode::read_write)->status()->records, 2U);
    EXPECT_FALSE(records(OpenMode::read_write)->append(records_named("B", 1)));
    EXPECT_FALSE(std::filesystem::exists(store_.settings.path)) << "none is made by looking";
}

TEST_F(StoresTest, ExpiryReachesWhatWaitsAndWhatWasMovedAndTakesItsTimeWithReaders) {
    constexpr UtcSeconds day = 86400;
    append({test::plain_record("A", day - 1), test::plain_record("B", day)});
    move();
    append({test::plain_record("C", day - 1), test::plain_record("D", day)});
    const auto store = records(OpenMode::read_write);
    EXPECT_EQ(*store->expire(day), 2U);
    EXPECT_EQ(store->status()->records, 2U);
    EXPECT_EQ(store->status()->oldest, day);
    EXPECT_EQ(*store->expire(2 * day - 1), 1U) << "in the journal to the second, in PostgreSQL by whole days";
    EXPECT_EQ(*store->expire(2 * day), 1U);
    EXPECT_EQ(store_.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'record'::regclass"), "0");
}

TEST_F(StoresTest, StatusTakesTheEstimateOfALargeDay) {
    append({test::plain_record("A", 86400 + 5)});
    move();
    store_.sql(
        "INSERT INTO record SELECT n, 'other', host, queue_id, received_at, day, client, helo, mail_from,"
        " envelope_from, author_status, author_domain, exemption, result, requested, disposition, action,"
        " auth_results, reply, error, milliseconds, evidence, judgement"
        " FROM record, generate_series(1, 120000) AS n; ANALYZE record");
    const auto status = records()->status();
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_NEAR(static_cast<double>(status->records), 120001.0, 6000.0);
    EXPECT_EQ(status->oldest, 86400);
    EXPECT_EQ(status->newest, 2 * 86400 - 1);
    EXPECT_GT(status->bytes, 10000000U);
}

TEST_F(StoresTest, ReadOnlyDoesNotMakeASchema) {
    append(records_named("A", 1));
    const auto refused = records()->find("A0");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("`defenderctl migrate`"));
    EXPECT_FALSE(open_reports(store_.settings, OpenMode::read_only));
    EXPECT_EQ(store_.sql("SELECT to_regclass('record')"), "");
    EXPECT_TRUE(open_reports(store_.settings, OpenMode::read_write));
    EXPECT_TRUE(open_reports(store_.settings, OpenMode::read_only));
}

TEST_F(StoresTest, RecordsOfPostgresqlAreFoldedOnce) {
    const auto reports = unwrap(open_reports(store_.settings, OpenMode::read_write));
    append(records_named("A", 30));
    move();
    EXPECT_EQ(*reports->fold(1000), 30U);
    EXPECT_EQ(*reports->fold(1000), 0U);
}

}  // namespace
}  // namespace defender::store
