#include "common/store/postgresql_connection.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>

#include "tests/support/postgresql_server.hpp"
#include "tests/support/sanitizers.hpp"

namespace defender::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PostgresqlConnectionTest : public testing::Test {
  protected:
    static test::PostgresqlServer& server() { return test::PostgresqlServer::instance(); }
    static std::unique_ptr<PostgresqlConnection> make(const std::string& connection_string) {
        auto made = PostgresqlConnection::make(connection_string);
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        return made ? std::move(made).value() : nullptr;
    }
    /// One value of one row.
    std::string text_of(const std::string& sql, const SqlValues& values = {}) {
        std::string text = "no row";
        const auto done = connection_->run(sql, values, [&](const SqlRow& row) { text = row.text(0); });
        return done ? text : done.error().message;
    }
    std::int64_t number_of(const std::string& sql, const SqlValues& values = {}) {
        std::int64_t number = -1;
        const auto done = connection_->run(sql, values, [&](const SqlRow& row) { number = row.number(0); });
        EXPECT_TRUE(done) << done.error().message;
        return number;
    }
    std::string database() const { return test::database_of(connection_string_); }

    std::string connection_string_ = server().make_database();
    std::unique_ptr<PostgresqlConnection> connection_ = make(connection_string_);
};

TEST_F(PostgresqlConnectionTest, ValuesOfEveryKindComeBackAsTheyWent) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT, s TEXT, o BYTEA)"));
    std::string all_octets;
    for (int octet = 0; octet < 256; ++octet) all_octets += static_cast<char>(octet);
    const std::string words = "Grüße, 'quoted' \\ $1 \n\t\xF0\x9F\x98\x80";
    for (const std::int64_t number : {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::max()}) {
        const auto inserted = connection_->run("INSERT INTO t (n, s, o) VALUES ($1, $2, $3)",
                                               {number, words, SqlOctets{all_octets}});
        ASSERT_TRUE(inserted) << inserted.error().message;
        EXPECT_EQ(*inserted, 1U);
        int rows = 0;
        const auto found = connection_->run("SELECT n, s, o FROM t WHERE n = $1 AND s = $2 AND o = $3",
                                            {number, words, SqlOctets{all_octets}}, [&](const SqlRow& row) {
                                                ++rows;
                                                EXPECT_EQ(row.number(0), number);
                                                EXPECT_EQ(row.text(1), words);
                                                EXPECT_EQ(row.octets(2), all_octets);
                                                EXPECT_FALSE(row.is_null(2));
                                            });
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(*found, 1U);
        EXPECT_EQ(rows, 1);
    }
}

TEST_F(PostgresqlConnectionTest, NullAndEmptyAreTwoThings) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT, s TEXT, o BYTEA)"));
    ASSERT_TRUE(connection_->run("INSERT INTO t VALUES ($1, $2, $3)", {SqlNull{}, SqlNull{}, SqlNull{}}));
    ASSERT_TRUE(
        connection_->run("INSERT INTO t VALUES ($1, $2, $3)", {std::int64_t{0}, std::string(), SqlOctets{}}));
    std::vector<bool> nulls;
    const auto read = connection_->run("SELECT n, s, o FROM t", {}, [&](const SqlRow& row) {
        for (int column = 0; column < 3; ++column) nulls.push_back(row.is_null(column));
        EXPECT_EQ(row.number(0), 0);
        EXPECT_EQ(row.text(1), "");
        EXPECT_EQ(row.octets(2), "");
    });
    ASSERT_TRUE(read);
    EXPECT_EQ(nulls, (std::vector<bool>{true, true, true, false, false, false}));
}

TEST_F(PostgresqlConnectionTest, OtherTypesAreReadAsNumbersToo) {
    EXPECT_EQ(number_of("SELECT true"), 1);
    EXPECT_EQ(number_of("SELECT 1 = 2"), 0);
    EXPECT_EQ(number_of("SELECT sum(n) FROM (VALUES (2::BIGINT), (3)) AS t (n)"), 5);
    EXPECT_EQ(number_of("SELECT (-7)::SMALLINT"), -7);
    EXPECT_EQ(number_of("SELECT $1 + $2", {std::int64_t{40}, std::int64_t{2}}), 42);
}

TEST_F(PostgresqlConnectionTest, TextThatUtf8HasNotIsRefusedForItsValue) {
    for (const auto& bad : {std::string("a\0b", 3), std::string("\xff"), std::string("\xed\xa0\x80")}) {
        EXPECT_THAT(text_of("SELECT $1", {bad}), HasSubstr("(SQLSTATE 22021)"));
        EXPECT_TRUE(connection_->refused_values());
    }
    EXPECT_EQ(text_of("SELECT 'still here'"), "still here");
    EXPECT_FALSE(connection_->refused_values());
}

TEST_F(PostgresqlConnectionTest, RowsAreCountedAsChangedOrGivenBack) {
    EXPECT_EQ(*connection_->run("CREATE TABLE t (n BIGINT PRIMARY KEY)"), 0U);
    EXPECT_EQ(*connection_->run("INSERT INTO t SELECT generate_series(1, 5)"), 5U);
    EXPECT_EQ(*connection_->run("INSERT INTO t SELECT generate_series(4, 7) ON CONFLICT DO NOTHING"), 2U);
    EXPECT_EQ(*connection_->run("DELETE FROM t WHERE n > $1 RETURNING n", {std::int64_t{4}}), 3U);
    EXPECT_EQ(*connection_->run("UPDATE t SET n = n + 100"), 4U);
    EXPECT_EQ(*connection_->run("SELECT n FROM t"), 4U);
    EXPECT_EQ(*connection_->run("SELECT n FROM t WHERE n < 0"), 0U);
}

/// Octets of this process that are in memory now.
std::size_t resident_octets() {
    std::ifstream file("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(PostgresqlConnectionTest, AMillionRowsStreamInOrder) {
    std::int64_t next = 1;
    std::size_t most = 0;
    const auto before = resident_octets();
    const auto done = connection_->run("SELECT n, repeat('x', 200) FROM generate_series(1, 1000000) AS n", {},
                                       [&](const SqlRow& row) {
                                           if (row.number(0) != next) return;
                                           if (++next % 10000 == 0) most = std::max(most, resident_octets());
                                       });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*done, 1000000U);
    EXPECT_EQ(next, 1000001);
    EXPECT_TRUE(test::sanitized || most < before + 64U * 1024 * 1024) << "the result was held whole";
}

TEST_F(PostgresqlConnectionTest, AnErrorInTheMidstOfRowsIsTheResult) {
    int rows = 0;
    const auto done = connection_->run("SELECT 10 / (5 - n) FROM generate_series(1, 9) AS n", {},
                                       [&](const SqlRow&) { ++rows; });
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("division by zero (SQLSTATE 22012)"));
    EXPECT_LE(rows, 4);
    EXPECT_EQ(number_of("SELECT 1"), 1);
}

TEST_F(PostgresqlConnectionTest, ErrorsNameTheDatabaseAndNotTheRow) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (s TEXT PRIMARY KEY, n BIGINT CHECK (n > 0))"));
    ASSERT_TRUE(connection_->run("INSERT INTO t VALUES ($1, $2)", {"jane@example.org", std::int64_t{1}}));
    const auto twice =
        connection_->run("INSERT INTO t VALUES ($1, $2)", {"jane@example.org", std::int64_t{1}});
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message, StartsWith("PostgreSQL " + database() + " at "));
    EXPECT_THAT(twice.error().message, HasSubstr("(SQLSTATE 23505)"));
    EXPECT_THAT(twice.error().message, Not(HasSubstr("jane")));
    EXPECT_TRUE(connection_->refused_values());
    EXPECT_FALSE(connection_->run("INSERT INTO t VALUES ($1, $2)", {"x", std::int64_t{0}}));
    EXPECT_TRUE(connection_->refused_values());
    EXPECT_FALSE(connection_->run("SELECT * FROM no_such_table"));
    EXPECT_FALSE(connection_->refused_values());
    EXPECT_FALSE(connection_->execute("SELECT 1; COPY t FROM STDIN"));
    EXPECT_EQ(number_of("SELECT 7"), 7);
}

TEST_F(PostgresqlConnectionTest, APartitionThatIsMissingIsNoFaultOfTheValues) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT) PARTITION BY RANGE (n)"));
    EXPECT_THAT(text_of("INSERT INTO t VALUES ($1)", {std::int64_t{1}}), HasSubstr("(SQLSTATE 23514)"));
    EXPECT_FALSE(connection_->refused_values());
}

TEST_F(PostgresqlConnectionTest, ATransactionIsWholeOrNothing) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT)"));
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (1)"));
    }
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        EXPECT_EQ(text_of("SHOW transaction_isolation"), "read committed");
        ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (1)"));
        ASSERT_TRUE(transaction.value()->commit());
    }
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 1);
}

TEST_F(PostgresqlConnectionTest, WhoReadsSeesOneMoment) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT)"));
    const auto reading = SqlTransaction::begin_reading(*connection_);
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
    server().sql(database(), "INSERT INTO t VALUES (1)");
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
    ASSERT_TRUE(reading.value()->commit());
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 1);
}

TEST_F(PostgresqlConnectionTest, CommitsWaitForTheDiskButWhereTheyNeedNot) {
    const auto waits = [this] {
        std::string setting;
        const auto done = connection_->run("SHOW synchronous_commit", {},
                                           [&](const SqlRow& row) { setting = row.text(0); });
        return done ? setting : done.error().message;
    };
    const auto usual = waits();
    EXPECT_NE(usual, "off");
    {
        const SqlUnhurriedCommits unhurried(*connection_);
        EXPECT_EQ(waits(), "off");
    }
    EXPECT_EQ(waits(), usual);
}

TEST_F(PostgresqlConnectionTest, ACommitAfterAFailureIsAFailure) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT)"));
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (1)"));
        EXPECT_FALSE(connection_->run("SELECT 1 / 0"));
        const auto committed = transaction.value()->commit();
        ASSERT_FALSE(committed);
        EXPECT_THAT(committed.error().message, HasSubstr("rolled back"));
    }
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresqlConnectionTest, ALostConnectionIsOpenedAgain) {
    EXPECT_EQ(number_of("SELECT 1"), 1);
    server().kill_connections(database());
    EXPECT_EQ(number_of("SELECT 2"), 2) << "a loss between two statements is noticed before the second";
    EXPECT_FALSE(connection_->run("SELECT pg_terminate_backend(pg_backend_pid())"));
    EXPECT_FALSE(connection_->is_connected());
    EXPECT_FALSE(connection_->refused_values());
    EXPECT_EQ(number_of("SELECT 3"), 3);
}

TEST_F(PostgresqlConnectionTest, ATransactionWhoseConnectionIsLostFailsToItsEnd) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT)"));
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (1)"));
        server().kill_connections(database());
        EXPECT_FALSE(connection_->run("INSERT INTO t VALUES (2)"));
        EXPECT_FALSE(connection_->run("INSERT INTO t VALUES (3)")) << "outside the transaction it began in";
        EXPECT_FALSE(connection_->copy_in("COPY t FROM STDIN", "4\n"));
        EXPECT_FALSE(transaction.value()->commit());
    }
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
    {
        const auto transaction = SqlTransaction::begin(*connection_);
        ASSERT_TRUE(connection_->run("INSERT INTO t VALUES (5)"));
        ASSERT_TRUE(transaction.value()->commit());
    }
    EXPECT_EQ(number_of("SELECT n FROM t"), 5);
}

TEST_F(PostgresqlConnectionTest, AServerThatComesBackIsFoundAgain) {
    EXPECT_EQ(number_of("SELECT 1"), 1);
    server().stop();
    const auto away = connection_->run("SELECT 2");
    ASSERT_FALSE(away);
    EXPECT_THAT(away.error().message, StartsWith("cannot reach PostgreSQL " + database() + " at "));
    EXPECT_TRUE(database_is_away(away.error()));
    EXPECT_FALSE(connection_->connect());
    server().start();
    EXPECT_EQ(number_of("SELECT 3"), 3);
}

TEST_F(PostgresqlConnectionTest, CopyTakesWhatItsEncoderMade) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT, s TEXT)"));
    std::string rows;
    const std::string odd = "back\\slash \\N \\. \t tab \n line \r return";
    for (int i = 0; i < 20000; ++i) {
        append_copy_text(rows, std::to_string(i));
        rows += '\t';
        append_copy_text(rows, odd);
        rows += '\n';
    }
    const auto copied = connection_->copy_in("COPY t (n, s) FROM STDIN", rows);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(number_of("SELECT count(*) FROM t WHERE s = $1", {odd}), 20000);
    ASSERT_TRUE(connection_->copy_in("COPY t FROM STDIN", ""));
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 20000);
}

TEST(CopyText, WhatHasAMeaningIsEscapedWhereverItStands) {
    for (const std::string_view pair : {"\\\\", "\nn", "\rr", "\tt"}) {
        const char octet = pair[0];
        const char letter = pair[1];
        for (std::size_t length = 1; length < 40; ++length) {
            for (std::size_t at = 0; at < length; ++at) {
                std::string value(length, at % 2 == 0 ? '\x80' : '\v');
                value[at] = octet;
                value[length - 1] = octet;
                std::string expected = value.substr(0, at) + '\\' + letter;
                if (at < length - 1) expected += value.substr(at + 1, length - at - 2) + '\\' + letter;
                std::string rows;
                append_copy_text(rows, value);
                ASSERT_EQ(rows, expected);
            }
        }
    }
}

TEST(CopyText, AllElseStaysAsItIs) {
    std::string value;
    for (int octet = 0; octet < 256; ++octet) {
        if (std::string_view("\\\n\r\t").find(static_cast<char>(octet)) == std::string_view::npos) {
            value += static_cast<char>(octet);
        }
    }
    std::string rows;
    append_copy_text(rows, value);
    EXPECT_EQ(rows, value);
}

TEST_F(PostgresqlConnectionTest, CopyThatFailsChangesNothingAndTellsWhy) {
    ASSERT_TRUE(connection_->execute("CREATE TABLE t (n BIGINT)"));
    std::string rows;
    for (int i = 0; i < 200000; ++i) rows += std::to_string(i) + "\n";
    const auto failed = connection_->copy_in("COPY t FROM STDIN", "bad\n" + rows);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("(SQLSTATE 22P02)"));
    EXPECT_TRUE(connection_->refused_values());
    EXPECT_FALSE(connection_->copy_in("COPY no_such_table FROM STDIN", rows));
    EXPECT_FALSE(connection_->refused_values());
    EXPECT_FALSE(connection_->copy_in("SELECT 1", rows));
    EXPECT_EQ(number_of("SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresqlConnectionTest, WaitingEndsWhereItIsGivenUp) {
    bool enough = false;
    connection_->give_up_when([&] { return enough; });
    EXPECT_EQ(text_of("SELECT pg_sleep(0.3), 1"), "");
    enough = true;
    const auto begun = std::chrono::steady_clock::now();
    const auto slow = connection_->run("SELECT pg_sleep(60)");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    ASSERT_FALSE(slow);
    EXPECT_THAT(slow.error().message, HasSubstr("too long"));
    enough = false;
    EXPECT_EQ(number_of("SELECT 1"), 1);
}

TEST_F(PostgresqlConnectionTest, AServerThatTakesConnectionsAndSaysNothingIsNotWaitedForLong) {
    const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(::listen(silent, 4), 0);
    ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const auto connection =
        make("host=127.0.0.1 sslmode=disable port=" + std::to_string(ntohs(address.sin_port)));
    connection->connect_within(std::chrono::seconds(2));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(connection->connect());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    ::close(silent);
}

TEST_F(PostgresqlConnectionTest, APasswordIsTakenAndNeverTold) {
    server().sql(database(), "CREATE ROLE guarded LOGIN PASSWORD 'open sesame'");
    const auto right = make(server().tcp_string(database(), "guarded", "open%20sesame"));
    EXPECT_TRUE(right->connect());
    EXPECT_THAT(right->name(), Not(HasSubstr("sesame")));
    const auto wrong = make(server().tcp_string(database(), "guarded", "close%20sesame"));
    const auto refused = wrong->connect();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("password authentication failed"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("sesame")));
    server().sql(database(), "DROP ROLE guarded");
}

TEST_F(PostgresqlConnectionTest, AConnectionStringThatIsWrongIsNotRepeated) {
    for (const auto* wrong :
         {"host=db password=sesame street", "password='sesame", "postgresql://user:sesame@[::1/db",
          "postgresql://user:ses%zzame@host/db", "nonsense=sesame", "postgresql://user:ses/ame@host/db",
          "postgresql://user:x@sesame@host/db", "host=h port=sesame"}) {
        const auto made = PostgresqlConnection::make(wrong);
        ASSERT_FALSE(made) << wrong;
        EXPECT_THAT(made.error().message, HasSubstr("connection string"));
        for (const auto* part : {"sesame", "ses", "ame@", "street"}) {
            EXPECT_THAT(made.error().message, Not(HasSubstr(part))) << wrong;
        }
    }
}

TEST_F(PostgresqlConnectionTest, TheNameTellsDatabaseAndHost) {
    EXPECT_EQ(make("host=db.example.net dbname=mail user=u password=sesame")->name(),
              "PostgreSQL mail at db.example.net");
    EXPECT_EQ(make("postgresql://u:sesame@a.example,b.example:5433/mail")->name(),
              "PostgreSQL mail at a.example,b.example");
    EXPECT_EQ(make("hostaddr=192.0.2.1")->name(), "PostgreSQL at 192.0.2.1");
    EXPECT_EQ(make("service=defender")->name(), "PostgreSQL");
    EXPECT_EQ(make("mail")->name(), "PostgreSQL mail");
}

TEST_F(PostgresqlConnectionTest, ADatabaseOfAnotherEncodingIsRefused) {
    const auto latin = make(server().make_database("LATIN1"));
    const auto refused = latin->connect();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("must be UTF8"));
}

TEST_F(PostgresqlConnectionTest, TheServerKnowsUsByName) {
    EXPECT_EQ(text_of("SHOW application_name"), "defender");
    connection_ = make(connection_string_ + " application_name=mine");
    EXPECT_EQ(text_of("SHOW application_name"), "mine");
    EXPECT_EQ(text_of("SHOW client_encoding"), "UTF8");
}

}  // namespace
}  // namespace defender::store
