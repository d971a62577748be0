// What folding must do on every kind of database.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <random>
#include <tuple>

#include "tests/support/sample_report.hpp"

namespace defender::store {
namespace {

using test::judged_message;
using test::judged_messages;
using test::must;
using test::sample_day;
using test::sample_noon;

class ReportStoreFolding : public testing::TestWithParam<test::ReportDatabaseKind> {
  protected:
    std::vector<ReportRow> rows_of(std::int64_t report) {
        std::vector<ReportRow> rows;
        must(store_->rows(report, [&](const ReportRow& row) {
            rows.push_back(row);
            return true;
        }));
        return rows;
    }
    std::uint64_t fold_all(std::uint64_t limit = 1000) {
        std::uint64_t all = 0;
        while (const auto some = must(store_->fold(limit))) all += some;
        return all;
    }
    std::vector<Report> open_reports() { return must(store_->open_reports({}, "")); }
    /// Closes the only open report, without documents.
    void close_the_report() {
        const Lease lease{"a", sample_noon};
        const auto report = must(store_->begin_close_of(open_reports().at(0).id, lease));
        EXPECT_TRUE(must(store_->finish_close(report.value().id, lease, {})));
    }

    std::unique_ptr<test::ReportDatabase> database_ = GetParam().make();
    std::unique_ptr<ReportStore> store_ = database_->open_store();
};

TEST_P(ReportStoreFolding, AnEmptyStoreHasNothingToFold) {
    EXPECT_EQ(fold_all(), 0U);
    EXPECT_TRUE(open_reports().empty());
}

TEST_P(ReportStoreFolding, EqualMessagesAreOneRow) {
    database_->append(judged_messages(5, judged_message()));
    EXPECT_EQ(fold_all(), 5U);
    const auto reports = open_reports();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].day, sample_day);
    EXPECT_EQ(reports[0].policy_domain, "example.org");
    EXPECT_EQ(reports[0].policy_record, test::sample_policy);
    EXPECT_EQ(reports[0].edition, 1U);
    EXPECT_EQ(reports[0].messages, 5U);
    EXPECT_EQ(reports[0].rows, 1U);
    const ReportRow expected{"192.0.2.1",
                             "none",
                             true,
                             false,
                             {},
                             "example.org",
                             "bounce.example.org",
                             {{"example.org", "s1", "pass", ""}},
                             {{"bounce.example.org", "mfrom", "softfail"}},
                             5};
    EXPECT_EQ(rows_of(reports[0].id), std::vector<ReportRow>{expected});
}

TEST_P(ReportStoreFolding, EachRecordIsCountedOnceHoweverOftenItIsFolded) {
    database_->append(judged_messages(3, judged_message()));
    EXPECT_EQ(fold_all(), 3U);
    EXPECT_EQ(fold_all(), 0U);
    database_->append(judged_messages(2, judged_message()));
    EXPECT_EQ(fold_all(1), 2U);
    EXPECT_EQ(open_reports().at(0).messages, 5U);
    EXPECT_EQ(open_reports().at(0).rows, 1U);
}

TEST_P(ReportStoreFolding, TheLimitIsKept) {
    database_->append(judged_messages(5, judged_message()));
    EXPECT_EQ(must(store_->fold(2)), 2U);
    EXPECT_EQ(must(store_->counts()).unfolded, 3U);
    EXPECT_EQ(must(store_->fold(2)), 2U);
    EXPECT_EQ(must(store_->fold(2)), 1U);
    EXPECT_EQ(must(store_->fold(2)), 0U);
    EXPECT_EQ(must(store_->counts()).unfolded, 0U);
    EXPECT_FALSE(store_->fold(0)) << "nobody would come to an end with it";
}

TEST_P(ReportStoreFolding, RecordsThatExpiredUnfoldedDoNotStopIt) {
    database_->append(judged_messages(7, judged_message()));
    const auto connection = database_->open();
    for (const auto* gone : {"id <= 3", "id = 5"}) {
        const auto of_domain = std::string("DELETE FROM record_domain WHERE record_") + gone;
        must(connection->run(of_domain));
        must(connection->run(std::string("DELETE FROM record WHERE ") + gone));
    }
    fold_all(1);
    EXPECT_EQ(open_reports().at(0).messages, 3U);
    EXPECT_EQ(must(store_->counts()).unfolded, 0U);
    must(connection->run("DELETE FROM record_domain"));
    must(connection->run("DELETE FROM record"));
    EXPECT_EQ(fold_all(), 0U);
    database_->append({judged_message()});
    EXPECT_EQ(fold_all(), 1U);
    EXPECT_EQ(open_reports().at(0).messages, 4U);
}

TEST_P(ReportStoreFolding, WhateverATupleDiffersInMakesARowOfItsOwn) {
    const std::vector<std::function<void(RecordRow&)>> differences{
        [](RecordRow&) {},
        [](RecordRow& row) { row.client = "2001:db8::1"; },
        [](RecordRow& row) { row.envelope_from = ""; },
        [](RecordRow& row) { row.auth_results = R"({"dkim":[],"spf":[]})"; },
        [](RecordRow& row) { row.domains[0].author_domain = "sub.example.org"; },
        [](RecordRow& row) { row.domains[0].disposition = "quarantine"; },
        [](RecordRow& row) { row.domains[0].dkim_aligned = false; },
        [](RecordRow& row) { row.domains[0].spf_aligned = true; },
        [](RecordRow& row) { row.domains[0].reasons = R"([{"type":"other","comment":"x"}])"; }};
    for (const auto& difference : differences) {
        auto row = judged_message();
        difference(row);
        database_->append({row, row});
    }
    EXPECT_EQ(fold_all(), 2 * differences.size());
    ASSERT_EQ(open_reports().size(), 1U);
    EXPECT_EQ(open_reports()[0].messages, 2 * differences.size());
    EXPECT_EQ(open_reports()[0].rows, differences.size());
    for (const auto& row : rows_of(open_reports()[0].id)) EXPECT_EQ(row.count, 2U);
}

TEST_P(ReportStoreFolding, WhatIsNotInATupleMakesNoDifference) {
    auto other = judged_message("example.org", sample_noon + 1);
    other.host = other.queue_id = other.helo = other.mail_from = other.reply = other.evidence = "other";
    other.domains[0].result = other.domains[0].requested = "other";
    database_->append({judged_message(), other});
    fold_all();
    EXPECT_EQ(open_reports().at(0).rows, 1U);
}

TEST_P(ReportStoreFolding, WhatIsNotReportableIsPassedOver) {
    auto silent = judged_message();
    silent.domains[0].reportable = false;
    auto without_author = judged_message();
    without_author.domains.clear();
    database_->append({silent, without_author, judged_message(), silent});
    EXPECT_EQ(fold_all(), 4U);
    EXPECT_EQ(open_reports().at(0).messages, 1U);
    EXPECT_EQ(must(store_->counts()).unfolded, 0U);
}

TEST_P(ReportStoreFolding, EveryAuthorDomainOfAMessageIsReportedToItsOwn) {
    auto message = judged_message("example.org");
    message.domains.push_back(judged_message("example.net").domains[0]);
    database_->append({message});
    fold_all();
    ASSERT_EQ(open_reports().size(), 2U);
    EXPECT_EQ(open_reports()[0].policy_domain, "example.net");
    EXPECT_EQ(open_reports()[1].policy_domain, "example.org");
    EXPECT_EQ(rows_of(open_reports()[0].id).at(0).header_from, "example.net");
}

TEST_P(ReportStoreFolding, APolicyThatChangesDuringTheDayGivesTwoReports) {
    auto changed = judged_message();
    changed.domains[0].policy_record = "v=DMARC1; p=none; rua=mailto:d@example.org";
    database_->append({judged_message(), changed, changed, judged_message(), judged_message()});
    fold_all();
    const auto reports = open_reports();
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[0].policy_record, changed.domains[0].policy_record);
    EXPECT_EQ(reports[0].messages, 2U);
    EXPECT_EQ(reports[1].messages, 3U);
}

TEST_P(ReportStoreFolding, ADayBeginsAndEndsAtMidnightUtc) {
    for (const auto moment :
         {sample_day.begin() - 1, sample_day.begin(), sample_day.end() - 1, sample_day.end()}) {
        database_->append({judged_message("example.org", moment)});
    }
    fold_all();
    const auto reports = open_reports();
    ASSERT_EQ(reports.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(reports[i].day.number, sample_day.number - 1 + static_cast<std::int64_t>(i));
        EXPECT_EQ(reports[i].messages, i == 1 ? 2U : 1U);
    }
}

TEST_P(ReportStoreFolding, ALateRecordOpensTheNextEdition) {
    for (const unsigned edition : {1U, 2U, 3U}) {
        database_->append(judged_messages(edition, judged_message()));
        fold_all();
        const auto reports = open_reports();
        ASSERT_EQ(reports.size(), 1U);
        EXPECT_EQ(reports[0].edition, edition);
        EXPECT_EQ(reports[0].messages, edition) << "of this edition alone";
        close_the_report();
    }
}

TEST_P(ReportStoreFolding, ARecordDuringTheClosingLeavesItsRowsAsTheyAre) {
    database_->append({judged_message()});
    fold_all();
    const auto closing = must(store_->begin_close_of(open_reports().at(0).id, {"a", sample_noon})).value();
    database_->append(judged_messages(4, judged_message()));
    fold_all();
    EXPECT_EQ(rows_of(closing.id).at(0).count, 1U);
    ASSERT_EQ(open_reports().size(), 1U);
    EXPECT_EQ(open_reports()[0].edition, 2U);
    EXPECT_EQ(open_reports()[0].messages, 4U);
}

TEST_P(ReportStoreFolding, OpenReportsCanBeAskedForByDayAndDomain) {
    for (const auto* domain : {"b.example", "a.example"}) {
        for (const int day : {1, 0}) database_->append({judged_message(domain, sample_noon + day * 86400)});
    }
    fold_all();
    std::vector<std::pair<std::int64_t, std::string>> all;
    for (const auto& report : open_reports()) {
        all.emplace_back(report.day.number - sample_day.number, report.policy_domain);
    }
    EXPECT_EQ(all, (std::vector<std::pair<std::int64_t, std::string>>{
                       {0, "a.example"}, {0, "b.example"}, {1, "a.example"}, {1, "b.example"}}));
    EXPECT_EQ(must(store_->open_reports(sample_day, "")).size(), 2U);
    EXPECT_EQ(must(store_->open_reports({}, "a.example")).size(), 2U);
    EXPECT_EQ(must(store_->open_reports(sample_day, "a.example")).size(), 1U);
    EXPECT_TRUE(must(store_->open_reports(sample_day, "example")).empty());
}

TEST_P(ReportStoreFolding, ATransactionThatIsGivenUpLeavesNothingFolded) {
    database_->append(judged_messages(3, judged_message()));
    const auto blocked = database_->open();
    {
        // What a reporter has written that is killed before its commit.
        const auto transaction = must(SqlTransaction::begin(*blocked));
        must(blocked->run("UPDATE journal SET folded_id = 3"));
    }
    EXPECT_EQ(fold_all(), 3U);
    EXPECT_EQ(open_reports().at(0).messages, 3U);
}

TEST_P(ReportStoreFolding, AFailedWriteMovesNothing) {
    database_->append(judged_messages(3, judged_message()));
    const auto other = database_->open();
    must(other->execute("ALTER TABLE report_count RENAME TO hidden"));
    EXPECT_FALSE(store_->fold(10));
    must(other->execute("ALTER TABLE hidden RENAME TO report_count"));
    EXPECT_EQ(must(store_->counts()).unfolded, 3U);
    EXPECT_EQ(must(store_->counts()).open_reports, 0U);
    EXPECT_EQ(fold_all(), 3U);
    EXPECT_EQ(open_reports().at(0).messages, 3U);
}

TEST_P(ReportStoreFolding, SeveralFoldAtOnceAndEachRecordIsCountedOnce) {
    constexpr std::size_t batches = 20;
    constexpr std::size_t in_a_batch = 40;
    const auto fold_until = [this](std::shared_future<void> ended) {
        const auto store = database_->open_store();
        std::uint64_t folded = 0;
        for (bool last = false; !last;) {
            last = ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
            while (const auto some = must(store->fold(7))) folded += some;
        }
        return folded;
    };
    std::promise<void> end;
    const auto ended = end.get_future().share();
    std::vector<std::future<std::uint64_t>> folders;
    for (int i = 0; i < 3; ++i) folders.push_back(std::async(std::launch::async, fold_until, ended));
    for (std::size_t batch = 0; batch < batches; ++batch) {
        std::vector<RecordRow> rows;
        for (std::size_t i = 0; i < in_a_batch; ++i) {
            rows.push_back(judged_message("d" + std::to_string(i % 5) + ".example"));
        }
        database_->append(rows, batch % 2 ? "one" : "two");
    }
    end.set_value();
    std::uint64_t folded = 0;
    for (auto& each : folders) folded += each.get();
    EXPECT_EQ(folded, batches * in_a_batch);
    ASSERT_EQ(open_reports().size(), 5U);
    for (const auto& report : open_reports()) EXPECT_EQ(report.messages, batches * in_a_batch / 5);
    EXPECT_EQ(must(store_->counts()).unfolded, 0U);
}

TEST_P(ReportStoreFolding, ClosingWhileOthersFoldLosesNoMessage) {
    constexpr std::size_t batches = 30;
    std::promise<void> end;
    const auto ended = end.get_future().share();
    auto folder = std::async(std::launch::async, [this, ended] {
        const auto store = database_->open_store();
        for (bool last = false; !last;) {
            last = ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
            while (must(store->fold(3)) > 0) continue;
        }
    });
    std::uint64_t closed = 0;
    const auto close_some = [&] {
        const Lease lease{"closer", sample_noon};
        while (const auto report = must(store_->begin_close(sample_day.end(), 0, 0, lease))) {
            std::uint64_t counted = 0;
            for (const auto& row : rows_of(report->id)) counted += row.count;
            EXPECT_EQ(counted, report->messages);
            EXPECT_TRUE(must(store_->finish_close(report->id, lease, {})));
            closed += counted;
        }
    };
    for (std::size_t batch = 0; batch < batches; ++batch) {
        database_->append(judged_messages(10, judged_message()));
        close_some();
    }
    end.set_value();
    folder.get();
    close_some();
    EXPECT_EQ(closed, batches * 10);
}

/// A message as a report tells of it, and how the rows of all reports stand in the test's own sums.
using Tuple = std::tuple<std::int64_t, std::string, std::string, std::string, std::string, bool, bool>;

TEST_P(ReportStoreFolding, TheSumsOfRandomRecordsAreThoseOfAModel) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto any = [&](unsigned below) { return static_cast<int>(random() % below); };
    std::map<Tuple, std::uint64_t> model;
    std::uint64_t messages = 0;
    for (int batch = 0; batch < 12; ++batch) {
        std::vector<RecordRow> rows;
        for (int i = any(120); i > 0; --i) {
            auto row =
                judged_message("d" + std::to_string(any(70)) + ".example", sample_noon + any(2) * 86400);
            row.client = any(2) ? "2001:db8::" + std::to_string(any(3)) : "192.0.2." + std::to_string(any(3));
            auto& domain = row.domains[0];
            domain.policy_record += any(4) ? "" : "; pct=50";
            domain.spf_aligned = any(2) == 1;
            domain.disposition = any(2) ? "none" : "reject";
            domain.reportable = any(5) > 0;
            rows.push_back(row);
            if (!domain.reportable) continue;
            ++messages;
            ++model[{row.day.number, domain.policy_domain, domain.policy_record, row.client,
                     domain.disposition, domain.dkim_aligned, domain.spf_aligned}];
        }
        if (rows.empty()) continue;
        database_->append(rows, any(2) ? "one" : "two");
        if (any(2)) must(store_->fold(static_cast<std::uint64_t>(1 + any(100))));
    }
    fold_all(static_cast<std::uint64_t>(1 + any(500)));
    std::map<Tuple, std::uint64_t> found;
    std::uint64_t counted = 0;
    for (const auto& report : open_reports()) {
        counted += report.messages;
        for (const auto& row : rows_of(report.id)) {
            const auto fresh =
                found.emplace(Tuple{report.day.number, report.policy_domain, report.policy_record,
                                    row.source_ip, row.disposition, row.dkim_aligned, row.spf_aligned},
                              row.count);
            EXPECT_TRUE(fresh.second) << "one row for each tuple";
        }
    }
    EXPECT_EQ(found, model);
    EXPECT_EQ(counted, messages);
}

TEST_P(ReportStoreFolding, ABatchLargerThanOneStatementIsWrittenWhole) {
    std::vector<RecordRow> rows;
    for (int i = 0; i < 333; ++i) {
        rows.push_back(judged_message("d" + std::to_string(i % 120) + ".example"));
        rows.back().client = "192.0.2." + std::to_string(i % 111);
    }
    database_->append(rows);
    EXPECT_EQ(must(store_->fold(333)), 333U);
    std::uint64_t messages = 0;
    for (const auto& report : open_reports()) messages += report.messages;
    EXPECT_EQ(messages, 333U);
    EXPECT_EQ(open_reports().size(), 120U);
}

TEST_P(ReportStoreFolding, RowsComeInTheOrderOfTheirOctets) {
    std::vector<std::string> addresses{"",  "1.0.0.1", "192.0.2.10", "192.0.2.9", "2001:db8::1",
                                       "A", "a",       "\u00e4"};
    std::vector<RecordRow> rows;
    for (const auto& address : addresses) {
        for (const auto* sender : {"z", "", "B", "b"}) {
            rows.push_back(judged_message());
            rows.back().client = address;
            rows.back().envelope_from = sender;
        }
    }
    std::shuffle(rows.begin(), rows.end(), std::mt19937(1));
    database_->append(rows);
    fold_all();
    std::vector<std::string> order;
    for (const auto& row : rows_of(open_reports().at(0).id))
        order.push_back(row.source_ip + "|" + row.envelope_from);
    std::vector<std::string> expected;
    for (const auto& address : addresses) {
        for (const auto* sender : {"", "B", "b", "z"}) expected.push_back(address + "|" + sender);
    }
    EXPECT_EQ(order, expected);
}

TEST_P(ReportStoreFolding, TheReaderOfRowsCanStop) {
    for (int i = 0; i < 5; ++i) {
        auto row = judged_message();
        row.client = "192.0.2." + std::to_string(i);
        database_->append({row});
    }
    fold_all();
    int seen = 0;
    must(store_->rows(open_reports().at(0).id, [&](const ReportRow&) { return ++seen < 2; }));
    EXPECT_EQ(seen, 2);
    EXPECT_EQ(rows_of(open_reports().at(0).id).size(), 5U) << "and begin anew";
    EXPECT_TRUE(rows_of(12345).empty());
}

TEST_P(ReportStoreFolding, EverythingInARowComesBack) {
    auto row = judged_message();
    row.client = "2001:db8::25";
    row.envelope_from = "";
    row.auth_results = R"({"dkim":[{"domain":"a","selector":"s","result":"policy","reason":"<\"&'>"},)"
                       R"({"domain":"b","selector":"t","result":"fail","reason":""}],)"
                       R"("spf":[{"domain":"h","scope":"helo","result":"none"}]})";
    row.domains[0].reasons =
        R"([{"type":"sampled_out","comment":"pct=50"},{"type":"mailing_list","comment":""}])";
    database_->append({row});
    fold_all();
    const auto found = rows_of(open_reports().at(0).id).at(0);
    EXPECT_EQ(found.source_ip, "2001:db8::25");
    EXPECT_EQ(found.envelope_from, "");
    EXPECT_EQ(found.reasons, (std::vector<ReportReason>{{"sampled_out", "pct=50"}, {"mailing_list", ""}}));
    EXPECT_EQ(found.dkim,
              (std::vector<DkimAuthResult>{{"a", "s", "policy", "<\"&'>"}, {"b", "t", "fail", ""}}));
    EXPECT_EQ(found.spf, (std::vector<SpfAuthResult>{{"h", "helo", "none"}}));
}

TEST_P(ReportStoreFolding, ARowThatCannotBeReadIsAnErrorThatNamesItsReport) {
    auto row = judged_message();
    row.auth_results = "not JSON";
    database_->append({row});
    fold_all();
    const auto report = open_reports().at(0).id;
    const auto read = store_->rows(report, [](const ReportRow&) { return true; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "report " + std::to_string(report) + ": auth_results is not an object");
}

TEST(ReportStoreFoldingOnBoth, TheRowsOfBothDatabasesComeInTheSameOrder) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::vector<ReportRow>> of_kind;
    for (const auto& kind : test::report_database_kinds()) {
        std::mt19937 random(seed);
        const auto database = kind.make();
        std::vector<RecordRow> rows;
        for (int i = 0; i < 300; ++i) {
            rows.push_back(judged_message());
            rows.back().client = std::string(1, static_cast<char>('!' + random() % 94)) + ".1";
            rows.back().envelope_from = random() % 2 ? "\u00df" : "ss";
            rows.back().domains[0].author_domain = random() % 2 ? "a-b" : "ab";
            rows.back().domains[0].spf_aligned = random() % 2 == 1;
        }
        database->append(rows);
        const auto store = database->open_store();
        must(store->fold(1000));
        auto& list = of_kind.emplace_back();
        must(store->rows(must(store->open_reports({}, "")).at(0).id, [&](const ReportRow& row) {
            list.push_back(row);
            return true;
        }));
        EXPECT_GT(list.size(), 100U);
    }
    EXPECT_EQ(of_kind[0], of_kind[1]);
}

INSTANTIATE_TEST_SUITE_P(Stores, ReportStoreFolding, testing::ValuesIn(test::report_database_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace defender::store
