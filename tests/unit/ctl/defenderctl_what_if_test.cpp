// defenderctl what-if, the program itself: what it prints and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/auth/judgement.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_mover.hpp"
#include "common/store/sqlite_database.hpp"
#include "tests/support/message_evidence.hpp"
#include "tests/support/monitored_record.hpp"
#include "tests/support/postgresql_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender {
namespace {

using store::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tests::MessageEvidence;

constexpr UtcSeconds may = 1777593600;  // 2026-05-01T00:00:00Z

store::Record recorded(const std::string& queue_id, const MessageEvidence& message) {
    return recorded(queue_id, message, may);
}

MessageEvidence forged(const std::string& author = "example.com") {
    return MessageEvidence().policy("v=DMARC1; p=reject", author);
}

MessageEvidence genuine() {
    return MessageEvidence().spf(auth::SpfResult::pass, "example.com").policy("v=DMARC1; p=reject");
}

struct Ended {
    int status = -1;
    std::string out;
    std::string err;
    [[nodiscard]] Json json() const { return Json::parse(out, nullptr, false); }
};

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// Arguments are the tests' own; those with quotes for TOML stand in single ones.
Ended what_if(const test::TemporaryFolder& folder, const std::string& arguments) {
    const auto out = folder.file("out");
    const auto err = folder.file("err");
    const auto command = std::string(DEFENDERCTL_PATH) + " -c " + folder.file("defender.toml") + " what-if " +
                         arguments + " >" + out + " 2>" + err;
    const int ended = std::system(command.c_str());
    return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, contents(out), contents(err)};
}

class DefenderctlWhatIf : public testing::Test {
  protected:
    DefenderctlWhatIf() { configure(""); }

    void configure(const std::string& more) {
        std::ofstream(folder_.file("defender.toml")) << more << "[store]\npath = \"" << path_ << "\"\n";
    }
    void append(const std::vector<store::Record>& records) const {
        ASSERT_TRUE(
            test::unwrap(store::open_sqlite_store(path_, store::OpenMode::read_write))->append(records));
    }
    [[nodiscard]] Ended run(const std::string& arguments) const { return what_if(folder_, arguments); }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
};

TEST_F(DefenderctlWhatIf, TellsWhatEnforcingWouldHaveDone) {
    append({recorded("A", forged()), recorded("B", forged()), recorded("C", forged("example.net")),
            recorded("D", genuine())});
    const auto ended = run("--set policy.mode=enforce");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("  policy.mode  \"monitor\"  \"enforce\"\n"));
    EXPECT_THAT(ended.out, HasSubstr("  messages                        4\n"));
    EXPECT_THAT(ended.out, HasSubstr("  changed                         3\n"));
    EXPECT_THAT(ended.out, HasSubstr("  judged otherwise when received  0\n"));
    EXPECT_THAT(ended.out,
                HasSubstr("  example.com    fail/none/accept  fail/reject/reject  2         policy.mode\n"
                          "  example.net    fail/none/accept  fail/reject/reject  1         policy.mode\n"));
}

TEST_F(DefenderctlWhatIf, SaysTheSameToMachines) {
    append({recorded("A", forged()), recorded("B", genuine())});
    const auto json = run("--json --set policy.mode=enforce --set policy.on_reject=tag").json();
    EXPECT_EQ(json["settings"].size(), 2U);
    EXPECT_EQ(json["messages_looked_at"], 2);
    EXPECT_EQ(json["changed"], 1);
    EXPECT_EQ(json["changes"][0]["author_domain"], "example.com");
    EXPECT_EQ(json["changes"][0]["to"]["action"], "tag");
    EXPECT_FALSE(json.contains("messages"));
}

TEST_F(DefenderctlWhatIf, WithoutAChangeItStillTellsWhatWasJudgedOtherwise) {
    append({recorded("A", forged())});
    configure("[policy]\nmode = \"enforce\"\n");
    const auto json = run("--json").json();
    EXPECT_EQ(json["changed"], 0);
    EXPECT_EQ(json["judged_otherwise_when_received"], 1);
}

TEST_F(DefenderctlWhatIf, LooksOnlyAtMessagesSinceATimeOrDay) {
    append(
        {recorded("A", forged(), may - 1), recorded("B", forged(), may), recorded("C", forged(), may + 1)});
    for (const auto* since : {"2026-05-01", "2026-05-01T00:00:00Z", "2026-05-01T02:00:00+02:00"}) {
        const auto json = run(std::string("--json --since ") + since).json();
        EXPECT_EQ(json["since"], "2026-05-01T00:00:00Z");
        EXPECT_EQ(json["messages_looked_at"], 2) << since;
    }
    EXPECT_EQ(run("--json --since 2026-05-01T00:00:01Z").json()["messages_looked_at"], 1);
}

TEST_F(DefenderctlWhatIf, ListsTheMessagesBehindACountTheNewestFirst) {
    append({recorded("A", forged(), may), recorded("B", forged(), may + 2), recorded("C", forged(), may + 1),
            recorded("N", forged("example.net"), may + 3)});
    const auto of_one = run("--json --set policy.mode=enforce --messages EXAMPLE.com").json()["messages"];
    ASSERT_EQ(of_one.size(), 3U);
    EXPECT_EQ(of_one[0]["queue_id"], "B");
    EXPECT_EQ(of_one[2]["queue_id"], "A");
    const auto all = run("--json --set policy.mode=enforce --list --limit 2").json()["messages"];
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["queue_id"], "N");
    EXPECT_THAT(run("--set policy.mode=enforce --list").out, HasSubstr("QUEUE ID"));
}

TEST_F(DefenderctlWhatIf, RarerChangesAreLeftOutAndThatIsSaid) {
    append({recorded("A", forged()), recorded("B", forged()), recorded("C", forged("example.net"))});
    const auto ended = run("--set policy.mode=enforce --limit 1");
    EXPECT_EQ(ended.status, 0);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("  example.com "), Not(HasSubstr("example.net"))));
    EXPECT_THAT(ended.err, HasSubstr("1 rarer changes left out"));
}

TEST_F(DefenderctlWhatIf, TakesListsAndTablesInToml) {
    auto listed = forged();
    listed.get().list_id = "users.lists.example.org";
    append({recorded("A", forged()), recorded("B", listed)});
    configure("[policy]\nmode = \"enforce\"\n");
    const auto trusted = run("--json --set 'trust.networks=[\"192.0.2.0/24\"]'").json();
    EXPECT_EQ(trusted["changed"], 2);
    EXPECT_EQ(trusted["exempt"]["changed"], 2);
    EXPECT_EQ(trusted["changes"][0]["rule"], "trust.networks");
    const auto overridden =
        run("--json --set 'policy.override=[{list_ids=[\"users.lists.example.org\"], action=\"accept\"}]'")
            .json();
    EXPECT_EQ(overridden["changed"], 1);
    EXPECT_EQ(overridden["changes"][0]["rule"], "policy.override");
}

TEST_F(DefenderctlWhatIf, AWrongSettingIsWrongUsageAndSaysItsMend) {
    append({});
    const struct {
        const char* arguments;
        const char* says;
    } cases[] = {
        {"--set policy.mod=enforce", "there is no setting policy.mod"},
        {"--set policy.mode=soft", "write monitor or enforce"},
        {"--set policy.mode=1", "policy.mode is a whole number"},
        {"--set policy.mode", "policy.mode"},
        {"--set enforce", "this names no setting"},
        {"--set store.keep=5", "changes no judgement"},
        {"--set policy.mode=enforce --set policy.mode=monitor", "given twice"},
        {"--since yesterday", "yesterday"},
        {"--messages 'a b'", "no domain name"},
        {"--messages example.com --list", "--list"},
        {"--limit 0", "0"},
        {"--set", "--set"},
        {"extra", "extra"},
    };
    for (const auto& c : cases) {
        const auto ended = run(c.arguments);
        EXPECT_EQ(ended.status, 2) << c.arguments;
        EXPECT_EQ(ended.out, "") << c.arguments;
        EXPECT_THAT(ended.err, HasSubstr(c.says)) << c.arguments;
    }
}

TEST_F(DefenderctlWhatIf, RecordsThatCannotBeReadAreCountedAndNamed) {
    append({recorded("A", forged()), recorded("B", forged())});
    {
        const auto database = test::unwrap(
            store::SqliteDatabase::open(path_, store::OpenMode::read_write, std::chrono::seconds{1}));
        ASSERT_TRUE(database->execute("UPDATE record SET evidence = '{' WHERE queue_id = 'A'"));
    }
    const auto ended = run("--json --set policy.mode=enforce");
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.json()["unreadable"], 1);
    EXPECT_EQ(ended.json()["changed"], 1);
    EXPECT_THAT(ended.err, HasSubstr("record 1: evidence is not JSON"));
}

TEST_F(DefenderctlWhatIf, WithoutAStoreEndsWithOneAndMakesNone) {
    const auto ended = run("");
    EXPECT_EQ(ended.status, 1);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(DefenderctlWhatIf, ChangesNothingInTheStore) {
    append({recorded("A", forged())});
    const auto explain = [this] {
        const auto out = folder_.file("explained");
        const auto command = std::string(DEFENDERCTL_PATH) + " -c " + folder_.file("defender.toml") +
                             " explain --json A >" + out;
        EXPECT_EQ(std::system(command.c_str()), 0);
        return contents(out);
    };
    const auto before = explain();
    EXPECT_EQ(run("--set policy.mode=enforce").status, 0);
    EXPECT_EQ(explain(), before);
}

TEST(DefenderctlWhatIfPostgresql, LooksAtWhatWaitsAndWhatWasMoved) {
    const test::PostgresqlStore store;
    std::ofstream(store.folder.file("defender.toml"))
        << "[store]\npath = \"" << store.settings.path << "\"\npostgresql = \"" << store.settings.postgresql
        << "\"\n";
    const auto append = [&](const store::Record& record) {
        ASSERT_TRUE(test::unwrap(store::open_journal(store.settings))->append({record}));
    };
    append(recorded("A", forged()));
    {
        metrics::Metrics metrics;
        const store::RecordMover mover(store.settings, metrics.store());  // moves all that waits at its end
    }
    append(recorded("B", forged(), may + 1));
    const auto json = what_if(store.folder, "--json --set policy.mode=enforce --list").json();
    EXPECT_EQ(json["changed"], 2);
    ASSERT_EQ(json["messages"].size(), 2U);
    EXPECT_EQ(json["messages"][0]["queue_id"], "B");
    EXPECT_EQ(json["messages"][1]["queue_id"], "A");
    test::PostgresqlServer::instance().stop();
    const auto away = what_if(store.folder, "");
    test::PostgresqlServer::instance().start();
    EXPECT_EQ(away.status, 75);
    EXPECT_EQ(away.out, "");
    EXPECT_THAT(away.err, HasSubstr("cannot reach PostgreSQL"));
}

}  // namespace
}  // namespace defender
