// The program itself: what it prints and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "common/store/json_fields.hpp"
#include "common/store/sqlite_database.hpp"
#include "common/store/sqlite_store.hpp"
#include "common/store/stores.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/status_socket.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender {
namespace {

using store::Json;
using testing::HasSubstr;
using testing::StartsWith;

class Defenderctl : public testing::Test {
  protected:
    Defenderctl() {
        configure("[milter]\nauthserv_id = \"mx.example.net\"\nstatus_socket = \"" + socket_ + "\"\n");
    }

    void configure(const std::string& more) {
        std::ofstream(folder_.file("defender.toml")) << more << "[store]\npath = \"" << path_ << "\"\n";
    }

    struct Ended {
        int status = -1;
        std::string out;
        std::string err;
        [[nodiscard]] Json json() const { return Json::parse(out, nullptr, false); }
    };
    /// Arguments are the tests' own, without anything that a shell would read.
    [[nodiscard]] Ended run_plain(const std::string& arguments) const {
        const auto out = folder_.file("out");
        const auto err = folder_.file("err");
        const auto command = std::string(DEFENDERCTL_PATH) + " " + arguments + " >" + out + " 2>" + err;
        const int ended = std::system(command.c_str());
        return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, contents(out), contents(err)};
    }
    [[nodiscard]] Ended run(const std::string& arguments) const {
        return run_plain("-c " + folder_.file("defender.toml") + " " + arguments);
    }
    [[nodiscard]] static std::string contents(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    [[nodiscard]] std::unique_ptr<store::RecordStore> open() const {
        return std::move(store::open_sqlite_store(path_, store::OpenMode::read_write)).value();
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
    std::string socket_ = folder_.file("status.sock");
};

TEST_F(Defenderctl, WrongUsageEndsWithTwo) {
    for (const auto* arguments : {"", "nonsense", "explain", "explain a b", "expire --before yesterday",
                                  "expire --before 2026-05-01T00:00:00Z --now 2026-05-01T00:00:00Z",
                                  "status extra", "--no-such-option", "migrate --json=maybe"}) {
        const auto ended = run(arguments);
        EXPECT_EQ(ended.status, 2) << arguments;
        EXPECT_FALSE(ended.err.empty()) << arguments;
    }
}

TEST_F(Defenderctl, VersionAndHelpEndWellWithoutSettings) {
    const auto version = run_plain("--version");
    EXPECT_EQ(version.status, 0);
    EXPECT_EQ(version.out, "defenderctl " DEFENDER_VERSION "\n");
    const auto help = run_plain("--help");
    EXPECT_EQ(help.status, 0);
    for (const auto* command : {"explain", "status", "migrate", "expire"}) {
        EXPECT_THAT(help.out, HasSubstr(command));
        EXPECT_EQ(run_plain(std::string(command) + " --help").status, 0);
    }
}

TEST_F(Defenderctl, WrongSettingsAreSaidWithTheirPlace) {
    configure("[milter]\nno_such = 1\nnor_this = 2\n");
    const auto ended = run("status");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("defender.toml:2:"));
    EXPECT_EQ(run_plain("-c " + folder_.file("missing.toml") + " status").status, 1);
}

TEST_F(Defenderctl, MigrateMakesTheStoreAndThenHasNothingToDo) {
    const auto first = run("migrate");
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_THAT(first.out, StartsWith(path_ + ": schema version 0 -> "));
    const auto second = run("migrate");
    EXPECT_EQ(second.status, 0);
    EXPECT_THAT(second.out, HasSubstr("nothing to do"));
    const auto json = run("migrate --json").json();
    EXPECT_EQ(json["path"], path_);
    EXPECT_EQ(json["from"], json["to"]);
}

TEST_F(Defenderctl, MigrateWithoutAFolderIsWrong) {
    path_ = folder_.file("no/defender.db");
    configure("");
    const auto ended = run("migrate");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("No such file or directory"));
}

TEST_F(Defenderctl, ExplainShowsTheRecordForPeopleAndMachines) {
    ASSERT_TRUE(open()->append({test::sample_record()}));
    const auto text = run("explain 4F2A1B");
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr("  DMARC        fail\n"));
    EXPECT_THAT(text.out, HasSubstr("nothing aligned passed for example.org"));
    const auto json = run("explain 4F2A1B --json").json();
    ASSERT_EQ(json.size(), 1U);
    EXPECT_EQ(json[0]["judgement"]["result"], "fail");
    EXPECT_EQ(json[0]["evidence"]["client"]["address"], "2001:db8::25");
}

TEST_F(Defenderctl, ExplainShowsEveryMessageOfAQueueIdTheNewestFirst) {
    ASSERT_TRUE(open()->append({test::plain_record("Q", 100), test::plain_record("Q", 200)}));
    const auto json = run("explain Q --json").json();
    ASSERT_EQ(json.size(), 2U);
    EXPECT_EQ(json[0]["evidence"]["received_at"], 200);
    EXPECT_THAT(run("explain Q").out, HasSubstr("\n----\n"));
}

TEST_F(Defenderctl, ExplainOfAnUnknownQueueIdEndsWithOne) {
    ASSERT_TRUE(open()->append({test::sample_record()}));
    const auto ended = run("explain 4f2a1b");
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err, "defenderctl: no message with queue id 4f2a1b\n");
}

TEST_F(Defenderctl, ExplainWithoutAStoreEndsWithOneAndMakesNone) {
    EXPECT_EQ(run("explain Q").status, 1);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Defenderctl, ExpireDeletesWhatIsOlderThanTheTimeGiven) {
    ASSERT_TRUE(open()->append({test::plain_record("A", 1777636799), test::plain_record("B", 1777636800)}));
    const auto ended = run("expire --before 2026-05-01T12:00:00Z");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.out, "1 records received before 2026-05-01T12:00:00Z deleted\n");
    EXPECT_EQ(run("explain A").status, 1);
    EXPECT_EQ(run("explain B").status, 0);
}

TEST_F(Defenderctl, ExpireKeepsWhatTheSettingsKeep) {
    configure("");
    std::ofstream(folder_.file("defender.toml"), std::ios::app) << "keep = 10\n";
    ASSERT_TRUE(open()->append({test::plain_record("A", 1777636799), test::plain_record("B", 1777636800)}));
    EXPECT_EQ(run("expire --local --json --now 2026-05-10T12:00:00Z").json()["expired"], 0);
    const auto json = run("expire --json --now 2026-05-11T12:00:00Z").json();
    EXPECT_EQ(json["before"], "2026-05-01T12:00:00Z") << json;
    EXPECT_EQ(json["expired"], 1);
    EXPECT_EQ(open()->status()->records, 1U);
}

TEST_F(Defenderctl, ExpireWithoutAStoreEndsWithOneAndMakesNone) {
    const auto ended = run("expire");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("there is no store"));
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Defenderctl, AStoreThatOthersKeepLockedMeansTryAgainLater) {
    ASSERT_TRUE(open());
    const auto other =
        std::move(store::SqliteDatabase::open(path_, store::OpenMode::read_write, std::chrono::seconds{1}))
            .value();
    const auto transaction = store::SqliteTransaction::begin(*other);
    ASSERT_TRUE(transaction);
    const auto ended = run("expire");
    EXPECT_EQ(ended.status, 75);
    EXPECT_THAT(ended.err, HasSubstr("the store is busy"));
}

TEST_F(Defenderctl, StatusOfAListeningMilterEndsWell) {
    ASSERT_TRUE(open()->append({test::sample_record()}));
    const char* answer = R"({"version":"0.1.0","pid":7,"store":{"queued":3}})";
    {
        const test::StatusSocket milter(socket_, answer);
        const auto text = run("status");
        EXPECT_EQ(text.status, 0) << text.err;
        EXPECT_THAT(text.out, StartsWith("All is well.\n\n  milter "));
        EXPECT_THAT(text.out, HasSubstr("3 records wait for the disk"));
        EXPECT_THAT(text.out, HasSubstr(path_));
    }
    const test::StatusSocket milter(socket_, answer);
    const auto json = run("status --json").json();
    EXPECT_EQ(json["well"], true) << json;
    EXPECT_EQ(json["listening"], true);
    EXPECT_EQ(json["milter"]["store"]["queued"], 3);
    EXPECT_EQ(json["store"]["records"], 1);
    EXPECT_EQ(json["store"]["oldest"], "2026-05-01T12:00:00Z");
}

TEST_F(Defenderctl, StatusOfAMilterThatDoesNotListenEndsWithOneAndStillShowsTheStore) {
    ASSERT_TRUE(open());
    const auto ended = run("status --json");
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.json()["well"], false);
    EXPECT_EQ(ended.json()["listening"], false);
    EXPECT_EQ(ended.json()["store"]["records"], 0);
    EXPECT_EQ(ended.json()["store"]["oldest"], nullptr);
    EXPECT_THAT(run("status").out, StartsWith("Not well, this needs you:\n  - the milter does not answer: "));
}

TEST_F(Defenderctl, ExplainHasAnAnswerForTheSender) {
    ASSERT_TRUE(open()->append({test::sample_record()}));
    const auto ended = run("explain --answer 4F2A1B");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, StartsWith("This is about the message from jane@example.org"));
    EXPECT_EQ(run("explain --answer --json 4F2A1B").status, 2);
}

TEST_F(Defenderctl, StatusSaysThatReportsAreOverdue) {
    configure("[milter]\nstatus_socket = \"" + socket_ +
              "\"\n[report]\nenabled = true\nemail = \"dmarc@example.net\"\norg_name = \"Example\"\n");
    auto record = test::sample_record();
    ASSERT_TRUE(open()->append({record}));
    config::StoreSettings settings;
    settings.path = path_;
    ASSERT_TRUE(store::open_reports(settings, store::OpenMode::read_write).value()->fold(100));
    const test::StatusSocket milter(socket_, R"({"version":"0.1.0"})");
    const auto ended = run("status --json");
    EXPECT_EQ(ended.status, 1);
    const auto json = ended.json();
    EXPECT_EQ(json["reports"]["open"], 1) << json;
    ASSERT_EQ(json["troubles"].size(), 1U) << json;
    EXPECT_THAT(json["troubles"][0]["what"].get<std::string>(), HasSubstr("overdue"));
}

TEST_F(Defenderctl, StatusSaysWhatIsWrongWithTheStore) {
    const auto json = run("status --json").json();
    EXPECT_THAT(json["store"]["error"].get<std::string>(), HasSubstr("No such file or directory"));
}

class DefenderctlCheck : public Defenderctl {
  protected:
    DefenderctlCheck() {
        std::ofstream(folder_.file("zone")) << "$ORIGIN example.com.\n$TTL 300\n"
                                               "@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
                                               "_dmarc TXT \"v=DMARC1; p=reject\"\n"
                                               "_dmarc.slow TEMPFAIL\n";
        write_message("ann@example.com");
    }
    void write_message(const std::string& from) const {
        std::ofstream(folder_.file("message")) << "From: " << from << "\nSubject: hello\n\nhello\n";
    }
    [[nodiscard]] Ended check(const std::string& ip, const std::string& more = "") const {
        return run("check --helo mail.example.com --mail-from ann@example.com --ip " + ip + " --zone " +
                   folder_.file("zone") + " " + more + " " + folder_.file("message"));
    }
};

TEST_F(DefenderctlCheck, JudgesAMessageFileByAZoneFile) {
    const auto ended = check("192.0.2.1");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("dmarc=pass header.from=example.com policy.dmarc=reject"));
    EXPECT_THAT(ended.out, HasSubstr("RFC 7489"));
}

TEST_F(DefenderctlCheck, SaysTheSameToMachines) {
    const auto ended = check("203.0.113.1", "--json");
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.json().at("judgement").at("result"), "fail");
    EXPECT_THAT(ended.json().at("authentication_results").get<std::string>(), HasSubstr("spf=fail"));
}

TEST_F(DefenderctlCheck, StrictEndsWithOneUnlessDmarcPasses) {
    EXPECT_EQ(check("192.0.2.1", "--strict").status, 0);
    EXPECT_EQ(check("203.0.113.1", "--strict").status, 1);
    write_message("ann@slow.example.com");
    EXPECT_EQ(check("192.0.2.1", "--strict").status, 1);
}

TEST_F(DefenderctlCheck, FailureOfDnsIsTemperror) {
    write_message("ann@slow.example.com");
    EXPECT_EQ(check("203.0.113.1", "--json").json().at("judgement").at("result"), "temperror");
}

TEST_F(DefenderctlCheck, TrustedClientIsNotJudged) {
    const auto ended = check("127.0.0.1", "--json");
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.json().at("judgement").at("exemption"), "trusted_network");
    EXPECT_EQ(ended.json().at("authentication_results"), "");
}

TEST_F(DefenderctlCheck, WrongInputIsNamed) {
    EXPECT_EQ(check("192.0.2").status, 2);
    std::ofstream(folder_.file("zone")) << "$ORIGIN example.com.\n@ TXT \"open\n";
    const auto ended = check("192.0.2.1");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr(folder_.file("zone")));
    EXPECT_EQ(run("check --helo h --mail-from a@example.com --ip 192.0.2.1 " + folder_.file("none")).status,
              1);
}

}  // namespace
}  // namespace defender
