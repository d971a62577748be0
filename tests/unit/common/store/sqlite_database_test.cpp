#include "common/store/sqlite_database.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

class SqliteDatabaseTest : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<SqliteDatabase> open(OpenMode mode = OpenMode::read_write) const {
        auto opened = SqliteDatabase::open(path_, mode, std::chrono::milliseconds{10});
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
        return opened ? std::move(opened).value() : nullptr;
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("test.db");
};

TEST_F(SqliteDatabaseTest, BoundValuesComeBackOctetForOctet) {
    const auto database = open();
    ASSERT_TRUE(database->execute("CREATE TABLE t (a TEXT, b INTEGER)"));
    auto insert = database->prepare("INSERT INTO t VALUES (?, ?)");
    ASSERT_TRUE(insert);
    const std::string odd("a\0'; --", 7);
    ASSERT_TRUE(insert->bind(odd).bind(std::int64_t{-7}).run());
    ASSERT_TRUE(insert->bind(std::string_view{}).bind(INT64_MAX).run());
    EXPECT_EQ(database->changes(), 1U);
    EXPECT_EQ(database->last_insert_id(), 2);
    auto select = database->prepare("SELECT a, b, NULL FROM t ORDER BY rowid");
    ASSERT_TRUE(*select->step());
    EXPECT_EQ(select->text(0), odd);
    EXPECT_EQ(select->number(1), -7);
    EXPECT_TRUE(select->is_null(2));
    EXPECT_EQ(select->text(2), "");
    ASSERT_TRUE(*select->step());
    EXPECT_FALSE(select->is_null(0));
    EXPECT_EQ(select->text(0), "");
    EXPECT_EQ(select->number(1), INT64_MAX);
    EXPECT_FALSE(*select->step());
}

TEST_F(SqliteDatabaseTest, ErrorsNameTheFileAndTheReason) {
    const auto database = open();
    const auto bad = database->execute("SELECT * FROM nowhere");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message, path_ + ": no such table: nowhere");
    EXPECT_FALSE(database->prepare("SELEC"));
    EXPECT_FALSE(database->number("SELECT 1 WHERE 0"));
}

TEST_F(SqliteDatabaseTest, AParameterTooManyIsAnErrorOfTheStep) {
    const auto database = open();
    auto statement = database->prepare("SELECT ?");
    EXPECT_FALSE(statement->bind("a").bind("b").step());
    statement->reset();
    EXPECT_TRUE(statement->bind("a").step());
}

TEST_F(SqliteDatabaseTest, WhatIsNotCommittedIsRolledBack) {
    const auto database = open();
    ASSERT_TRUE(database->execute("CREATE TABLE t (a)"));
    {
        auto transaction = SqliteTransaction::begin(*database);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)"));
    }
    EXPECT_EQ(*database->number("SELECT count(*) FROM t"), 0);
    {
        auto transaction = SqliteTransaction::begin(*database);
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)"));
        ASSERT_TRUE(transaction.value()->commit());
    }
    EXPECT_EQ(*database->number("SELECT count(*) FROM t"), 1);
    EXPECT_FALSE(database->in_transaction());
}

TEST_F(SqliteDatabaseTest, ALockedFileIsBusyAndOtherErrorsAreNot) {
    const auto one = open();
    const auto other = open();
    auto transaction = SqliteTransaction::begin(*one);
    const auto refused = SqliteTransaction::begin(*other);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(store_is_busy(refused.error())) << refused.error().message;
    EXPECT_EQ(refused.error().message, "the store is busy: " + path_ + ": database is locked");
    EXPECT_FALSE(store_is_busy(other->execute("nonsense").error()));
}

TEST_F(SqliteDatabaseTest, IsDurableAndHardened) {
    const auto database = open();
    EXPECT_EQ(*database->number("PRAGMA synchronous"), 2);
    EXPECT_EQ(*database->number("PRAGMA foreign_keys"), 1);
    EXPECT_EQ(*database->number("PRAGMA trusted_schema"), 0);
    EXPECT_EQ(*database->number("PRAGMA cell_size_check"), 1);
    EXPECT_FALSE(database->execute("SELECT \"text\"")) << "double-quoted text must be no string";
}

TEST_F(SqliteDatabaseTest, ANewFileIsClosedToOthers) {
    const mode_t before = ::umask(0);
    ASSERT_TRUE(open());
    ::umask(before);
    struct stat found {};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0640U);
}

TEST_F(SqliteDatabaseTest, AFileThatIsThereKeepsItsMode) {
    { std::ofstream file(path_); }
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    ASSERT_TRUE(open());
    struct stat found {};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
}

TEST_F(SqliteDatabaseTest, AMissingFolderIsSaidPlainly) {
    path_ = folder_.file("no/such/test.db");
    const auto opened = SqliteDatabase::open(path_, OpenMode::read_write, std::chrono::milliseconds{10});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, path_ + ": cannot be created: No such file or directory");
}

TEST_F(SqliteDatabaseTest, ReadOnlyCreatesNothing) {
    const auto opened = SqliteDatabase::open(path_, OpenMode::read_only, std::chrono::milliseconds{10});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "the store is unusable: " + path_ +
                                          ": unable to open database file (No such file or directory)");
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteDatabaseTest, ReadOnlyWritesNothing) {
    ASSERT_TRUE(open()->execute("CREATE TABLE t (a)"));
    EXPECT_FALSE(open(OpenMode::read_only)->execute("INSERT INTO t VALUES (1)"));
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefused) {
    std::ofstream(path_) << std::string(4096, 'x');
    const auto opened = SqliteDatabase::open(path_, OpenMode::read_write, std::chrono::milliseconds{10});
    const auto status =
        opened ? opened.value()->number("PRAGMA user_version") : Result<std::int64_t>(opened.error());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "the store is unusable: " + path_ + ": file is not a database");
}

}  // namespace
}  // namespace defender::store
