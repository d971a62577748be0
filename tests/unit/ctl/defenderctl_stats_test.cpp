// defenderctl stats, the program itself, over a file and over PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/metrics/metrics.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_mover.hpp"
#include "tests/support/commands.hpp"
#include "tests/support/message_evidence.hpp"
#include "tests/support/monitored_record.hpp"
#include "tests/support/postgresql_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender {
namespace {

using store::Json;
using test::CommandOutput;
using testing::HasSubstr;
using testing::StartsWith;
using tests::MessageEvidence;

constexpr UtcSeconds may = 1777593600;  // 2026-05-01T00:00:00Z

store::Record forged(UtcSeconds received_at, const std::string& author = "example.com") {
    return tests::recorded("Q", MessageEvidence().policy("v=DMARC1; p=reject", author), received_at);
}

store::Record genuine(UtcSeconds received_at) {
    return tests::recorded(
        "Q", MessageEvidence().spf(auth::SpfResult::pass, "example.com").policy("v=DMARC1; p=reject"),
        received_at);
}

class DefenderctlStats : public testing::Test {
  protected:
    explicit DefenderctlStats(const std::string& postgresql = "") {
        test::write_file(folder_.file("defender.toml"),
                         "[store]\npath = \"" + path_ + "\"\npostgresql = \"" + postgresql + "\"\n");
    }
    void append(const std::vector<store::Record>& records) const {
        ASSERT_TRUE(
            test::unwrap(store::open_sqlite_store(path_, store::OpenMode::read_write))->append(records));
    }
    [[nodiscard]] CommandOutput run(const std::string& arguments) const {
        return test::run_command(std::string(DEFENDERCTL_PATH) + " -c " + folder_.file("defender.toml") +
                                 " stats " + arguments);
    }
    /// What goes to the standard output alone.
    [[nodiscard]] Json json(const std::string& arguments = "") const {
        return Json::parse(run("--json " + arguments + " 2>" + folder_.file("err")).text, nullptr, false);
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
};

TEST_F(DefenderctlStats, CountsByDayDomainSourceAndOverride) {
    append({forged(may - 1), forged(may), genuine(may + 1), forged(may + 2, "example.net")});
    const auto ended = run("");
    EXPECT_EQ(ended.status, 0) << ended.text;
    EXPECT_THAT(ended.text, HasSubstr("  ALL    MESSAGES  PASS  FAIL"));
    EXPECT_THAT(ended.text, HasSubstr("  2026-04-30  1 "));
    EXPECT_THAT(ended.text, HasSubstr("  2026-05-01  3 "));
    EXPECT_THAT(ended.text, HasSubstr("  example.com  3 "));
    EXPECT_THAT(ended.text, HasSubstr("  192.0.2.0/24  4 "));
    EXPECT_THAT(ended.text, HasSubstr("  local_policy  3 ")) << "monitor mode is an override";
}

TEST_F(DefenderctlStats, OneTableAloneForAPeriod) {
    append({forged(may - 1), forged(may), genuine(may + 86399), forged(may + 86400)});
    const auto found = json("--by domain --since 2026-05-01 --until 2026-05-02");
    EXPECT_EQ(found["since"], "2026-05-01T00:00:00Z");
    EXPECT_EQ(found["until"], "2026-05-02T00:00:00Z");
    EXPECT_EQ(found["totals"]["messages"], 2);
    ASSERT_EQ(found["tables"].size(), 1U);
    EXPECT_EQ(found["tables"][0]["groups"][0]["name"], "example.com");
    EXPECT_EQ(found["tables"][0]["groups"][0]["fail"], 1);
}

TEST_F(DefenderctlStats, ShowsTheLastDaysAndTheWorstDomainsAndSaysWhatIsLeftOut) {
    append({forged(may), forged(may + 86400), forged(may + 86400, "example.net")});
    const auto days = json("--by day --limit 1");
    ASSERT_EQ(days["tables"][0]["groups"].size(), 1U);
    EXPECT_EQ(days["tables"][0]["groups"][0]["name"], "2026-05-02");
    EXPECT_EQ(days["tables"][0]["left_out"], 1);
    const auto domains = run("--by domain --limit 1");
    EXPECT_THAT(domains.text, HasSubstr("example.com"));
    EXPECT_THAT(domains.text, HasSubstr("1 more by domain left out; --limit shows more"));
}

TEST_F(DefenderctlStats, CsvIsForSpreadsheets) {
    append({forged(may)});
    const auto ended = run("--csv --by source");
    EXPECT_EQ(ended.status, 0);
    EXPECT_THAT(ended.text, StartsWith("by,group,messages,"));
    EXPECT_THAT(ended.text, HasSubstr("\r\nsource,192.0.2.0/24,1,0,1,"));
}

TEST_F(DefenderctlStats, WrongUsageEndsWithTwo) {
    append({});
    for (const auto* arguments :
         {"--by client", "--since yesterday", "--until 2026-13-01", "--limit 0", "--csv --json", "extra"}) {
        EXPECT_EQ(run(arguments).status, 2) << arguments;
    }
}

TEST_F(DefenderctlStats, WithoutAStoreEndsWithOneAndMakesNone) {
    EXPECT_EQ(run("").status, 1);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

class DefenderctlStatsPostgresql : public DefenderctlStats {
  protected:
    DefenderctlStatsPostgresql() : DefenderctlStatsPostgresql(test::PostgresqlServer::instance()) {}
    explicit DefenderctlStatsPostgresql(test::PostgresqlServer& server)
        : DefenderctlStatsPostgresql(server.make_database()) {}
    explicit DefenderctlStatsPostgresql(const std::string& postgresql) : DefenderctlStats(postgresql) {
        settings_.path = path_;
        settings_.postgresql = postgresql;
        settings_.journal_max = 1000;
    }
    void move() {
        metrics::Metrics metrics;
        const store::RecordMover mover(settings_, metrics.store());  // moves all that waits at its end
    }

    config::StoreSettings settings_;
};

TEST_F(DefenderctlStatsPostgresql, CountsWhatWaitsAndWhatWasMovedOnce) {
    append({forged(may), genuine(may + 1)});
    move();
    append({forged(may + 2, "example.net"), genuine(may + 86400)});
    const auto found = json();
    EXPECT_EQ(found["totals"]["messages"], 4);
    EXPECT_EQ(found["totals"]["fail"], 2);
    EXPECT_EQ(found["totals"]["overridden"], 2);
    EXPECT_EQ(json("--until 2026-05-02")["totals"]["messages"], 3);
}

TEST_F(DefenderctlStatsPostgresql, WhilePostgresqlIsAwayAPartIsNotTakenForAll) {
    append({forged(may)});
    test::PostgresqlServer::instance().stop();
    const auto ended = run("");
    test::PostgresqlServer::instance().start();
    EXPECT_EQ(ended.status, 75);
    EXPECT_THAT(ended.text, HasSubstr("cannot reach PostgreSQL"));
}

}  // namespace
}  // namespace defender
