#include "common/store/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "common/store/sqlite_database.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

class SqliteStoreTest : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<RecordStore> open(OpenMode mode = OpenMode::read_write) const {
        auto opened = open_sqlite_store(path_, mode, busy_);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
        return opened ? std::move(opened).value() : nullptr;
    }
    [[nodiscard]] std::unique_ptr<SqliteDatabase> raw() const {
        return std::move(SqliteDatabase::open(path_, OpenMode::read_write, busy_)).value();
    }
    /// When the store's own thread has no pass at hand.
    void copy_all_of_wal() const {
        while (*raw()->number("PRAGMA wal_checkpoint(TRUNCATE)") != 0) std::this_thread::yield();
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
    std::chrono::milliseconds busy_{2000};
};

TEST_F(SqliteStoreTest, MigrateMakesTheStoreAndSaysFromWhereToWhere) {
    const auto first = migrate_sqlite_store(path_);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->from, 0);
    const auto second = migrate_sqlite_store(path_);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->from, first->to);
    EXPECT_EQ(open()->status()->schema_version, first->to);
}

TEST_F(SqliteStoreTest, ReadOnlyFindsAndNeverWrites) {
    ASSERT_TRUE(open()->append({test::sample_record()}));
    const auto store = open(OpenMode::read_only);
    EXPECT_EQ(store->find("4F2A1B")->size(), 1U);
    EXPECT_FALSE(store->append({test::sample_record()}));
    EXPECT_FALSE(store->expire(INT64_MAX));
    EXPECT_EQ(store->status()->records, 1U);
}

TEST_F(SqliteStoreTest, ReadOnlyRefusesAFileThatNeedsMigrating) {
    { std::ofstream empty(path_); }
    const auto refused = open_sqlite_store(path_, OpenMode::read_only);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("`defenderctl migrate`"), std::string::npos)
        << refused.error().message;
}

TEST_F(SqliteStoreTest, AFileOfANewerProgramIsRefusedInBothModes) {
    ASSERT_TRUE(migrate_sqlite_store(path_));
    ASSERT_TRUE(raw()->execute("PRAGMA user_version = 9999"));
    for (const auto mode : {OpenMode::read_only, OpenMode::read_write}) {
        const auto refused = open_sqlite_store(path_, mode);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("newer than this program"), std::string::npos);
    }
    EXPECT_EQ(*raw()->number("PRAGMA user_version"), 9999);
}

TEST_F(SqliteStoreTest, ABatchIsStoredWholeOrNotAtAll) {
    const auto store = open();
    ASSERT_TRUE(
        raw()->execute("CREATE TRIGGER no_bad BEFORE INSERT ON record WHEN NEW.queue_id = 'bad'"
                       " BEGIN SELECT RAISE(ABORT, 'bad'); END"));
    const auto refused = store->append({test::plain_record("good"), test::plain_record("bad")});
    ASSERT_FALSE(refused);
    EXPECT_FALSE(store_is_at_fault(refused.error())) << refused.error().message;
    EXPECT_TRUE(store->find("good")->empty());
    EXPECT_TRUE(store->append({test::plain_record("good")})) << "the store is usable after a failure";
}

TEST_F(SqliteStoreTest, ALockedFileIsBusyAndUsableAfterwards) {
    busy_ = std::chrono::milliseconds{10};
    const auto store = open();
    {
        const auto other = raw();
        auto transaction = SqliteTransaction::begin(*other);
        ASSERT_TRUE(transaction);
        const auto refused = store->append({test::plain_record("A")});
        ASSERT_FALSE(refused);
        EXPECT_TRUE(store_is_busy(refused.error()));
        EXPECT_TRUE(store_is_at_fault(refused.error()));
        EXPECT_TRUE(store->find("A")) << "readers are not held up";
    }
    EXPECT_TRUE(store->append({test::plain_record("A")}));
}

TEST_F(SqliteStoreTest, AWriterWaitsForAShortLock) {
    const auto store = open();
    const auto other = raw();
    auto transaction = SqliteTransaction::begin(*other);
    std::thread release([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        EXPECT_TRUE(transaction.value()->commit());
    });
    EXPECT_TRUE(store->append({test::plain_record("A")}));
    release.join();
}

/// Keeps this process's files below a size, as a full disk would, for as long as it lives.
class FullDisk {
  public:
    explicit FullDisk(rlim_t octets) {
        before_handler_ = ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{octets, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, before_handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
    void (*before_handler_)(int) = nullptr;
};

TEST_F(SqliteStoreTest, AFullDiskIsAnErrorAndNothingIsHalfWritten) {
    const auto store = open();
    std::uint64_t written = 0;
    {
        const FullDisk disk(2 * 1024 * 1024);
        Status status = Done{};
        while (status && written < 100000) {
            status = store->append(std::vector<Record>(100, test::sample_record()));
            if (status) written += 100;
        }
        ASSERT_FALSE(status) << "the limit was never reached";
        EXPECT_FALSE(store_is_busy(status.error()));
        EXPECT_TRUE(store_is_at_fault(status.error())) << status.error().message;
    }
    EXPECT_EQ(store->status()->records, written);
    EXPECT_TRUE(store->append({test::sample_record()})) << "goes on when there is room again";
    EXPECT_EQ(open()->status()->records, written + 1);
    EXPECT_EQ(*raw()->number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

TEST_F(SqliteStoreTest, AFileThatWasMovedAwayIsTheStoresFault) {
    const auto store = open();
    ASSERT_TRUE(store->append({test::plain_record("A")}));
    std::filesystem::rename(path_, folder_.file("moved.db"));
    const auto refused = store->append({test::plain_record("B")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, path_ + ": the file was moved away or replaced");
    EXPECT_TRUE(store_is_at_fault(refused.error()));
}

TEST_F(SqliteStoreTest, ADamagedRecordIsAnErrorThatNamesItNotAnEmptyAnswer) {
    const auto store = open();
    ASSERT_TRUE(store->append({test::plain_record("A")}));
    ASSERT_TRUE(raw()->execute("UPDATE record SET evidence = '{}'"));
    const auto found = store->find("A");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, path_ + ": record A: evidence has version 0, this program reads 1");
}

TEST_F(SqliteStoreTest, ColumnsAndDomainsAreThereForReports) {
    const auto store = open();
    ASSERT_TRUE(store->append({test::sample_record(), test::plain_record("B", 1777636800 + 86400)}));
    const auto database = raw();
    EXPECT_EQ(*database->number("SELECT count(*) FROM record WHERE day = 20574 AND id > 0"), 1);
    EXPECT_EQ(*database->number("SELECT count(*) FROM record_domain"), 2);
    EXPECT_EQ(*database->number("SELECT count(*) FROM record r JOIN record_domain d ON d.record_id = r.id"
                                " WHERE r.day = 20574 AND d.reportable AND d.policy_domain = 'example.org'"
                                " AND d.disposition = 'quarantine' AND d.sampled_out AND NOT d.spf_aligned"
                                " AND r.client = '2001:db8::25' AND r.envelope_from = 'bounce.example.org'"
                                " AND json_extract(r.auth_results, '$.spf[0].result') = 'softfail'"
                                " AND json_extract(d.reasons, '$[0].type') = 'sampled_out'"),
              1);
}

TEST_F(SqliteStoreTest, ExpiredRecordsTakeTheirDomainsWithThem) {
    const auto store = open();
    ASSERT_TRUE(store->append({test::sample_record()}));
    EXPECT_EQ(*store->expire(INT64_MAX), 1U);
    EXPECT_EQ(*raw()->number("SELECT count(*) FROM record_domain"), 0);
}

TEST_F(SqliteStoreTest, AnIdIsNeverGivenTwice) {
    const auto store = open();
    ASSERT_TRUE(store->append({test::plain_record("A")}));
    const auto first = *raw()->number("SELECT max(id) FROM record");
    EXPECT_EQ(*store->expire(INT64_MAX), 1U);
    ASSERT_TRUE(store->append({test::plain_record("B")}));
    EXPECT_GT(*raw()->number("SELECT max(id) FROM record"), first);
}

TEST_F(SqliteStoreTest, TheFileShrinksWhereMuchHasExpired) {
    const auto store = open();
    ASSERT_TRUE(store->append(std::vector<Record>(2000, test::sample_record())));
    copy_all_of_wal();
    const auto before = std::filesystem::file_size(path_);
    EXPECT_EQ(*store->expire(INT64_MAX), 2000U);
    copy_all_of_wal();
    EXPECT_LT(std::filesystem::file_size(path_), before / 2);
}

TEST_F(SqliteStoreTest, RecordsFlowWhileOthersExpire) {
    const auto store = open();
    ASSERT_TRUE(store->append(std::vector<Record>(5000, test::plain_record("old", 1))));
    std::thread expiry([this] { EXPECT_EQ(*open()->expire(2), 5000U); });
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(store->append({test::plain_record("new")}));
    expiry.join();
    EXPECT_EQ(store->status()->records, 50U);
}

/// Appends for ever and says the number of each record over the pipe as soon as append() is done.
[[noreturn]] void append_until_killed(const std::string& path, int pipe) {
    auto store = open_sqlite_store(path, OpenMode::read_write);
    if (!store) ::_exit(2);
    for (std::uint32_t number = 0;; number += 3) {
        std::vector<Record> batch;
        for (std::uint32_t i = 0; i < 3; ++i) batch.push_back(test::plain_record(std::to_string(number + i)));
        if (!store.value()->append(batch)) ::_exit(3);
        if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(4);
    }
}

TEST_F(SqliteStoreTest, WhatWasDoneIsThereAfterAKillAtAnyMoment) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 12; ++round) {
        path_ = folder_.file("killed" + std::to_string(round) + ".db");
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) append_until_killed(path_, ends[1]);
        ::close(ends[1]);
        const auto wanted = std::uniform_int_distribution<std::uint32_t>(0, 60)(random);
        std::uint32_t last = 0;
        std::uint32_t done = 0;
        while (done < wanted && ::read(ends[0], &last, sizeof last) == sizeof last) ++done;
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
        ::kill(child, SIGKILL);
        int ended = 0;
        ASSERT_EQ(::waitpid(child, &ended, 0), child);
        ASSERT_TRUE(WIFSIGNALED(ended)) << "ended by itself: " << WEXITSTATUS(ended);
        while (::read(ends[0], &last, sizeof last) == sizeof last) ++done;
        ::close(ends[0]);

        const auto store = open();
        const auto records = store->status()->records;
        EXPECT_GE(records, std::uint64_t{done} * 3) << "round " << round;
        EXPECT_LE(records, (std::uint64_t{done} + 1) * 3);
        EXPECT_EQ(records % 3, 0U) << "half a batch";
        for (std::uint32_t number = 0; number < done * 3; ++number) {
            ASSERT_EQ(store->find(std::to_string(number))->size(), 1U)
                << "round " << round << " record " << number;
        }
        EXPECT_TRUE(store->append({test::plain_record("next")}));
    }
}

TEST_F(SqliteStoreTest, TwoProcessesWriteToOneFile) {
    constexpr int batches = 40;
    const auto write_some = [&](const char* name) {
        const auto store = open_sqlite_store(path_, OpenMode::read_write);
        for (int i = 0; store && i < batches; ++i) {
            if (!store.value()->append({test::plain_record(name)})) return 1;
        }
        return store ? 0 : 2;
    };
    const pid_t child = ::fork();
    if (child == 0) ::_exit(write_some("child"));
    EXPECT_EQ(write_some("parent"), 0);
    int ended = 0;
    ASSERT_EQ(::waitpid(child, &ended, 0), child);
    EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    EXPECT_EQ(open()->find("child")->size(), std::size_t{batches});
    EXPECT_EQ(open()->find("parent")->size(), std::size_t{batches});
}

}  // namespace
}  // namespace defender::store
