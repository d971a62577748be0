// `defenderctl report` as a program, on a store in SQLite and, for what sends, a mail server on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "common/store/json_fields.hpp"
#include "common/store/sqlite_store.hpp"
#include "common/store/stores.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/smtp_sink.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender {
namespace {

using store::DeliveryState;
using store::Json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr UtcSeconds noon = 1777636800;  // 2026-05-01T12:00:00Z

std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// A message that failed, about whose author domain reports go to `rua`.
store::Record judged(const std::string& domain, const std::string& rua, UtcSeconds at = noon) {
    auto record = test::plain_record("Q", at);
    record.evidence.client.address = *IpAddress::parse("192.0.2.1");
    record.evidence.mail_from = "bounce@nospf.example";
    record.evidence.spf = {{auth::SpfScope::mail_from, auth::SpfResult::none, "nospf.example", "", "", 1, 0}};
    auth::PolicyEvidence policy;
    policy.author_domain = policy.organizational_domain = policy.policy_domain = domain;
    policy.outcome = auth::PolicyOutcome::found;
    policy.record_text = "v=DMARC1; p=none; rua=" + rua;
    policy.record.aggregate_uris = {{rua, std::nullopt}};
    record.evidence.policies = {policy};
    auth::DomainJudgement judgement;
    judgement.author_domain = judgement.policy_domain = domain;
    judgement.result = auth::DmarcResult::fail;
    record.judgement.domains = {judgement};
    record.judgement.result = auth::DmarcResult::fail;
    return record;
}

class ReportCommand : public testing::Test {
  protected:
    ReportCommand() { configure(sink_.url()); }

    void configure(const std::string& smtp, const std::string& more = "") const {
        std::ofstream(folder_.file("defender.toml"))
            << "[store]\npath = \"" << path_ << "\"\n[dns]\nservers = [\"127.0.0.1:9\"]\n[report]\n"
            << "enabled = true\norg_name = \"Example\"\nemail = \"reports@example.net\"\nsmtp = \"" << smtp
            << "\"\nsmtp_timeout = 10\n"
            << more;
    }

    struct Ended {
        int status = -1;
        std::string out;
        std::string err;
        [[nodiscard]] Json json() const { return Json::parse(out, nullptr, false); }
    };
    /// Arguments are the tests' own, without anything that a shell would read.
    [[nodiscard]] Ended run(const std::string& arguments) const {
        const auto out = folder_.file("out");
        const auto err = folder_.file("err");
        const auto command = std::string(DEFENDERCTL_PATH) + " -c " + folder_.file("defender.toml") +
                             " report " + arguments + " >" + out + " 2>" + err;
        const int ended = std::system(command.c_str());
        return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, contents(out), contents(err)};
    }
    /// With --json, to a good end.
    [[nodiscard]] Json json_of(const std::string& arguments) const {
        const auto ended = run(arguments + " --json");
        EXPECT_EQ(ended.status, 0) << arguments << ": " << ended.err;
        return ended.json();
    }

    void record(const std::vector<store::Record>& records) const {
        auto store = store::open_sqlite_store(path_, store::OpenMode::read_write);
        ASSERT_TRUE(store);
        ASSERT_TRUE(store.value()->append(records));
    }
    [[nodiscard]] std::unique_ptr<store::ReportStore> reports() const {
        config::StoreSettings settings;
        settings.path = path_;
        return std::move(store::open_reports(settings, store::OpenMode::read_write)).value();
    }
    /// Closes and sends what there is about the first of May.
    [[nodiscard]] Ended send(const std::string& more = "") const {
        return run("send --json --now 2026-05-02T00:00:00Z " + more);
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("defender.db");
    test::SmtpSink sink_;
};

TEST_F(ReportCommand, WrongUsageEndsWithTwo) {
    for (const auto* arguments :
         {"", "nonsense", "show", "resend", "suppress", "list --day yesterday", "list --day 2026-13-01",
          "list --day 2026-05-01T00:00:00Z", "list --domain a..b", "list --state lost", "list --limit 0",
          "send --now tomorrow", "suppress not/a@domain..", "suppress @example.org",
          "suppress a@example.org --for 0", "suppress a@example.org --lift --for 3",
          "suppress --list a@b.org", "preview extra"}) {
        const auto ended = run(arguments);
        EXPECT_EQ(ended.status, 2) << arguments;
        EXPECT_FALSE(ended.err.empty()) << arguments;
    }
}

TEST_F(ReportCommand, WithoutAStoreEachEndsWithOneAndMakesNone) {
    for (const auto* arguments :
         {"preview", "send", "list", "show r", "resend r", "suppress a@example.org", "suppress --list"}) {
        const auto ended = run(arguments);
        EXPECT_EQ(ended.status, 1) << arguments;
        EXPECT_THAT(ended.err, HasSubstr("there is no store")) << arguments;
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ReportCommand, SendClosesTheDayThatIsOverAndDelivers) {
    record({judged("example.org", "mailto:d@example.org"), judged("example.org", "mailto:d@example.org")});
    const auto ended = send();
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.json()["folded"], 2);
    EXPECT_EQ(ended.json()["closed"], 1);
    EXPECT_EQ(ended.json()["sent"], 1);
    ASSERT_EQ(sink_.mails().size(), 1U);
    EXPECT_THAT(sink_.mails()[0].recipient, HasSubstr("d@example.org"));
}

TEST_F(ReportCommand, SendLeavesADayThatIsNotOver) {
    record({judged("example.org", "mailto:d@example.org")});
    const auto ended = run("send --json --now 2026-05-01T23:59:59Z");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.json()["closed"], 0);
    EXPECT_TRUE(sink_.mails().empty());
}

TEST_F(ReportCommand, SendClosesOnlyTheDayAndDomainThatAreAskedFor) {
    record({judged("example.org", "mailto:d@example.org"), judged("example.net", "mailto:d@example.net"),
            judged("example.net", "mailto:d@example.net", noon - 86400)});
    EXPECT_EQ(send("--domain EXAMPLE.net --day 2026-05-01").json()["sent"], 1);
    EXPECT_EQ(send("--day 2026-04-30").json()["sent"], 1);
    const auto listed = json_of("list");
    ASSERT_EQ(listed.size(), 2U);
    for (const auto& one : listed) EXPECT_EQ(one["policy_domain"], "example.net");
    EXPECT_EQ(send().json()["sent"], 1);
}

TEST_F(ReportCommand, SendEndsWithTheStatusOfWhatBecameOfIt) {
    configure("smtp://127.0.0.1:1");
    record({judged("example.org", "mailto:d@example.org")});
    EXPECT_EQ(send().status, 75);
    configure(sink_.url());
    sink_.answer("RCPT", "550 5.1.1 no such user");
    EXPECT_EQ(run("send --now 2026-05-02T06:00:00Z").status, 1);
    const auto given_up = json_of("list --state given_up");
    ASSERT_EQ(given_up.size(), 1U);
    EXPECT_THAT(given_up[0]["answer"].get<std::string>(), HasSubstr("no such user"));
    EXPECT_EQ(json_of("suppress --list")[0]["destination"], "d@example.org");
}

TEST_F(ReportCommand, SendRefusesWhereReportsAreOff) {
    record({judged("example.org", "mailto:d@example.org")});
    std::ofstream(folder_.file("defender.toml")) << "[store]\npath = \"" << path_ << "\"\n";
    EXPECT_EQ(send().status, 1);
    EXPECT_THAT(send().err, HasSubstr("report.enabled is false"));
    EXPECT_EQ(run("preview").status, 1);
}

TEST_F(ReportCommand, PreviewWritesFilesAndMailsAndClosesNothing) {
    record({judged("example.org", "mailto:d@example.org"), judged("example.net", "https://example.net/r")});
    const auto folder = folder_.file("preview/deep");
    const auto files = json_of("preview --now 2026-05-01T13:00:00Z --folder " + folder);
    ASSERT_EQ(files.size(), 2U);
    for (const auto& file : files) {
        const auto xml = contents(file["file"].get<std::string>());
        EXPECT_THAT(xml, HasSubstr("<domain>" + file["policy_domain"].get<std::string>() + "</domain>"));
        EXPECT_EQ(file["messages"], 1);
    }
    EXPECT_EQ(files[0]["policy_domain"], "example.net");
    EXPECT_TRUE(files[0]["mails"].empty()) << "no mail goes to a web address";
    ASSERT_EQ(files[1]["mails"].size(), 1U);
    EXPECT_THAT(contents(files[1]["mails"][0]["file"].get<std::string>()), HasSubstr("To: d@example.org"));
    EXPECT_TRUE(sink_.mails().empty());
    EXPECT_EQ(reports()->open_reports(std::nullopt, "")->size(), 2U);
    EXPECT_TRUE(json_of("list").empty());
}

TEST_F(ReportCommand, PreviewOfOneDomainLeavesTheOthersOut) {
    record({judged("example.org", "mailto:d@example.org"), judged("example.net", "mailto:d@example.net")});
    const auto ended = run("preview --domain example.org --day 2026-05-01 --folder " + folder_.file("p"));
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("example.org"));
    EXPECT_THAT(ended.out, Not(HasSubstr("example.net  ")));
    EXPECT_TRUE(json_of("preview --day 2026-04-30 --folder " + folder_.file("q")).empty());
}

TEST_F(ReportCommand, PreviewSaysWhereItCannotWrite) {
    record({judged("example.org", "mailto:d@example.org")});
    std::ofstream(folder_.file("file")) << "in the way";
    const auto ended = run("preview --folder " + folder_.file("file"));
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr(folder_.file("file")));
}

TEST_F(ReportCommand, ListAndShowTellWhatBecameOfAReport) {
    record({judged("example.org", "mailto:d@example.org")});
    ASSERT_EQ(send().status, 0);
    const auto listed = json_of("list --day 2026-05-01 --domain example.org --state sent");
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_TRUE(json_of("list --day 2026-05-02").empty());
    EXPECT_TRUE(json_of("list --state retry").empty());
    const auto id = listed[0]["report_id"].get<std::string>();
    EXPECT_THAT(run("list").out, HasSubstr(id));

    const auto story = json_of("show " + id);
    EXPECT_EQ(story["report_id"], id);
    const auto& history = story["deliveries"][0]["history"];
    EXPECT_EQ(history.front()["state"], "made");
    EXPECT_EQ(history.back()["state"], "sent");
    EXPECT_THAT(run("show " + id).out, HasSubstr("d@example.org"));
}

TEST_F(ReportCommand, ListSaysWhereItEndsEarly) {
    record({judged("example.org", "mailto:d@example.org"), judged("example.net", "mailto:d@example.net")});
    ASSERT_EQ(send().status, 0);
    const auto ended = run("list --limit 1 --json");
    EXPECT_EQ(ended.json().size(), 1U);
    EXPECT_EQ(run("list --limit 1").err, "defenderctl: only the first 1; --limit shows more\n");
}

TEST_F(ReportCommand, WhatIsNotKnownEndsWithOne) {
    record({});
    ASSERT_TRUE(reports());
    EXPECT_EQ(run("show r.1").err, "defenderctl: no report with the id r.1\n");
    for (const auto* arguments : {"show r.1", "resend r.1", "resend 7", "suppress --lift a@example.org"}) {
        EXPECT_EQ(run(arguments).status, 1) << arguments;
    }
}

TEST_F(ReportCommand, ResendByReportIdAndByNumberSendsTheSameAgain) {
    record({judged("example.org", "mailto:d@example.org")});
    ASSERT_EQ(send().status, 0);
    const auto sent = json_of("list")[0];
    for (const auto& what : {sent["report_id"].get<std::string>(), sent["delivery"].dump()}) {
        EXPECT_EQ(json_of("resend --now 2026-05-02T01:00:00Z " + what)["due"].size(), 1U);
        EXPECT_EQ(json_of("list")[0]["state"], "made");
        EXPECT_EQ(json_of("send --now 2026-05-02T01:00:00Z")["sent"], 1);
    }
    const auto mails = sink_.mails();
    ASSERT_EQ(mails.size(), 3U);
    EXPECT_EQ(mails[0].message, mails[1].message);
    EXPECT_EQ(mails[0].message, mails[2].message);
}

TEST_F(ReportCommand, ResendOfWhatIsBeingSentMeansTryAgainLater) {
    record({judged("example.org", "mailto:d@example.org")});
    ASSERT_EQ(send().status, 0);
    const auto id = json_of("list")[0]["report_id"].get<std::string>();
    ASSERT_EQ(json_of("resend --now 2026-05-02T01:00:00Z " + id)["due"].size(), 1U);
    const UtcSeconds now = noon + 86400;
    ASSERT_EQ(reports()->claim(now, {"another", now + 900}, 10)->size(), 1U);
    const auto ended = run("resend --json --now 2026-05-02T12:00:01Z " + id);
    EXPECT_EQ(ended.status, 75) << ended.err;
    EXPECT_EQ(ended.json()["held"].size(), 1U);
}

TEST_F(ReportCommand, ResendLeavesWhatWasSkipped) {
    record({judged("example.org", "https://example.org/r")});
    ASSERT_EQ(send().status, 0);
    const auto skipped = json_of("list --state skipped")[0];
    EXPECT_EQ(run("resend " + skipped["report_id"].get<std::string>()).status, 1);
    EXPECT_EQ(run("resend " + skipped["delivery"].dump()).status, 0);
}

TEST_F(ReportCommand, SuppressListsAndLifts) {
    record({});
    ASSERT_TRUE(reports());
    const auto put = json_of("suppress Ann@EXAMPLE.org --for 3 --now 2026-05-01T12:00:00Z");
    EXPECT_EQ(put["destination"], "ann@example.org");
    EXPECT_EQ(put["until"], "2026-05-04T12:00:00Z");
    EXPECT_THAT(run("suppress b\xC3\xBC"
                    "cher.example --now 2026-05-01T12:00:00Z")
                    .out,
                StartsWith("xn--bcher-kva.example gets no reports until 2026-05-31T12:00:00Z"));
    const auto all = json_of("suppress --list");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["strikes"], 0);
    EXPECT_THAT(run("suppress --list").out, HasSubstr("by the operator"));
    EXPECT_EQ(json_of("suppress --lift ann@example.org")["lifted"], true);
    EXPECT_EQ(json_of("suppress --list").size(), 1U);
}

TEST_F(ReportCommand, ASuppressedDestinationIsSkippedAndTheReasonShown) {
    record({judged("example.org", "mailto:d@example.org")});
    ASSERT_TRUE(reports());
    ASSERT_EQ(run("suppress example.org --now 2026-05-01T12:00:00Z").status, 0);
    EXPECT_EQ(send().json()["skipped"], 1);
    EXPECT_TRUE(sink_.mails().empty());
    EXPECT_THAT(json_of("list --state skipped")[0]["answer"].get<std::string>(), HasSubstr("example.org"));
}

TEST_F(ReportCommand, LongWorkTellsItsProgressInPlainLines) {
    record({judged("example.org", "mailto:d@example.org")});
    const auto ended = run("send --now 2026-05-02T00:00:00Z");
    EXPECT_THAT(ended.err, HasSubstr("folding records"));
    EXPECT_THAT(ended.err, HasSubstr("sending reports: done\n"));
    EXPECT_THAT(ended.err, Not(HasSubstr("\r")));
    EXPECT_THAT(ended.out, HasSubstr("mails sent"));
}

}  // namespace
}  // namespace defender
