#include "common/store/sqlite_migrations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <future>
#include <regex>
#include <set>
#include <sstream>

#include "common/store/report_store.hpp"
#include "common/store/sqlite_connection.hpp"
#include "tests/support/older_report.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

constexpr std::array two_steps{SqliteMigration{"CREATE TABLE one (a INTEGER)"},
                               SqliteMigration{"ALTER TABLE one ADD COLUMN b INTEGER DEFAULT 5"}};
constexpr std::array failing_second{
    SqliteMigration{"CREATE TABLE one (a INTEGER)"},
    SqliteMigration{"CREATE TABLE two (a INTEGER); CREATE TABLE one (a INTEGER)"}};

class SqliteMigrationsTest : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<SqliteDatabase> open() const {
        auto opened = SqliteDatabase::open(path_, OpenMode::read_write, std::chrono::milliseconds{5000});
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
        return opened ? std::move(opened).value() : nullptr;
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("test.db");
};

TEST_F(SqliteMigrationsTest, AnEmptyFileGoesThroughAllOfThem) {
    const auto database = open();
    EXPECT_EQ(*schema_version(*database, two_steps), 0);
    const auto done = migrate(*database, two_steps);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->from, 0);
    EXPECT_EQ(done->to, 2);
    EXPECT_EQ(*schema_version(*database, two_steps), 2);
    EXPECT_TRUE(database->execute("INSERT INTO one (a, b) VALUES (1, 2)"));
}

TEST_F(SqliteMigrationsTest, AnOlderFileKeepsItsRows) {
    const auto database = open();
    ASSERT_TRUE(migrate(*database, std::span(two_steps).first(1)));
    ASSERT_TRUE(database->execute("INSERT INTO one (a) VALUES (1)"));
    const auto done = migrate(*database, two_steps);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->from, 1);
    EXPECT_EQ(done->to, 2);
    EXPECT_EQ(*database->number("SELECT b FROM one WHERE a = 1"), 5);
}

TEST_F(SqliteMigrationsTest, ACurrentFileIsLeftAlone) {
    const auto database = open();
    ASSERT_TRUE(migrate(*database, two_steps));
    const auto again = migrate(*database, two_steps);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->from, 2);
    EXPECT_EQ(again->to, 2);
}

TEST_F(SqliteMigrationsTest, ANewerFileIsRefusedAndNotChanged) {
    const auto database = open();
    ASSERT_TRUE(migrate(*database, two_steps));
    const auto refused = migrate(*database, std::span(two_steps).first(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              path_ + " has schema version 2, newer than this program, which knows 1; use the newer program");
    EXPECT_EQ(*database->number("PRAGMA user_version"), 2);
}

TEST_F(SqliteMigrationsTest, AnotherProgramsFileIsRefusedAndNotChanged) {
    const auto database = open();
    ASSERT_TRUE(database->execute("CREATE TABLE bookmarks (url TEXT)"));
    const auto refused = migrate(*database, two_steps);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, path_ + " is another program's database");
    EXPECT_EQ(*database->number("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SqliteMigrationsTest, AFailedStepLeavesTheVersionBeforeItWhole) {
    const auto database = open();
    const auto failed = migrate(*database, failing_second);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, path_ + ": table one already exists");
    EXPECT_EQ(*database->number("PRAGMA user_version"), 1);
    EXPECT_EQ(*database->number("SELECT count(*) FROM sqlite_schema WHERE name = 'two'"), 0);
    EXPECT_TRUE(migrate(*database, two_steps)) << "the mended program goes on from there";
}

TEST_F(SqliteMigrationsTest, SeveralProcessesMayMigrateAtOnce) {
    for (int round = 0; round < 10; ++round) {
        path_ = folder_.file("race" + std::to_string(round) + ".db");
        std::vector<std::future<std::string>> done;
        for (int i = 0; i < 4; ++i) {
            done.push_back(std::async(std::launch::async, [this] {
                const auto database = open();
                const auto migrated = migrate(*database, two_steps);
                return migrated ? std::string() : migrated.error().message;
            }));
        }
        for (auto& each : done) EXPECT_EQ(each.get(), "");
    }
}

TEST_F(SqliteMigrationsTest, OfThoseThatMigrateAtOnceOneSaysThatItDid) {
    const auto one_step = std::span(two_steps).first(1);
    for (int round = 0; round < 10; ++round) {
        path_ = folder_.file("told" + std::to_string(round) + ".db");
        std::vector<std::future<bool>> changed;
        for (int i = 0; i < 4; ++i) {
            changed.push_back(std::async(std::launch::async, [this, one_step] {
                const auto database = open();
                const auto migrated = migrate(*database, one_step);
                EXPECT_TRUE(migrated && migrated->to == 1);
                return migrated && migrated->from != migrated->to;
            }));
        }
        EXPECT_EQ(std::count_if(changed.begin(), changed.end(), [](auto& each) { return each.get(); }), 1);
    }
}

TEST_F(SqliteMigrationsTest, TheFileIsInWalModeAndCanShrink) {
    const auto database = open();
    ASSERT_TRUE(migrate(*database, two_steps));
    auto mode = database->prepare("PRAGMA journal_mode");
    ASSERT_TRUE(*mode->step());
    EXPECT_EQ(mode->text(0), "wal");
    EXPECT_EQ(*database->number("PRAGMA auto_vacuum"), 2);
}

// The file below was written when version 1 was new. It must open for ever; a published migration is never
// changed.
TEST_F(SqliteMigrationsTest, AFileOfVersionOneStillOpensWithItsRecords) {
    {
        std::ifstream file(DEFENDER_SOURCE_DIR "/tests/data/store/version-1.sql");
        ASSERT_TRUE(file);
        std::ostringstream sql;
        sql << file.rdbuf();
        const auto database = open();
        const auto built = database->execute(sql.str());
        ASSERT_TRUE(built) << built.error().message;
        EXPECT_EQ(*schema_version(*database, sqlite_migrations()), 1);
    }
    const auto migrated = migrate_sqlite_store(path_);
    ASSERT_TRUE(migrated) << migrated.error().message;
    EXPECT_EQ(migrated->from, 1);
    EXPECT_EQ(migrated->to, static_cast<int>(sqlite_migrations().size()));
    auto store = open_sqlite_store(path_, OpenMode::read_only);
    ASSERT_TRUE(store) << store.error().message;
    const auto found = store.value()->find("4F2A1B");
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().evidence.policies.front().record.percent, 50U);
    EXPECT_EQ(found->front().judgement.action, auth::Action::hold);
    EXPECT_TRUE(open_sqlite_store(path_, OpenMode::read_write).value()->append({found->front()}));
}

TEST_F(SqliteMigrationsTest, AFileOfVersionTwoStillOpensAndBeginsToLearnForwarders) {
    {
        std::ifstream file(DEFENDER_SOURCE_DIR "/tests/data/store/version-2.sql");
        std::ostringstream sql;
        sql << file.rdbuf();
        ASSERT_TRUE(open()->execute(sql.str()));
        EXPECT_EQ(*schema_version(*open(), sqlite_migrations()), 2);
    }
    auto store = open_sqlite_store(path_, OpenMode::read_write);
    ASSERT_TRUE(store) << store.error().message;
    auto found = store.value()->find("4F2A1B");
    ASSERT_EQ(found->size(), 1U);
    found->front().sighting = {"192.0.2.1", "example.org", UtcDay{20574}};
    ASSERT_TRUE(store.value()->append({found->front()}));
    EXPECT_EQ(*open()->number("SELECT record_id FROM forwarding_sighting"), 2);
    auto connection = open_sqlite_connection(path_, OpenMode::read_only);
    EXPECT_EQ(make_report_store(std::move(connection).value())->suppressions()->size(), 1U);
}

TEST_F(SqliteMigrationsTest, TheOpenReportsOfVersionThreeKeepTheirRowsAndCounts) {
    {
        const auto database = open();
        ASSERT_TRUE(migrate(*database, sqlite_migrations().first(3)));
        const auto filled =
            database->execute(test::older_report([](const std::string& hex) { return "x'" + hex + "'"; }));
        ASSERT_TRUE(filled) << filled.error().message;
    }
    auto connection = open_sqlite_connection(path_, OpenMode::read_write);
    ASSERT_TRUE(connection) << connection.error().message;
    test::expect_older_report(*make_report_store(std::move(connection).value()));
    EXPECT_EQ(
        *open()->number("SELECT (SELECT count(*) FROM report_row) + (SELECT count(*) FROM report_count)"), 0);
}

TEST_F(SqliteMigrationsTest, TheRecordsOfVersionOneAreReportedAfterItsMigration) {
    {
        std::ifstream file(DEFENDER_SOURCE_DIR "/tests/data/store/version-1.sql");
        std::ostringstream sql;
        sql << file.rdbuf();
        ASSERT_TRUE(open()->execute(sql.str()));
    }
    auto connection = open_sqlite_connection(path_, OpenMode::read_write);
    ASSERT_TRUE(connection) << connection.error().message;
    const auto store = make_report_store(std::move(connection).value());
    ASSERT_EQ(*store->fold(10), 1U);
    const auto reports = store->open_reports({}, "");
    ASSERT_EQ(reports->size(), 1U);
    EXPECT_EQ(reports->front().day.to_string(), "2026-05-01");
    EXPECT_EQ(reports->front().policy_domain, "example.org");
    std::vector<ReportRow> rows;
    ASSERT_TRUE(store->rows(reports->front().id, [&](const ReportRow& row) {
        rows.push_back(row);
        return true;
    }));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].source_ip, "2001:db8::25");
    EXPECT_EQ(rows[0].reasons, (std::vector<ReportReason>{{"sampled_out", "pct=50, draw 42"}}));
    EXPECT_EQ(rows[0].dkim.at(0).selector, "s1");
    EXPECT_EQ(rows[0].spf.at(0).result, "softfail");
}

TEST_F(SqliteMigrationsTest, EveryFileIsAJournalWithARandomNameOfItsOwn) {
    std::set<std::string> names;
    const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (int i = 0; i < 10; ++i) {
        path_ = folder_.file(std::to_string(i) + ".db");
        ASSERT_TRUE(migrate_sqlite_store(path_));
        const auto database = open();
        auto row = database->prepare("SELECT journal, folded_id FROM journal");
        ASSERT_TRUE(*row->step());
        EXPECT_TRUE(std::regex_match(row->text(0), uuid)) << row->text(0);
        EXPECT_EQ(row->number(1), 0);
        EXPECT_TRUE(names.insert(row->text(0)).second);
        EXPECT_FALSE(*row->step()) << "one row";
    }
}

}  // namespace
}  // namespace defender::store
