// `defenderctl forwarders` as a program, on a store in SQLite and in PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/utc_clock.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_mover.hpp"
#include "common/store/stores.hpp"
#include "tests/support/commands.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender {
namespace {

using store::Json;
using testing::HasSubstr;
using testing::Not;

class ForwardersCommand : public testing::Test {
  protected:
    explicit ForwardersCommand(config::StoreSettings settings = {}) : settings_(std::move(settings)) {
        if (settings_.path.empty()) settings_.path = folder_.file("defender.db");
        test::write_file(folder_.file("defender.toml"),
                         "[store]\npath = \"" + settings_.path + "\"\npostgresql = \"" +
                             settings_.postgresql + "\"\n[indirect]\nleast_domains = 3\nkeep_days = 30\n");
    }

    /// Arguments are the tests' own; what a shell would read is quoted.
    [[nodiscard]] test::CommandOutput run(const std::string& arguments) const {
        return test::run_command(std::string(DEFENDERCTL_PATH) + " -c " + folder_.file("defender.toml") +
                                 " " + arguments);
    }
    /// With --json, to a good end.
    [[nodiscard]] Json json_of(const std::string& arguments) const {
        const auto ended = run(arguments + " --json");
        EXPECT_EQ(ended.status, 0) << arguments << ": " << ended.text;
        return Json::parse(ended.text, nullptr, false);
    }
    /// Sightings of so many domains, made `days_ago`.
    void learn(const std::string& network, int domains, int days_ago = 0) const {
        std::vector<store::Record> records;
        for (int i = 0; i < domains; ++i) {
            auto record = test::plain_record("Q", utc_now());
            record.sighting = {network, "domain-" + std::to_string(i) + ".example",
                               UtcDay{UtcDay::of(utc_now()).number - days_ago}};
            records.push_back(std::move(record));
        }
        ASSERT_TRUE(test::unwrap(store::open_journal(settings_))->append(records));
    }

    test::TemporaryFolder folder_;
    config::StoreSettings settings_;
};

TEST_F(ForwardersCommand, WrongUsageEndsWithTwo) {
    for (const auto* arguments :
         {"forwarders nonsense", "forwarders confirm", "forwarders deny example.org",
          "forwarders deny 192.0.2.0/33", "forwarders forget", "forwarders confirm 192.0.2.1 192.0.2.2",
          "forwarders forget 192.0.2.1 --comment x", "forwarders list confirm 192.0.2.1"}) {
        const auto ended = run(arguments);
        EXPECT_EQ(ended.status, 2) << arguments << ": " << ended.text;
    }
}

TEST_F(ForwardersCommand, WithoutAStoreItEndsWithOneAndMakesNone) {
    for (const auto* arguments :
         {"forwarders", "forwarders confirm 192.0.2.1", "forwarders forget 192.0.2.1"}) {
        const auto ended = run(arguments);
        EXPECT_EQ(ended.status, 1) << arguments;
        EXPECT_THAT(ended.text, HasSubstr("there is no store")) << arguments;
    }
    EXPECT_FALSE(std::filesystem::exists(settings_.path));
}

TEST_F(ForwardersCommand, ListsWhatWasLearned) {
    learn("192.0.2.25", 7);
    learn("2001:db8::/64", 2);
    const auto today = UtcDay::of(utc_now()).to_string();
    const auto text = run("forwarders").text;
    EXPECT_THAT(text, HasSubstr("192.0.2.25"));
    EXPECT_THAT(text, HasSubstr("learned"));
    EXPECT_THAT(text, HasSubstr("domain-0.example, domain-1.example, domain-2.example, domain-3.example, "
                                "domain-4.example, ..."));
    EXPECT_THAT(text, Not(HasSubstr("2001:db8::/64"))) << "of too few domains";
    const auto json = json_of("forwarders");
    ASSERT_EQ(json.size(), 1U);
    EXPECT_EQ(json[0]["network"], "192.0.2.25");
    EXPECT_EQ(json[0]["status"], "learned");
    EXPECT_EQ(json[0]["domains"], 7);
    EXPECT_EQ(json[0]["some_domains"].size(), 5U);
    EXPECT_EQ(json[0]["first_day"], today);
    EXPECT_EQ(json[0]["last_day"], today);
    EXPECT_TRUE(json[0]["ruling"].is_null());
}

TEST_F(ForwardersCommand, AllShowsThoseOfTooFewDomainsToo) {
    learn("192.0.2.25", 2);
    EXPECT_EQ(json_of("forwarders").size(), 0U);
    for (const auto* arguments : {"forwarders --all", "forwarders list --all"}) {
        const auto json = json_of(arguments);
        ASSERT_EQ(json.size(), 1U) << arguments;
        EXPECT_EQ(json[0]["status"], "unknown");
        EXPECT_EQ(json[0]["domains"], 2);
    }
}

TEST_F(ForwardersCommand, WhatWasSeenTooLongAgoIsNotListed) {
    learn("192.0.2.25", 7, 31);
    EXPECT_EQ(json_of("forwarders --all").size(), 0U);
}

TEST_F(ForwardersCommand, ConfirmAndDenySayWhatCounts) {
    learn("192.0.2.25", 7);
    EXPECT_EQ(run("forwarders deny 192.0.2.25 --comment 'a spammer who signs'").status, 0);
    const auto confirmed = json_of("forwarders confirm 198.51.100.77/24");
    EXPECT_EQ(confirmed["network"], "198.51.100.0/24") << "without host bits";
    EXPECT_EQ(confirmed["status"], "confirmed");
    EXPECT_EQ(confirmed["comment"], "");
    const auto json = json_of("forwarders list");
    ASSERT_EQ(json.size(), 2U);
    EXPECT_EQ(json[0]["network"], "192.0.2.25");
    EXPECT_EQ(json[0]["status"], "denied");
    EXPECT_EQ(json[0]["domains"], 7) << "what was seen stays to be looked at";
    EXPECT_EQ(json[0]["ruling"]["comment"], "a spammer who signs");
    EXPECT_EQ(json[1]["status"], "confirmed");
    EXPECT_TRUE(json[1]["first_day"].is_null());
    EXPECT_THAT(run("forwarders").text, HasSubstr("a spammer who signs"));
}

TEST_F(ForwardersCommand, ADenialOfAWiderNetworkIsShownWithEachHost) {
    learn("192.0.2.25", 7);
    EXPECT_EQ(run("forwarders deny 192.0.2.0/24 --comment dialup").status, 0);
    const auto json = json_of("forwarders");
    ASSERT_EQ(json.size(), 2U);
    EXPECT_EQ(json[1]["network"], "192.0.2.25");
    EXPECT_EQ(json[1]["status"], "denied");
    EXPECT_EQ(json[1]["ruling"]["network"], "192.0.2.0/24");
    EXPECT_THAT(run("forwarders").text, HasSubstr("by 192.0.2.0/24: dialup"));
}

TEST_F(ForwardersCommand, ForgetTakesBackAndEndsWithOneWhereNothingIsKnown) {
    learn("192.0.2.25", 7);
    EXPECT_EQ(run("forwarders deny 192.0.2.25").status, 0);
    EXPECT_EQ(json_of("forwarders forget 192.0.2.25")["forgotten"], true);
    EXPECT_EQ(json_of("forwarders --all").size(), 0U);
    const auto again = run("forwarders forget 192.0.2.25");
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.text, HasSubstr("nothing is known of 192.0.2.25"));
}

TEST_F(ForwardersCommand, ACommentNeverSpeaksToTheTerminal) {
    learn("192.0.2.25", 1);
    EXPECT_EQ(run("forwarders confirm 192.0.2.25 --comment \"$(printf 'a\\033[2Jb')\"").status, 0);
    EXPECT_THAT(run("forwarders").text, Not(HasSubstr("\033")));
}

TEST_F(ForwardersCommand, ExpireDeletesSightingsThatDoNotCountAnyMore) {
    learn("192.0.2.25", 3);
    learn("192.0.2.26", 4, 31);
    EXPECT_EQ(json_of("expire --before 1970-01-01T00:00:00Z")["expired_sightings"], 4);
    EXPECT_EQ(json_of("forwarders --all").size(), 1U);
}

/// The same where records, and with them sightings, are moved on.
class ForwardersCommandOnPostgresql : public ForwardersCommand {
  protected:
    ForwardersCommandOnPostgresql() : ForwardersCommand(settings_of_server()) {}

    static config::StoreSettings settings_of_server() {
        static const test::TemporaryFolder folder;
        config::StoreSettings settings;
        settings.postgresql = test::PostgresqlServer::instance().make_database();
        settings.path = folder.file(test::database_of(settings.postgresql) + ".db");
        settings.journal_max = 1000;
        return settings;
    }
    /// Moves all that waits, as a milter does at its end.
    void move() const {
        metrics::Metrics metrics;
        const store::RecordMover mover(settings_, metrics.store());
    }
};

TEST_F(ForwardersCommandOnPostgresql, ListsAndRulesOnWhatAllHostsHaveLearned) {
    learn("192.0.2.25", 7);
    EXPECT_EQ(run("migrate").status, 0);
    EXPECT_EQ(json_of("forwarders --all").size(), 0U) << "it waits in the journal";
    move();
    EXPECT_EQ(json_of("forwarders")[0]["domains"], 7);
    EXPECT_EQ(run("forwarders deny 192.0.2.25").status, 0);
    EXPECT_EQ(json_of("forwarders")[0]["status"], "denied");
    EXPECT_EQ(run("forwarders forget 192.0.2.25").status, 0);
    EXPECT_EQ(json_of("forwarders --all").size(), 0U);
}

TEST_F(ForwardersCommandOnPostgresql, ADatabaseThatIsAwayMeansTryAgainLater) {
    EXPECT_EQ(run("migrate").status, 0);
    test::PostgresqlServer::instance().stop();
    const auto listed = run("forwarders");
    const auto ruled = run("forwarders deny 192.0.2.25");
    test::PostgresqlServer::instance().start();
    EXPECT_EQ(listed.status, 75) << listed.text;
    EXPECT_EQ(ruled.status, 75) << ruled.text;
}

}  // namespace
}  // namespace defender
