#include "ctl/health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"

namespace defender::ctl {
namespace {

using store::Json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr UtcSeconds now = 1777636800;  // 2026-05-01T12:00:00Z
constexpr UtcSeconds hour = 3600;

Json milter() {
    return {
        {"version", "0.1.0"},
        {"socket", "unix:/run/defender/milter.sock"},
        {"mode", "monitor"},
        {"started_at", "2026-05-01T00:00:00Z"},
        {"in_flight", 1U},
        {"connections", 2U},
        {"errors", 0U},
        {"store", {{"queued", 3U}, {"written", 40U}, {"lost", 0U}, {"failing", false}, {"last_error", ""}}},
        {"dns", {{"queries", 100U}, {"hits", 300U}, {"failures", 5U}}},
        {"last_errors", Json::array()}};
}

store::StoreStatus store_status() {
    return {40, 3, now - 10 * hour, now - 5, 12345678};
}

Health healthy() {
    return {now,
            milter(),
            "/var/lib/defender/defender.db",
            store_status(),
            std::nullopt,
            Result<ReportHealth>(ReportHealth{{2, 3, 4}, now + hour})};
}

std::vector<std::string> what(const Health& health) {
    std::vector<std::string> all;
    for (const auto& trouble : troubles(health)) all.push_back(trouble.what);
    return all;
}

TEST(Health, WhereAllIsWellTheFirstLineSaysSo) {
    EXPECT_EQ(health_text(healthy()), R"(All is well.

  milter    listening on unix:/run/defender/milter.sock, monitor mode, version 0.1.0, since 2026-05-01T00:00:00Z
  messages  1 at hand, 2 connections, 0 faults since the start
  queue     3 records wait for the disk, 40 written, 0 lost since the start
  DNS       100 questions asked, 300 answered from memory, 5 without an answer
  store     40 records from 2026-05-01T02:00:00Z to 2026-05-01T11:59:55Z, 12.3 MB, /var/lib/defender/defender.db
  reports   2 open, 3 deliveries on their way, 4 records to be counted, next due 2026-05-01T13:00:00Z
)");
    EXPECT_EQ(health_json(healthy())["well"], true);
}

TEST(Health, AMilterThatDoesNotAnswerIsTheFirstTrouble) {
    auto health = healthy();
    health.milter = Error{"/run/defender/status.sock: Connection refused"};
    health.store = Error{"no such file"};
    const auto text = health_text(health);
    EXPECT_THAT(text, HasSubstr("Not well, these 2 things need you:\n  - the milter does not answer: "
                                "/run/defender/status.sock: Connection refused\n    -> see \"systemctl"));
    EXPECT_THAT(text, HasSubstr("  - the store cannot be read: no such file\n"));
    const auto json = health_json(health);
    EXPECT_EQ(json["listening"], false);
    EXPECT_EQ(json["troubles"].size(), 2U);
    EXPECT_EQ(json["store"]["error"], "no such file");
}

TEST(Health, AStoreThatCannotBeWrittenIsATrouble) {
    auto status = milter();
    status["store"]["failing"] = true;
    status["store"]["last_error"] = "disk full";
    auto health = healthy();
    health.milter = status;
    EXPECT_EQ(what(health), std::vector<std::string>{"records cannot be written, mail goes on: disk full"});
}

TEST(Health, AnErrorThatIsOverIsNone) {
    auto status = milter();
    status["store"]["last_error"] = "disk full";
    status["store"]["lost"] = 4U;
    auto health = healthy();
    health.milter = status;
    EXPECT_THAT(what(health), IsEmpty());
    EXPECT_THAT(health_text(health), HasSubstr("4 lost since the start"));
}

TEST(Health, PostgresqlThatIsAwayIsATrouble) {
    auto status = milter();
    status["store"]["postgresql"] = "away";
    status["store"]["postgresql_last_error"] = "no route";
    status["store"]["waiting"] = 7U;
    auto health = healthy();
    health.milter = status;
    EXPECT_EQ(what(health),
              std::vector<std::string>{"PostgreSQL cannot be reached, records wait here: no route"});
    EXPECT_THAT(health_text(health), HasSubstr("  PostgreSQL  away, 7 records wait for it, 0 set aside\n"));
    status["store"]["postgresql"] = "connected";
    health.milter = status;
    EXPECT_THAT(what(health), IsEmpty());
}

TEST(Health, ARecordMayWaitForPostgresqlForAnHour) {
    auto health = healthy();
    health.journal = store::StoreStatus{5, 3, now - hour + 1, now, 100};
    EXPECT_THAT(what(health), IsEmpty());
    EXPECT_THAT(health_text(health), HasSubstr("  oldest waiting  2026-05-01T11:00:01Z\n"));
    health.journal->oldest = now - 3 * hour;
    EXPECT_EQ(what(health),
              std::vector<std::string>{"the oldest record has waited for PostgreSQL for 3 hours"});
    health.journal->oldest = std::nullopt;
    EXPECT_THAT(what(health), IsEmpty());
}

TEST(Health, DnsIsATroubleWhereMostQuestionsFail) {
    const struct {
        unsigned queries;
        unsigned failures;
        bool trouble;
    } cases[] = {{19, 19, false}, {20, 10, false}, {20, 11, true}, {1000, 500, false}, {1000, 501, true}};
    for (const auto& c : cases) {
        auto status = milter();
        status["dns"]["queries"] = c.queries;
        status["dns"]["failures"] = c.failures;
        auto health = healthy();
        health.milter = status;
        EXPECT_EQ(!what(health).empty(), c.trouble) << c.queries << " " << c.failures;
    }
}

TEST(Health, ReportsMayBeLateByAnHour) {
    const auto with = [](std::optional<UtcSeconds> next_due) {
        auto health = healthy();
        health.reports = Result<ReportHealth>(ReportHealth{{}, next_due});
        return what(health);
    };
    EXPECT_THAT(with(std::nullopt), IsEmpty());
    EXPECT_THAT(with(now - hour + 1), IsEmpty());
    EXPECT_EQ(with(now - hour),
              std::vector<std::string>{"reports or their deliveries have been overdue for 60 minutes"});
    EXPECT_THAT(with(now - 49 * hour).at(0), HasSubstr("2 days"));
}

TEST(Health, ReportsThatAreNotMadeAreNoTrouble) {
    auto health = healthy();
    health.reports = std::nullopt;
    EXPECT_THAT(what(health), IsEmpty());
    EXPECT_THAT(health_text(health), HasSubstr("  reports   none are made (report.enabled)\n"));
    EXPECT_EQ(health_json(health)["reports"]["enabled"], false);
}

TEST(Health, WhatKeepsStoreAndReportsFromBeingReadIsSaidOnce) {
    auto health = healthy();
    health.reports = Result<ReportHealth>(Error{"cannot reach PostgreSQL"});
    EXPECT_EQ(what(health).size(), 1U);
    health.store = Error{"cannot reach PostgreSQL"};
    EXPECT_EQ(what(health), std::vector<std::string>{"the store cannot be read: cannot reach PostgreSQL"});
}

TEST(Health, TheLastThreeProblemsAreShown) {
    auto status = milter();
    for (int i = 1; i <= 4; ++i) {
        status["last_errors"].push_back(
            {{"time", "2026-05-01T0" + std::to_string(i) + ":00:00Z"}, {"text", "ID_" + std::to_string(i)}});
    }
    auto health = healthy();
    health.milter = status;
    const auto text = health_text(health);
    EXPECT_THAT(text, HasSubstr("  last problems  2026-05-01T02:00:00Z  ID_2\n"
                                "                 2026-05-01T03:00:00Z  ID_3\n"
                                "                 2026-05-01T04:00:00Z  ID_4\n"));
    EXPECT_THAT(text, Not(HasSubstr("ID_1")));
}

TEST(Health, AMilterOfAnotherVersionMayTellLessOrOtherwise) {
    auto health = healthy();
    for (const auto* answer : {"{}", R"({"store":7,"dns":[],"last_errors":{}})",
                               R"({"store":{"failing":"yes","postgresql":1},"dns":{"queries":"many"}})"}) {
        health.milter = Json::parse(answer);
        EXPECT_THAT(what(health), IsEmpty()) << answer;
        EXPECT_THAT(health_text(health), HasSubstr("All is well.")) << answer;
    }
}

}  // namespace
}  // namespace defender::ctl
