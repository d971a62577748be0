#include "common/store/journal_transfer.hpp"

#include <gmock/gmock.h>

#include <future>

#include "common/store/postgresql_migrations.hpp"
#include "common/store/sqlite_database.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender::store {
namespace {

using test::CuttingProxy;
using test::records_named;
using test::unwrap;
using ::testing::HasSubstr;

class JournalTransferTest : public testing::Test {
  protected:
    JournalTransferTest() {
        EXPECT_TRUE(bring_up_to_date(*connect(store_.settings.postgresql), OpenMode::read_write));
    }

    static std::unique_ptr<PostgresqlConnection> connect(const std::string& connection_string) {
        return unwrap(PostgresqlConnection::make(connection_string));
    }
    std::unique_ptr<Journal> journal() const {
        return unwrap(Journal::open(store_.settings.path, OpenMode::read_write));
    }
    void append(const std::vector<Record>& records) const {
        const auto done = unwrap(open_journal(store_.settings))->append(records);
        ASSERT_TRUE(done) << done.error().message;
    }
    /// Steps until nothing waits, as the mover does.
    static JournalTransfer::Counts transfer(Journal& journal, PostgresqlConnection& database) {
        JournalTransfer moving(journal, database);
        JournalTransfer::Counts all;
        for (;;) {
            const auto counts = moving.step();
            if (!counts) ADD_FAILURE() << counts.error().message;
            if (!counts || counts->moved + counts->set_aside == 0) return all;
            all.moved += counts->moved;
            all.set_aside += counts->set_aside;
        }
    }
    JournalTransfer::Counts transfer() { return transfer(*journal(), *connect(store_.settings.postgresql)); }
    static test::PostgresqlServer& server() { return test::PostgresqlServer::instance(); }
    /// A machine that was cloned with two records in its journal, of which this one moved those and three
    /// more.
    config::StoreSettings cloned_before_moving() {
        append(records_named("A", 2));
        auto clone = store_.other_host("clone.db");
        { unwrap(open_journal(store_.settings)); }  // the last to close folds the WAL into the file
        std::filesystem::copy_file(store_.settings.path, clone.path);
        append(records_named("B", 3));
        transfer();
        return clone;
    }
    /// Runs a statement on the journal's file, as nothing in the program does.
    void tamper(const std::string& sql) const {
        const auto file = unwrap(SqliteDatabase::open(store_.settings.path, OpenMode::read_write,
                                                      std::chrono::milliseconds{5000}));
        const auto done = file->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }

    test::PostgresqlStore store_;
};

TEST_F(JournalTransferTest, ARecordArrivesWithAllItsColumnsAndLeavesTheJournal) {
    auto record = test::sample_record();
    record.reply = "tab\t, backslash \\, line\nand \\N";
    append({record});
    const auto counts = transfer();
    EXPECT_EQ(counts.moved, 1U);
    EXPECT_EQ(counts.set_aside, 0U);
    EXPECT_EQ(*journal()->waiting(), 0U);
    EXPECT_EQ(store_.arrived(), "1 2");
    EXPECT_EQ(store_.sql("SELECT concat_ws(' ', id, host, queue_id, received_at, day, client, envelope_from,"
                         " author_domain, result, requested, disposition, action, milliseconds) FROM record"),
              "1 mx.example.net 4F2A1B 1777636800 20574 2001:db8::25 bounce.example.org example.org fail"
              " reject quarantine hold 12");
    EXPECT_EQ(store_.sql("SELECT reply FROM record"), record.reply);
    EXPECT_EQ(
        store_.sql("SELECT concat_ws(' ', day, record_id, ordinal, deciding, author_domain, policy_domain,"
                   " reportable, result, spf_aligned, dkim_aligned) FROM record_domain WHERE ordinal = 1"),
        "20574 1 1 1 example.org example.org 1 fail 0 0");
    EXPECT_EQ(store_.sql("SELECT journal || ' ' || host || ' ' || folded_id FROM journal"),
              journal()->name() + " mx.example.net 0");
    EXPECT_EQ(store_.sql("SELECT count(*) FROM record WHERE journal = '" + journal()->name() + "'"), "1");
}

TEST_F(JournalTransferTest, NothingThatWaitsIsNothingToDo) {
    EXPECT_EQ(transfer().moved, 0U);
    EXPECT_EQ(store_.arrived(), "0 0");
}

TEST_F(JournalTransferTest, WhatTheFileHasFoldedIsNotFoldedAgain) {
    append(records_named("A", 5));
    tamper("UPDATE journal SET folded_id = 3");
    transfer();
    EXPECT_EQ(store_.sql("SELECT folded_id FROM journal"), "3");
    tamper("UPDATE journal SET folded_id = 0");
    append(records_named("B", 1));
    transfer();
    EXPECT_EQ(store_.sql("SELECT folded_id FROM journal"), "3")
        << "from the first record on it is PostgreSQL's";
}

TEST_F(JournalTransferTest, RecordsOfManyDaysFindTheirPartitions) {
    std::vector<Record> records;
    for (int day = -1; day < 9; ++day) records.push_back(test::plain_record("D", day * 86400 + 5));
    append(records);
    EXPECT_EQ(transfer().moved, 10U);
    EXPECT_EQ(store_.sql("SELECT min(day) || ' ' || max(day) || ' ' || count(DISTINCT tableoid) FROM record"),
              "-1 8 10");
}

TEST_F(JournalTransferTest, AStepIsBoundedByRecordsAndByOctets) {
    append(records_named("A", 4500));
    const auto first = journal();
    const auto database = connect(store_.settings.postgresql);
    EXPECT_EQ(JournalTransfer(*first, *database).step()->moved, 4000U);
    EXPECT_EQ(transfer().moved, 500U);
    auto large = test::plain_record("large");
    large.evidence.author_addresses.assign(10000, std::string(300, 'a') + "@example.org");
    append(std::vector<Record>(8, large));
    const auto moved = JournalTransfer(*first, *database).step()->moved;
    EXPECT_GE(moved, 1U);
    EXPECT_LT(moved, 8U) << "some 3 MB each";
    EXPECT_EQ(transfer().moved, 8U - moved);
}

TEST_F(JournalTransferTest, StepsGoOnWhereTheLastOneEndedAndLeaveNothingBehind) {
    append(records_named("A", 9000));
    const auto waiting = journal();
    const auto database = connect(store_.settings.postgresql);
    {
        JournalTransfer transfer(*waiting, *database);
        EXPECT_EQ(transfer.step()->moved, 4000U);
        EXPECT_EQ(store_.arrived(), "4000 4000");
        EXPECT_EQ(transfer.step()->moved, 4000U);
        EXPECT_EQ(store_.arrived(), "8000 8000");
        EXPECT_GE(*journal()->waiting(), 1000U) << "what has not arrived";
    }
    EXPECT_EQ(*waiting->waiting(), 1000U) << "deleted at the latest with the transfer";
    JournalTransfer transfer(*waiting, *database);
    EXPECT_EQ(transfer.step()->moved, 1000U);
    EXPECT_EQ(*journal()->waiting(), 0U) << "deleted at once where nothing follows";
    append(records_named("B", 2));
    EXPECT_EQ(transfer.step()->moved, 2U);
    EXPECT_EQ(transfer.step()->moved, 0U);
    EXPECT_EQ(store_.arrived(), "9002 9002");
}

TEST_F(JournalTransferTest, WhatWasReadAheadIsReadAgainAfterAFailure) {
    append(records_named("A", 9000));
    const auto waiting = journal();
    const auto database = connect(store_.settings.postgresql);
    JournalTransfer transfer(*waiting, *database);
    EXPECT_EQ(transfer.step()->moved, 4000U);
    tamper("UPDATE record SET reply = 'changed' WHERE id = 4001");
    server().stop();
    EXPECT_FALSE(transfer.step());
    server().start();
    EXPECT_EQ(*journal()->waiting(), 5000U) << "what arrived was deleted meanwhile";
    EXPECT_EQ(transfer.step()->moved, 4000U);
    EXPECT_EQ(transfer.step()->moved, 1000U);
    EXPECT_EQ(store_.arrived(), "9000 9000");
    EXPECT_EQ(store_.sql("SELECT reply FROM record WHERE id = 4001"), "changed");
}

/// Cuts the connection at each step in turn, until a transfer comes through without reaching the cut.
int cut_at_each_step(const test::PostgresqlStore& store, CuttingProxy& proxy, CuttingProxy::Cut cut) {
    const auto connection_string = "host=127.0.0.1 sslmode=disable gssencmode=disable user=defender port=" +
                                   std::to_string(proxy.port()) + " dbname=" + store.database();
    const auto journal = unwrap(Journal::open(store.settings.path, OpenMode::read_write));
    const auto records = unwrap(open_journal(store.settings));
    for (int step = 1; step < 200; ++step) {
        const std::string prefix = cut == CuttingProxy::Cut::before ? "b" : "a";
        EXPECT_TRUE(records->append(records_named(prefix + std::to_string(step) + "-", 3)));
        const auto database = unwrap(PostgresqlConnection::make(connection_string));
        proxy.cut_at(step, cut);
        JournalTransfer transfer(*journal, *database);
        for (int tries = 0; *journal->waiting() > 0; ++tries) {
            const auto moved = transfer.step();
            EXPECT_TRUE(moved || tries < 2) << moved.error().message;
        }
        if (!proxy.has_cut()) return step;
    }
    return 200;
}

TEST_F(JournalTransferTest, EachRecordArrivesOnceWhereverTheConnectionIsCut) {
    CuttingProxy proxy(test::PostgresqlServer::instance().port());
    const auto file = journal();
    int rounds = 0;
    for (const auto cut : {CuttingProxy::Cut::before, CuttingProxy::Cut::after}) {
        rounds += cut_at_each_step(store_, proxy, cut);
    }
    EXPECT_GT(rounds, 20) << "a transfer has at least ten steps";
    EXPECT_LT(rounds, 200);
    const auto count = std::to_string(3 * rounds);
    EXPECT_EQ(store_.arrived(), count + " " + count);
    EXPECT_EQ(store_.sql("SELECT count(DISTINCT queue_id) || ' ' || max(id) FROM record"),
              count + " " + count);
    EXPECT_EQ(*file->count_set_aside(), 0U);
}

TEST_F(JournalTransferTest, AJournalThatKeptWhatWasMovedMovesNothingTwice) {
    append(records_named("A", 10));
    const auto copy = store_.folder.file("copy.db");
    { unwrap(open_journal(store_.settings)); }  // the last to close folds the WAL into the file
    std::filesystem::copy_file(store_.settings.path, copy);
    EXPECT_EQ(transfer().moved, 10U);
    auto killed_before_it_deleted = unwrap(Journal::open(copy, OpenMode::read_write));
    EXPECT_EQ(transfer(*killed_before_it_deleted, *connect(store_.settings.postgresql)).moved, 10U);
    EXPECT_EQ(store_.arrived(), "10 10");
    EXPECT_EQ(*killed_before_it_deleted->waiting(), 0U);
}

/// The queue ids of each journal in PostgreSQL.
std::string ids_by_journal(const test::PostgresqlStore& store) {
    return store.sql(
        "SELECT string_agg(ids, '; ' ORDER BY ids) FROM (SELECT string_agg(queue_id, ' ' ORDER BY id)"
        " AS ids FROM record GROUP BY journal) AS j");
}

TEST_F(JournalTransferTest, AFileOfAMachineThatWasClonedTakesANameOfItsOwn) {
    const auto clone = cloned_before_moving();
    ASSERT_TRUE(unwrap(open_journal(clone))->append(records_named("C", 3)));
    const auto cloned = unwrap(Journal::open(clone.path, OpenMode::read_write));
    EXPECT_EQ(cloned->name(), journal()->name());
    transfer(*cloned, *connect(store_.settings.postgresql));
    EXPECT_NE(cloned->name(), journal()->name());
    EXPECT_EQ(ids_by_journal(store_), "A0 A1 B0 B1 B2; C0 C1 C2") << "what both had has arrived once";
    append(records_named("D", 1));
    transfer();
    EXPECT_EQ(ids_by_journal(store_), "A0 A1 B0 B1 B2 D0; C0 C1 C2");
    EXPECT_EQ(store_.sql("SELECT count(*) FROM journal"), "2");
}

TEST_F(JournalTransferTest, WhatWasReadAheadUnderAnOldNameArrivesUnderTheNewOne) {
    const auto clone = cloned_before_moving();
    ASSERT_TRUE(unwrap(open_journal(clone))->append(records_named("C", 9000)));
    const auto cloned = unwrap(Journal::open(clone.path, OpenMode::read_write));
    transfer(*cloned, *connect(store_.settings.postgresql));
    EXPECT_EQ(
        store_.sql("SELECT string_agg(n || ' ' || c, '; ' ORDER BY n) FROM (SELECT count(*) AS n,"
                   " count(*) FILTER (WHERE queue_id LIKE 'C%') AS c FROM record GROUP BY journal) AS j"),
        "5 0; 9000 9000");
    EXPECT_EQ(*cloned->waiting(), 0U);
}

TEST_F(JournalTransferTest, AFilePutBackFromABackupTakesANewNameOnceItGivesNamesAgain) {
    append(records_named("A", 2));
    transfer();
    { unwrap(open_journal(store_.settings)); }
    const auto backup = store_.other_host("backup.db");
    std::filesystem::copy_file(store_.settings.path, backup.path);
    append(records_named("B", 3));
    transfer();
    auto later = test::plain_record("C", 1777636800 + 5 * 86400);
    ASSERT_TRUE(unwrap(open_journal(backup))->append({later}));
    const auto put_back = unwrap(Journal::open(backup.path, OpenMode::read_write));
    transfer(*put_back, *connect(store_.settings.postgresql));
    EXPECT_EQ(ids_by_journal(store_), "A0 A1 B0 B1 B2; C");
    EXPECT_EQ(*put_back->waiting(), 0U);
}

TEST_F(JournalTransferTest, SeveralMoversOnOneJournalMoveEachRecordOnce) {
    std::vector<std::future<void>> moving;
    append(records_named("A", 9000));
    for (int i = 0; i < 4; ++i) {
        moving.push_back(std::async(std::launch::async, [this] { transfer(); }));
    }
    for (auto& each : moving) each.get();
    EXPECT_EQ(store_.arrived(), "9000 9000");
    EXPECT_EQ(*journal()->waiting(), 0U);
}

TEST_F(JournalTransferTest, JournalsOfSeveralHostsShareADatabase) {
    const auto other = store_.other_host("other.db");
    append(records_named("A", 100));
    ASSERT_TRUE(unwrap(open_journal(other))->append(records_named("B", 50)));
    const auto other_journal = unwrap(Journal::open(other.path, OpenMode::read_write));
    EXPECT_NE(other_journal->name(), journal()->name());
    auto one = std::async(std::launch::async, [this] { transfer(); });
    transfer(*other_journal, *connect(store_.settings.postgresql));
    one.get();
    EXPECT_EQ(store_.arrived(), "150 150");
    EXPECT_EQ(store_.sql("SELECT count(*) FROM journal"), "2");
}

TEST_F(JournalTransferTest, ARecordThatIsRefusedIsSetAsideAndBlocksNoOther) {
    append(records_named("A", 50));
    tamper("UPDATE record SET reply = CAST(x'610062' AS TEXT) WHERE id = 7");
    tamper("UPDATE record SET reply = CAST(x'ff' AS TEXT) WHERE id IN (1, 50)");
    const auto counts = transfer();
    EXPECT_EQ(counts.moved, 47U);
    EXPECT_EQ(counts.set_aside, 3U);
    EXPECT_EQ(store_.arrived(), "47 47");
    EXPECT_EQ(*journal()->waiting(), 0U);
    EXPECT_EQ(*journal()->count_set_aside(), 3U);
    const auto found = journal()->find("A6");
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().record.evidence.received_at, 1777636800 + 6);
}

TEST_F(JournalTransferTest, WhatWasSetAsideExpires) {
    append(records_named("A", 3));
    store_.sql("ALTER TABLE record ADD CONSTRAINT odd CHECK (queue_id <> 'A1')");
    EXPECT_EQ(transfer().set_aside, 1U);
    EXPECT_EQ(*journal()->expire_set_aside(1777636800 + 1), 0U);
    EXPECT_EQ(*journal()->expire_set_aside(1777636800 + 2), 1U);
    EXPECT_TRUE(journal()->find("A1")->empty());
}

TEST_F(JournalTransferTest, ALackOfRightsIsNoFaultOfTheRecord) {
    auto records = records_named("A", 3);
    records[1].sighting = {"192.0.2.1", "example.org", UtcDay{20574}};
    append(records);
    store_.sql("CREATE ROLE " + store_.database() + " LOGIN");
    auto settings = store_.settings.postgresql;
    settings.replace(settings.find("user=defender"), 13, "user=" + store_.database());
    const auto refused = JournalTransfer(*journal(), *connect(settings)).step();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("permission denied"));
    EXPECT_EQ(*journal()->waiting(), 3U);
    EXPECT_EQ(*journal()->count_set_aside(), 0U);

    store_.sql("GRANT SELECT ON schema_version TO " + store_.database());
    store_.sql("GRANT SELECT, INSERT ON record, record_domain, journal TO " + store_.database());
    store_.sql("GRANT SELECT, INSERT, UPDATE ON forwarding_sighting TO " + store_.database());
    store_.sql("GRANT EXECUTE ON FUNCTION defender_make_day(BIGINT) TO " + store_.database());
    const auto allowed = connect(settings);
    const auto version = bring_up_to_date(*allowed, OpenMode::read_write);
    ASSERT_TRUE(version) << version.error().message;
    EXPECT_EQ(transfer(*journal(), *allowed).moved, 3U) << "these rights are enough, for a new day, too";
    EXPECT_FALSE(allowed->run("DELETE FROM record"));
    EXPECT_FALSE(allowed->run("SELECT defender_drop_day(20574)"));
    EXPECT_EQ(store_.arrived(), "3 3");
}

TEST_F(JournalTransferTest, ADatabaseThatIsFullIsNoFaultOfTheRecord) {
    append(records_named("A", 3));
    store_.sql(
        "CREATE FUNCTION full_up() RETURNS TRIGGER LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER full_up BEFORE INSERT ON record FOR EACH ROW EXECUTE FUNCTION full_up()");
    EXPECT_FALSE(JournalTransfer(*journal(), *connect(store_.settings.postgresql)).step());
    EXPECT_EQ(*journal()->waiting(), 3U);
    EXPECT_EQ(*journal()->count_set_aside(), 0U);
    store_.sql("DROP TRIGGER full_up ON record");
    EXPECT_EQ(transfer().moved, 3U);
}

TEST_F(JournalTransferTest, RecordsArriveInTheOrderOfTheirIdsAlsoAroundARefusal) {
    store_.sql(
        "ALTER TABLE record ADD CONSTRAINT odd CHECK (queue_id NOT IN ('A3', 'A4', 'A900', 'A4500'));"
        "CREATE TABLE commits (lowest BIGINT, highest BIGINT, at BIGINT);"
        "CREATE SEQUENCE at;"
        "CREATE FUNCTION note() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO commits SELECT min(id), max(id), nextval('at') FROM fresh HAVING count(*) > 0;"
        " RETURN NULL; END $$;"
        "CREATE TRIGGER note AFTER INSERT ON record REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION note()");
    append(records_named("A", 9000));
    EXPECT_EQ(transfer().moved, 8996U);
    EXPECT_EQ(store_.arrived(), "8996 8996");
    EXPECT_GT(std::stoi(store_.sql("SELECT count(*) FROM commits")), 3);
    EXPECT_EQ(store_.sql("SELECT count(*) FROM (SELECT lowest, max(highest) OVER (ORDER BY at ROWS BETWEEN"
                         " UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM commits) AS c"
                         " WHERE before >= lowest"),
              "0");
}

}  // namespace
}  // namespace defender::store
