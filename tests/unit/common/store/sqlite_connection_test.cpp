#include "common/store/sqlite_connection.hpp"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

class SqliteConnectionTest : public testing::Test {
  protected:
    void SetUp() override {
        connection_ = open();
        ASSERT_TRUE(connection_->execute("CREATE TABLE t (n INTEGER UNIQUE, s TEXT, o BLOB)"));
    }
    [[nodiscard]] std::unique_ptr<SqlConnection> open(OpenMode mode = OpenMode::read_write) const {
        auto opened = open_sqlite_connection(path_, mode, std::chrono::milliseconds{100});
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
        return opened ? std::move(opened).value() : nullptr;
    }
    std::int64_t number(SqlConnection& connection, std::string_view sql) {
        std::int64_t found = -1;
        EXPECT_TRUE(connection.run(sql, {}, [&](const SqlRow& row) { found = row.number(0); }));
        return found;
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("test.db");
    std::unique_ptr<SqlConnection> connection_;
};

TEST_F(SqliteConnectionTest, ValuesComeBackAsTheyWere) {
    const std::string octets("\0\xff'", 3);
    ASSERT_TRUE(connection_->run(
        "INSERT INTO t VALUES ($1, $2, $3), ($4, $5, $6)",
        {std::int64_t{-5}, std::string("\u00e4'"), SqlOctets{octets}, SqlNull{}, SqlNull{}, SqlNull{}}));
    int rows = 0;
    const auto read =
        connection_->run("SELECT n, s, o FROM t ORDER BY n NULLS LAST", {}, [&](const SqlRow& row) {
            const bool first = rows++ == 0;
            EXPECT_EQ(row.is_null(0), !first);
            EXPECT_EQ(row.number(0), first ? -5 : 0);
            EXPECT_EQ(row.text(1), first ? "\u00e4'" : "");
            EXPECT_EQ(row.octets(2), first ? octets : "");
        });
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, 2U);
    EXPECT_EQ(rows, 2);
}

TEST_F(SqliteConnectionTest, EmptyTextAndOctetsAreNotNull) {
    ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (1, $1, $2)", {std::string(), SqlOctets{}}));
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t WHERE s IS NOT NULL AND o IS NOT NULL"), 1);
}

TEST_F(SqliteConnectionTest, AParameterMayBeUsedAgain) {
    std::int64_t found = 0;
    const auto read = connection_->run("SELECT $1 * 100 + $2 * 10 + $1", {std::int64_t{1}, std::int64_t{2}},
                                       [&](const SqlRow& row) { found = row.number(0); });
    ASSERT_TRUE(read);
    EXPECT_EQ(found, 121);
}

TEST_F(SqliteConnectionTest, ItCountsRowsChangedOrGivenBack) {
    EXPECT_EQ(*connection_->run("INSERT INTO t (n) VALUES (1), (2), (3)"), 3U);
    EXPECT_EQ(*connection_->run("UPDATE t SET s = 'x' WHERE n > 1"), 2U);
    EXPECT_EQ(*connection_->run("UPDATE t SET s = 'x' WHERE n > 7"), 0U);
    EXPECT_EQ(*connection_->run("UPDATE t SET s = 'y' WHERE n = 1 RETURNING n"), 1U);
    EXPECT_EQ(*connection_->run("INSERT INTO t (n) VALUES (1) ON CONFLICT DO NOTHING"), 0U);
    EXPECT_EQ(*connection_->run("SELECT * FROM t"), 3U);
    EXPECT_EQ(*connection_->run("DELETE FROM t"), 3U);
}

TEST_F(SqliteConnectionTest, AFailedStatementNamesTheFileAndCanBeUsedAgain) {
    ASSERT_TRUE(connection_->run("INSERT INTO t (n) VALUES ($1)", {std::int64_t{1}}));
    const auto failed = connection_->run("INSERT INTO t (n) VALUES ($1)", {std::int64_t{1}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, path_ + ": UNIQUE constraint failed: t.n");
    EXPECT_TRUE(connection_->run("INSERT INTO t (n) VALUES ($1)", {std::int64_t{2}}));
    EXPECT_FALSE(connection_->run("INSERT INTO nowhere VALUES (1)"));
    EXPECT_FALSE(connection_->execute("nonsense"));
}

TEST_F(SqliteConnectionTest, MoreStatementsThanAreKeptWorkOn) {
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 200; ++i) {
            EXPECT_EQ(number(*connection_, "SELECT " + std::to_string(i)), i);
        }
    }
}

TEST_F(SqliteConnectionTest, AStatementThatIsReadToItsEndHoldsNoLock) {
    ASSERT_TRUE(connection_->run("INSERT INTO t (n) VALUES (1), (2)"));
    EXPECT_EQ(number(*connection_, "SELECT n FROM t"), 2);
    ASSERT_TRUE(open()->execute("UPDATE t SET s = 'new'"));
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t WHERE s = 'new'"), 2);
}

TEST_F(SqliteConnectionTest, ATransactionIsWrittenWholeOrNotAtAll) {
    const auto other = open();
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(connection_->run("INSERT INTO t (n) VALUES (1)"));
        EXPECT_EQ(number(*other, "SELECT count(*) FROM t"), 0);
    }
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 0);
    auto transaction = SqlTransaction::begin(*connection_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(connection_->run("INSERT INTO t (n) VALUES (2)"));
    ASSERT_TRUE(transaction.value()->commit());
    EXPECT_EQ(number(*other, "SELECT n FROM t"), 2);
}

TEST_F(SqliteConnectionTest, TheWriteLockIsTakenAtOnce) {
    const auto other = open();
    auto first = SqlTransaction::begin(*connection_);
    ASSERT_TRUE(first);
    const auto second = SqlTransaction::begin(*other);
    ASSERT_FALSE(second);
    EXPECT_TRUE(store_is_busy(second.error())) << second.error().message;
    ASSERT_TRUE(first.value()->commit());
    EXPECT_TRUE(SqlTransaction::begin(*other));
}

TEST_F(SqliteConnectionTest, WhoReadsSeesOneMomentAndHoldsUpNobody) {
    const auto other = open();
    const auto reading = SqlTransaction::begin_reading(*connection_);
    ASSERT_TRUE(reading);
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 0);
    EXPECT_TRUE(other->run("INSERT INTO t (n) VALUES (1)"));
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 0);
    ASSERT_TRUE(reading.value()->commit());
    EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 1);
}

TEST_F(SqliteConnectionTest, CommitsWaitForTheDiskButWhereTheyNeedNot) {
    EXPECT_EQ(number(*connection_, "PRAGMA synchronous"), 2);
    {
        const SqlUnhurriedCommits unhurried(*connection_);
        EXPECT_EQ(number(*connection_, "PRAGMA synchronous"), 1);
    }
    EXPECT_EQ(number(*connection_, "PRAGMA synchronous"), 2);
}

TEST_F(SqliteConnectionTest, ReadOnlyRefusesAnOldFileAndWrites) {
    const auto reader = open(OpenMode::read_only);
    EXPECT_EQ(number(*reader, "SELECT count(*) FROM t"), 0);
    EXPECT_FALSE(reader->run("INSERT INTO t (n) VALUES (1)"));
    const auto missing = open_sqlite_connection(folder_.file("none.db"), OpenMode::read_only);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("none.db"), std::string::npos);
}

}  // namespace
}  // namespace defender::store
