#include "common/store/record_mover.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <future>
#include <random>
#include <thread>

#include "common/log/recent_problems.hpp"
#include "common/store/journal.hpp"
#include "common/store/postgresql_connection.hpp"
#include "common/store/record_writer.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender::store {
namespace {

using namespace std::chrono_literals;
using test::PostgresqlServer;
using test::records_named;
using test::unwrap;
using ::testing::HasSubstr;

constexpr RecordMover::Waits short_waits{5ms, 40ms, 2000ms};

bool eventually(const std::function<bool()>& holds, std::chrono::seconds patience = 60s) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > give_up) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

int problems_with(const std::string& id) {
    int count = 0;
    for (const auto& problem : log::recent_problems()) count += problem.id == id ? 1 : 0;
    return count;
}

class RecordMoverTest : public testing::Test {
  protected:
    static PostgresqlServer& server() { return PostgresqlServer::instance(); }
    void start(RecordMover::Waits waits = short_waits) {
        mover_ = std::make_unique<RecordMover>(store_.settings, metrics_.store(), waits);
    }
    /// The journal, which tells the mover what was appended.
    std::unique_ptr<RecordStore> journal() {
        return unwrap(open_journal(store_.settings, [this](std::uint64_t records) {
            if (mover_) mover_->appended(records);
        }));
    }
    void append(const std::vector<Record>& records) {
        const auto done = journal()->append(records);
        ASSERT_TRUE(done) << done.error().message;
    }
    [[nodiscard]] bool all_moved(std::uint64_t records) const {
        return eventually([&] { return mover_->counts().moved >= records && mover_->counts().waiting == 0; });
    }

    metrics::Metrics metrics_;
    test::PostgresqlStore store_;
    std::unique_ptr<RecordMover> mover_;
};

TEST_F(RecordMoverTest, MovesWhatWaitsAndThenWhatComes) {
    append(records_named("old", 5));
    start();
    ASSERT_TRUE(all_moved(5));
    append(records_named("new", 3));
    ASSERT_TRUE(all_moved(8));
    EXPECT_EQ(store_.arrived(), "8 8");
    const auto counts = mover_->counts();
    EXPECT_EQ(counts.moved, 8U);
    EXPECT_FALSE(counts.away);
    EXPECT_EQ(counts.last_error, "");
    mover_.reset();
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_records_moved_total 8\n"));
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_journal_records 0\n"));
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_postgresql_away 0\n"));
}

TEST_F(RecordMoverTest, WhileTheServerIsAwayTheJournalGrowsAndThenAllOfItArrives) {
    start();
    append(records_named("A", 1000));
    ASSERT_TRUE(all_moved(1000));
    const auto lines = problems_with("STORE_POSTGRESQL_AWAY");
    server().stop();
    for (int i = 0; i < 5; ++i) append(records_named("B" + std::to_string(i) + "-", 1000));
    ASSERT_TRUE(eventually([&] { return mover_->counts().away && mover_->counts().waiting == 5000; }));
    EXPECT_NE(mover_->counts().last_error, "");
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_postgresql_away 1\n"));
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_journal_records 5000\n"));
    EXPECT_EQ(problems_with("STORE_POSTGRESQL_AWAY"), lines + 1) << "one line for each time that it goes";
    server().start();
    ASSERT_TRUE(all_moved(6000));
    EXPECT_TRUE(eventually([&] { return !mover_->counts().away; }));
    EXPECT_EQ(store_.arrived(), "6000 6000");
    EXPECT_EQ(store_.sql("SELECT count(DISTINCT queue_id) FROM record"), "6000");
}

TEST_F(RecordMoverTest, AServerThatIsAwayAtTheStartIsFound) {
    server().stop();
    start();
    append(records_named("A", 3));
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    server().start();
    ASSERT_TRUE(all_moved(3));
    EXPECT_EQ(store_.arrived(), "3 3");
}

TEST_F(RecordMoverTest, NothingIsLostAndNothingTwiceWhileConnectionsAreKilled) {
    constexpr int batches = 150;
    constexpr int each = 40;
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    start();
    // A second gateway's process on the same file, and a second host with a file of its own.
    const RecordMover twin(store_.settings, metrics_.store(), short_waits);
    const auto other = store_.other_host("other.db");
    RecordMover other_mover(other, metrics_.store(), short_waits);
    const auto other_journal =
        unwrap(open_journal(other, [&](std::uint64_t records) { other_mover.appended(records); }));
    ASSERT_TRUE(all_moved(0));
    auto writing = std::async(std::launch::async, [&] {
        for (int i = 0; i < batches; ++i) {
            append(records_named("A" + std::to_string(i) + "-", each));
            EXPECT_TRUE(other_journal->append(records_named("B" + std::to_string(i) + "-", each)));
        }
    });
    while (writing.wait_for(std::chrono::milliseconds(random() % 30)) != std::future_status::ready) {
        server().kill_connections(store_.database());
    }
    writing.get();
    const auto expected = std::to_string(2 * batches * each);
    ASSERT_TRUE(eventually([&] { return store_.arrived() == expected + " " + expected; }))
        << store_.arrived() << ", expected " << expected;
    EXPECT_EQ(store_.sql("SELECT count(DISTINCT queue_id) FROM record"), expected);
    EXPECT_EQ(mover_->counts().set_aside, 0U);
    ASSERT_TRUE(eventually([&] { return mover_->counts().waiting == 0; }));
}

TEST_F(RecordMoverTest, WhatIsRefusedIsSetAsideCountedAndStillFound) {
    append({});
    start();
    ASSERT_TRUE(eventually([&] { return store_.sql("SELECT to_regclass('suppression')") != ""; }));
    store_.sql("ALTER TABLE record ADD CONSTRAINT odd CHECK (queue_id <> 'A1')");
    append(records_named("A", 3));
    ASSERT_TRUE(all_moved(2));
    EXPECT_EQ(mover_->counts().set_aside, 1U);
    EXPECT_FALSE(mover_->counts().away);
    EXPECT_EQ(store_.queue_ids(), "A0 A2");
    EXPECT_GE(problems_with("STORE_RECORD_SET_ASIDE"), 1);
    EXPECT_EQ(unwrap(open_records(store_.settings, OpenMode::read_only))->find("A1")->size(), 1U);
    mover_.reset();
    EXPECT_THAT(metrics_.text(), HasSubstr("\ndefender_store_set_aside_records 1\n"));
}

TEST_F(RecordMoverTest, ASchemaNewerThanThisProgramIsLeftAlone) {
    store_.sql("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (1000)");
    start();
    append(records_named("A", 1));
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    EXPECT_THAT(mover_->counts().last_error, HasSubstr("newer than this program"));
    EXPECT_EQ(mover_->counts().waiting, 1U);
}

TEST_F(RecordMoverTest, AConnectionStringThatIsWrongIsToldWithoutItself) {
    store_.settings.postgresql = "host=db password=sesame street";
    start();
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    EXPECT_THAT(mover_->counts().last_error, HasSubstr("connection string"));
    EXPECT_THAT(mover_->counts().last_error,
                ::testing::Not(::testing::AnyOf(HasSubstr("sesame"), HasSubstr("street"))));
}

TEST_F(RecordMoverTest, AtTheEndWhatWaitsIsTriedOnceMore) {
    server().stop();
    start({1h, 1h, 5s});
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    append(records_named("A", 3000));
    server().start();
    mover_.reset();
    EXPECT_EQ(store_.arrived(), "3000 3000");
}

TEST_F(RecordMoverTest, TheEndDoesNotWaitForAServerThatIsAway) {
    server().stop();
    start({1h, 1h, 2s});
    append(records_named("A", 3));
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    const auto begun = std::chrono::steady_clock::now();
    mover_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
    server().start();
    EXPECT_EQ(*unwrap(Journal::open(store_.settings.path, OpenMode::read_only))->waiting(), 3U);
}

TEST_F(RecordMoverTest, TheEndDoesNotWaitForAServerThatDoesNotAnswer) {
    start();
    append(records_named("A", 1));
    ASSERT_TRUE(all_moved(1));
    auto locker = unwrap(PostgresqlConnection::make(store_.settings.postgresql));
    const auto lock = SqlTransaction::begin(*locker);
    ASSERT_TRUE(locker->execute("LOCK TABLE record IN ACCESS EXCLUSIVE MODE"));
    append(records_named("B", 1));
    const auto begun = std::chrono::steady_clock::now();
    mover_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
    EXPECT_EQ(*unwrap(Journal::open(store_.settings.path, OpenMode::read_only))->waiting(), 1U);
}

TEST_F(RecordMoverTest, AServerThatTakesQuestionsAndSaysNothingIsAway) {
    auto waits = short_waits;
    waits.answer = 200ms;
    start(waits);
    append(records_named("A", 1));
    ASSERT_TRUE(all_moved(1));
    auto locker = unwrap(PostgresqlConnection::make(store_.settings.postgresql));
    {
        const auto lock = SqlTransaction::begin(*locker);
        ASSERT_TRUE(locker->execute("LOCK TABLE record IN ACCESS EXCLUSIVE MODE"));
        append(records_named("B", 1));
        EXPECT_TRUE(eventually([&] { return mover_->counts().away; }));
        EXPECT_NE(mover_->counts().last_error.find("took too long"), std::string::npos);
    }
    ASSERT_TRUE(all_moved(2));
    EXPECT_EQ(store_.arrived(), "2 2");
}

TEST_F(RecordMoverTest, WhatAFullJournalCannotTakeIsKeptUntilThereIsRoomAgain) {
    store_.settings.journal_max = 10;
    server().stop();
    start();
    append(records_named("A", 8));
    const auto full = journal()->append(records_named("B", 3));
    ASSERT_FALSE(full);
    EXPECT_TRUE(store_is_at_fault(full.error()));
    EXPECT_EQ(full.error().message,
              "the journal is full: 8 records wait for PostgreSQL, of store.journal_max = 10");
    {
        RecordWriter writer([this] { return Result<std::unique_ptr<RecordStore>>(journal()); }, 1000,
                            RecordWriter::RetryWaits{1ms, 4ms});
        int refused = 0;
        for (auto& record : records_named("C", 20)) {
            std::promise<bool> written;
            writer.write(record, [&](const Status& status) { written.set_value(status.has_value()); });
            refused += written.get_future().get() ? 0 : 1;
        }
        EXPECT_EQ(refused, 18);
        EXPECT_EQ(writer.counts().queued, 18U) << "kept";
        server().start();
        EXPECT_TRUE(eventually([&] { return writer.counts().queued == 0; }));
        EXPECT_EQ(writer.counts().lost, 0U);
    }
    ASSERT_TRUE(all_moved(28));
    EXPECT_EQ(store_.arrived(), "28 28");
}

TEST_F(RecordMoverTest, AFolderThatIsMissingIsFoundOnceItIsThere) {
    store_.settings.path = store_.folder.file("sub/defender.db");
    start();
    ASSERT_TRUE(eventually([&] { return mover_->counts().away; }));
    std::filesystem::create_directory(store_.folder.file("sub"));
    append(records_named("A", 2));
    ASSERT_TRUE(all_moved(2));
}

}  // namespace
}  // namespace defender::store
