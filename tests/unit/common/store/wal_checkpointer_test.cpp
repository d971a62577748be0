#include "common/store/wal_checkpointer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "common/store/sqlite_store.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

constexpr std::uint64_t page_octets = 4096;

class WalCheckpointerTest : public testing::Test {
  protected:
    WalCheckpointerTest() {
        EXPECT_TRUE(migrate_sqlite_store(path_));
        writer_ = std::move(SqliteDatabase::open(path_, OpenMode::read_write, busy_)).value();
        EXPECT_TRUE(writer_->execute("CREATE TABLE filling (octets BLOB)"));
    }
    /// One commit of about so many pages.
    void commit(std::uint64_t pages) const {
        auto statement = std::move(writer_->prepare("INSERT INTO filling VALUES (zeroblob(?))")).value();
        statement.bind(static_cast<std::int64_t>(pages * page_octets));
        ASSERT_TRUE(statement.run());
    }
    [[nodiscard]] std::uint64_t octets_of_file() const { return std::filesystem::file_size(path_); }
    [[nodiscard]] std::uint64_t pages_of_wal() const {
        return std::filesystem::file_size(path_ + "-wal") / page_octets;
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
    std::chrono::milliseconds busy_{2000};
    std::unique_ptr<SqliteDatabase> writer_;
};

TEST_F(WalCheckpointerTest, CopiesWhileTheWriterDoesNothing) {
    WalCheckpointer checkpointer(*writer_, {.pass = 100, .restart = 100000, .most = 100000});
    commit(50);
    const auto before = octets_of_file();
    checkpointer.after_commit();
    EXPECT_EQ(octets_of_file(), before) << "not yet";
    commit(100);
    checkpointer.after_commit();
    while (octets_of_file() < before + 140 * page_octets) std::this_thread::yield();
}

TEST_F(WalCheckpointerTest, CommitsCopyNothingByThemselves) {
    WalCheckpointer checkpointer(*writer_);
    const auto before = octets_of_file();
    commit(3000);
    EXPECT_EQ(octets_of_file(), before);
}

TEST_F(WalCheckpointerTest, TheWalIsBegunAnewAlthoughCommitsNeverCease) {
    WalCheckpointer checkpointer(*writer_, {.pass = 50, .restart = 200, .most = 400});
    for (int i = 0; i < 2000; ++i) {
        commit(5);
        checkpointer.after_commit();
    }
    EXPECT_LT(pages_of_wal(), 500U) << "of 12,000 that were written";
}

TEST_F(WalCheckpointerTest, TheWriterCopiesWhereNoOtherConnectionCanBeHad) {
    commit(1);
    WalCheckpointer checkpointer(*writer_, {.pass = 50, .restart = 200, .most = 400});
    std::filesystem::rename(path_, folder_.file("moved.db"));
    std::filesystem::create_directory(path_);
    for (int i = 0; i < 1000; ++i) {
        commit(5);
        checkpointer.after_commit();
    }
    EXPECT_LT(pages_of_wal(), 500U) << "of 6,000 that were written";
}

TEST_F(WalCheckpointerTest, AStoreThatIsClosedInTheMiddleHasAllThatWasAppended) {
    for (int round = 0; round < 5; ++round) {
        auto store = std::move(open_sqlite_store(path_, OpenMode::read_write)).value();
        for (int i = 0; i < 60; ++i)
            ASSERT_TRUE(store->append(std::vector<Record>(20, test::sample_record())));
    }
    EXPECT_EQ(*writer_->number("SELECT count(*) FROM record"), 5 * 60 * 20);
    auto check = std::move(writer_->prepare("PRAGMA integrity_check")).value();
    ASSERT_TRUE(*check.step());
    EXPECT_EQ(check.text(0), "ok");
}

}  // namespace
}  // namespace defender::store
