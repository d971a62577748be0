#include "common/store/postgresql_migrations.hpp"

#include <gmock/gmock.h>

#include <array>
#include <future>

#include "tests/support/older_report.hpp"
#include "tests/support/postgresql_server.hpp"

namespace defender::store {
namespace {

using ::testing::HasSubstr;

const std::array two_steps{PostgresqlMigration{"CREATE TABLE one (a BIGINT)"},
                           PostgresqlMigration{"ALTER TABLE one ADD COLUMN b BIGINT DEFAULT 5"}};
const std::array failing_second{
    PostgresqlMigration{"CREATE TABLE one (a BIGINT)"},
    PostgresqlMigration{"CREATE TABLE two (a BIGINT); CREATE TABLE one (a BIGINT)"}};

std::unique_ptr<PostgresqlConnection> connect(const std::string& connection_string) {
    return std::move(PostgresqlConnection::make(connection_string)).value();
}

class PostgresqlMigrationsTest : public testing::Test {
  protected:
    static test::PostgresqlServer& server() { return test::PostgresqlServer::instance(); }
    std::string sql(const std::string& statements) {
        return server().sql(test::database_of(connection_string_), statements);
    }

    std::string connection_string_ = server().make_database();
    std::unique_ptr<PostgresqlConnection> connection_ = connect(connection_string_);
};

TEST_F(PostgresqlMigrationsTest, AnEmptyDatabaseGoesThroughAllOfThem) {
    EXPECT_EQ(*schema_version(*connection_, two_steps), 0);
    const auto done = migrate(*connection_, two_steps);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->from, 0);
    EXPECT_EQ(done->to, 2);
    EXPECT_EQ(*schema_version(*connection_, two_steps), 2);
    sql("INSERT INTO one (a, b) VALUES (1, 2)");
}

TEST_F(PostgresqlMigrationsTest, AnOlderDatabaseKeepsItsRows) {
    ASSERT_TRUE(migrate(*connection_, std::span(two_steps).first(1)));
    sql("INSERT INTO one (a) VALUES (1)");
    const auto done = migrate(*connection_, two_steps);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->from, 1);
    EXPECT_EQ(done->to, 2);
    EXPECT_EQ(sql("SELECT b FROM one WHERE a = 1"), "5");
}

TEST_F(PostgresqlMigrationsTest, ANewerDatabaseIsRefusedAndNotChanged) {
    ASSERT_TRUE(migrate(*connection_, two_steps));
    const auto refused = migrate(*connection_, std::span(two_steps).first(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              connection_->name() +
                  " has schema version 2, newer than this program, which knows 1; use the newer program");
    EXPECT_EQ(sql("SELECT version FROM schema_version"), "2");
}

TEST_F(PostgresqlMigrationsTest, AFailedStepLeavesTheVersionBeforeItWhole) {
    const auto failed = migrate(*connection_, failing_second);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("relation \"one\" already exists"));
    EXPECT_EQ(sql("SELECT version FROM schema_version"), "1");
    EXPECT_EQ(sql("SELECT to_regclass('two')"), "");
    EXPECT_TRUE(migrate(*connection_, two_steps)) << "the mended program goes on from there";
}

TEST_F(PostgresqlMigrationsTest, TheOpenReportsOfVersionTwoKeepTheirRowsAndCounts) {
    ASSERT_TRUE(migrate(*connection_, postgresql_migrations().first(2)));
    sql(test::older_report([](const std::string& hex) { return "'\\x" + hex + "'"; }));
    const auto migrated = migrate(*connection_, postgresql_migrations());
    ASSERT_TRUE(migrated) << migrated.error().message;
    test::expect_older_report(*make_report_store(connect(connection_string_)));
    EXPECT_EQ(sql("SELECT (SELECT count(*) FROM report_row) + (SELECT count(*) FROM report_count)"), "0");
}

TEST_F(PostgresqlMigrationsTest, SeveralHostsMayMigrateAtOnce) {
    for (int round = 0; round < 3; ++round) {
        const auto database = server().make_database();
        std::vector<std::future<std::string>> done;
        for (int i = 0; i < 6; ++i) {
            done.push_back(std::async(std::launch::async, [&database] {
                const auto migrated = migrate(*connect(database), postgresql_migrations());
                return migrated ? std::string() : migrated.error().message;
            }));
        }
        for (auto& each : done) EXPECT_EQ(each.get(), "");
        EXPECT_EQ(server().sql(test::database_of(database), "SELECT count(*) FROM schema_version"), "1");
    }
}

TEST_F(PostgresqlMigrationsTest, ReadOnlyRefusesAnOlderSchemaAndChangesNothing) {
    const auto refused = bring_up_to_date(*connection_, OpenMode::read_only);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("`defenderctl migrate`"));
    EXPECT_EQ(sql("SELECT to_regclass('schema_version')"), "");
    const auto made = bring_up_to_date(*connection_, OpenMode::read_write);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(*bring_up_to_date(*connection_, OpenMode::read_only), *made);
}

/// The number of partitions of "record" and of "record_domain".
std::string partitions(const std::string& database) {
    return test::PostgresqlServer::instance().sql(
        database,
        "SELECT count(*) FILTER (WHERE inhparent = 'record'::regclass) || ' ' ||"
        " count(*) FILTER (WHERE inhparent = 'record_domain'::regclass) FROM pg_inherits"
        " WHERE inhparent IN ('record'::regclass, 'record_domain'::regclass)");
}

TEST_F(PostgresqlMigrationsTest, DaysAreMadeOnceAndDropped) {
    ASSERT_TRUE(bring_up_to_date(*connection_, OpenMode::read_write));
    for (const std::int64_t day : {20574, 20575, 20574, -1, 0}) {
        const auto made = connection_->run("SELECT defender_make_day($1)", {day});
        ASSERT_TRUE(made) << made.error().message;
    }
    EXPECT_EQ(partitions(test::database_of(connection_string_)), "4 4");
    for (const std::int64_t day : {20574, -1, 5}) {
        ASSERT_TRUE(connection_->run("SELECT defender_drop_day($1)", {day}));
    }
    EXPECT_EQ(partitions(test::database_of(connection_string_)), "2 2");
}

TEST_F(PostgresqlMigrationsTest, SeveralHostsMayMakeADayAtOnce) {
    ASSERT_TRUE(bring_up_to_date(*connection_, OpenMode::read_write));
    std::vector<std::future<std::string>> done;
    for (int i = 0; i < 6; ++i) {
        done.push_back(std::async(std::launch::async, [this] {
            const auto other = connect(connection_string_);
            for (std::int64_t day = 0; day < 10; ++day) {
                const auto made = other->run("SELECT defender_make_day($1)", {day});
                if (!made) return made.error().message;
            }
            return std::string();
        }));
    }
    for (auto& each : done) EXPECT_EQ(each.get(), "");
    EXPECT_EQ(partitions(test::database_of(connection_string_)), "10 10");
}

TEST_F(PostgresqlMigrationsTest, AReaderInTheMidstOfAScanHoldsUpNoNewDay) {
    ASSERT_TRUE(bring_up_to_date(*connection_, OpenMode::read_write));
    const auto reader = connect(connection_string_);
    const auto reading = SqlTransaction::begin(*reader);
    ASSERT_TRUE(reader->run("SELECT count(*) FROM record"));
    ASSERT_TRUE(connection_->execute("SET lock_timeout = '10s'"));
    const auto made = connection_->run("SELECT defender_make_day(1)");
    EXPECT_TRUE(made) << made.error().message;
}

}  // namespace
}  // namespace defender::store
