// The program itself, where records are moved into PostgreSQL.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/metrics/metrics.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_mover.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender {
namespace {

using store::Json;
using testing::HasSubstr;
using testing::Not;

class DefenderctlPostgresql : public testing::Test {
  protected:
    DefenderctlPostgresql() { configure(store_.settings.postgresql); }

    void configure(const std::string& connection_string) const {
        std::ofstream(store_.folder.file("defender.toml"))
            << "[store]\npath = \"" << store_.settings.path << "\"\npostgresql = \"" << connection_string
            << "\"\n";
    }
    struct Ended {
        int status = -1;
        std::string out;
        std::string err;
        [[nodiscard]] Json json() const { return Json::parse(out, nullptr, false); }
    };
    [[nodiscard]] Ended run(const std::string& arguments) const {
        const auto out = store_.folder.file("out");
        const auto err = store_.folder.file("err");
        const auto command = std::string(DEFENDERCTL_PATH) + " -c " + store_.folder.file("defender.toml") +
                             " " + arguments + " >" + out + " 2>" + err;
        const int ended = std::system(command.c_str());
        return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, contents(out), contents(err)};
    }
    [[nodiscard]] static std::string contents(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    void append(const std::string& queue_id, UtcSeconds received_at) const {
        ASSERT_TRUE(test::unwrap(store::open_journal(store_.settings))
                        ->append({test::plain_record(queue_id, received_at)}));
    }
    /// Moves all that waits, as a milter does at its end.
    void move() const {
        metrics::Metrics metrics;
        const store::RecordMover mover(store_.settings, metrics.store());
    }

    test::PostgresqlStore store_;
};

TEST_F(DefenderctlPostgresql, MigrateBringsBothDatabasesUpToDate) {
    EXPECT_EQ(run("migrate --json").json()["postgresql"]["from"], 0)
        << "a host without a file has PostgreSQL's";
    append("A", 100);
    const auto json = run("migrate --json").json();
    EXPECT_EQ(json["path"], store_.settings.path);
    EXPECT_EQ(json["postgresql"]["from"], json["postgresql"]["to"]);
    EXPECT_THAT(json["postgresql"]["database"].get<std::string>(), HasSubstr(store_.database()));
    EXPECT_THAT(run("migrate").out, HasSubstr("PostgreSQL " + store_.database()));
}

TEST_F(DefenderctlPostgresql, ExplainFindsWhatWaitsAndWhatWasMoved) {
    append("A", 100);
    move();
    append("B", 200);
    for (const auto* queue_id : {"A", "B"}) {
        const auto ended = run(std::string("explain --json ") + queue_id);
        EXPECT_EQ(ended.status, 0) << ended.err;
        EXPECT_EQ(ended.json().size(), 1U);
    }
    EXPECT_EQ(run("explain C").status, 1);
}

TEST_F(DefenderctlPostgresql, WhilePostgresqlIsAwayWhatWaitsIsExplainedAndTheRestIsForLater) {
    append("A", 100);
    test::PostgresqlServer::instance().stop();
    const auto waiting = run("explain --json A");
    const auto unknown = run("explain B");
    const auto status = run("status --json").json();
    test::PostgresqlServer::instance().start();
    EXPECT_EQ(waiting.status, 0);
    EXPECT_EQ(waiting.json().size(), 1U);
    EXPECT_THAT(waiting.err, HasSubstr("STORE_POSTGRESQL_AWAY"));
    EXPECT_EQ(unknown.status, 75);
    EXPECT_THAT(unknown.err, HasSubstr("cannot reach PostgreSQL"));
    EXPECT_THAT(status["store"]["error"].get<std::string>(), HasSubstr("cannot reach PostgreSQL"));
}

TEST_F(DefenderctlPostgresql, StatusAndExpireCountBoth) {
    append("A", 86400 - 1);
    append("B", 86400);
    move();
    append("C", 86400 - 1);
    append("D", 86400);
    EXPECT_EQ(run("status --json").json()["store"]["records"], 4);
    const auto expired = run("expire --json --before 1970-01-02T00:00:00Z");
    EXPECT_EQ(expired.status, 0) << expired.err;
    EXPECT_EQ(expired.json()["expired"], 2);
    EXPECT_EQ(run("status --json").json()["store"]["records"], 2);
}

TEST_F(DefenderctlPostgresql, ALocalExpireAsksNoDatabase) {
    append("A", 86400 - 1);
    move();
    append("B", 86400 - 1);
    append("C", 86400);
    test::PostgresqlServer::instance().stop();
    const auto expired = run("expire --local --json --before 1970-01-02T00:00:00Z");
    test::PostgresqlServer::instance().start();
    EXPECT_EQ(expired.status, 0) << expired.err;
    EXPECT_EQ(expired.json()["expired"], 1);
    EXPECT_EQ(run("status --json").json()["store"]["records"], 2);
}

TEST_F(DefenderctlPostgresql, APasswordIsNeverPrinted) {
    for (const auto* wrong : {"host=127.0.0.1 port=1 user=u password=sesame", "password=sesame street",
                              "postgresql://u:ses/ame@127.0.0.1/x"}) {
        configure(wrong);
        for (const auto* command : {"migrate", "explain A", "expire", "status"}) {
            const auto ended = run(command);
            EXPECT_NE(ended.status, 0) << command;
            EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("ses"))) << command;
        }
    }
}

}  // namespace
}  // namespace defender
