// What closing must do on every kind of database.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/sample_report.hpp"

namespace defender::store {
namespace {

using test::judged_message;
using test::judged_messages;
using test::must;
using test::sample_day;
using test::sample_document;
using test::sample_noon;

constexpr std::int64_t hour = 3600;
const Lease mine{"host-a:1", sample_day.end() + 10 * hour};
const Lease others{"host-b:2", sample_day.end() + 20 * hour};

class ReportStoreClosing : public testing::TestWithParam<test::ReportDatabaseKind> {
  protected:
    void fold(const std::vector<RecordRow>& rows) {
        database_->append(rows);
        while (must(store_->fold(1000)) > 0) continue;
    }
    std::optional<Report> begin_close(UtcSeconds now, const Lease& lease = mine) {
        return must(store_->begin_close(now, hour, 0, lease));
    }
    std::uint64_t count_rows(std::int64_t report) {
        std::uint64_t count = 0;
        must(store_->rows(report, [&](const ReportRow&) { return ++count > 0; }));
        return count;
    }

    std::unique_ptr<test::ReportDatabase> database_ = GetParam().make();
    std::unique_ptr<ReportStore> store_ = database_->open_store();
    std::unique_ptr<ReportStore> other_ = database_->open_store();
};

TEST_P(ReportStoreClosing, AReportIsDueOneDelayAfterItsDay) {
    fold(judged_messages(3, judged_message()));
    EXPECT_FALSE(begin_close(sample_day.end() + hour - 1));
    const auto report = begin_close(sample_day.end() + hour);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->day, sample_day);
    EXPECT_EQ(report->policy_domain, "example.org");
    EXPECT_EQ(report->policy_record, test::sample_policy);
    EXPECT_EQ(report->edition, 1U);
    EXPECT_EQ(report->messages, 3U);
    EXPECT_EQ(report->rows, 1U);
    EXPECT_TRUE(must(store_->open_reports({}, "")).empty());
}

TEST_P(ReportStoreClosing, EachReportHasItsShareOfTheSpread) {
    std::vector<RecordRow> rows;
    for (int i = 0; i < 40; ++i) rows.push_back(judged_message("d" + std::to_string(i) + ".example"));
    fold(rows);
    constexpr std::int64_t spread = 4 * hour;
    std::size_t closed = 0;
    for (std::int64_t passed = 0; passed < spread; passed += 60) {
        const auto now = sample_day.end() + hour + passed;
        const auto due = *must(store_->next_due(hour, spread));
        const auto report = must(store_->begin_close(now, hour, spread, mine));
        EXPECT_EQ(report.has_value(), due <= now);
        if (!report) continue;
        ++closed;
        EXPECT_TRUE(must(store_->finish_close(report->id, mine, {})));
        passed -= 60;  // there may be more of them
        if (closed == rows.size()) break;
        ASSERT_LT(closed, rows.size());
    }
    EXPECT_EQ(closed, rows.size()) << "all within the spread";
    EXPECT_EQ(database_->number("SELECT count(DISTINCT spread) FROM report"), 40);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report WHERE spread < 0 OR spread > 65535"), 0);
}

TEST_P(ReportStoreClosing, ALateEditionIsDueAtOnce) {
    for (const unsigned edition : {1U, 2U}) {
        fold({judged_message()});
        const auto report = begin_close(sample_day.end() + hour);
        ASSERT_TRUE(report);
        EXPECT_EQ(report->edition, edition);
        EXPECT_TRUE(must(store_->finish_close(report->id, mine, {})));
    }
}

TEST_P(ReportStoreClosing, TheEarliestDayComesFirst) {
    for (const int day : {2, 0, 1}) fold({judged_message("example.org", sample_noon + day * 86400)});
    for (const int day : {0, 1, 2}) {
        const auto report = begin_close(sample_day.end() + 5 * 86400, {"a", sample_day.end() + 6 * 86400});
        ASSERT_TRUE(report);
        EXPECT_EQ(report->day.number, sample_day.number + day);
    }
}

TEST_P(ReportStoreClosing, TwoNeverHoldOneReport) {
    fold({judged_message("a.example"), judged_message("b.example")});
    const auto now = sample_day.end() + hour;
    const auto first = begin_close(now);
    const auto second = must(other_->begin_close(now, hour, 0, others));
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->id, second->id);
    EXPECT_FALSE(begin_close(now));
    EXPECT_FALSE(must(other_->begin_close(now, hour, 0, others)));
}

TEST_P(ReportStoreClosing, AClosingWhoseLeaseIsOverIsTakenOverWithItsRows) {
    fold(judged_messages(3, judged_message()));
    const auto first = begin_close(sample_day.end() + hour);
    EXPECT_FALSE(must(other_->begin_close(mine.until - 1, hour, 0, others)));
    EXPECT_EQ(must(store_->next_due(hour, 0)), mine.until);
    const auto second = must(other_->begin_close(mine.until, hour, 0, others));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(second->id, first->id);
    EXPECT_EQ(second->edition, 1U);
    EXPECT_EQ(second->messages, 3U);
    EXPECT_EQ(count_rows(second->id), 1U);
    EXPECT_FALSE(must(store_->finish_close(first->id, mine, {sample_document("mine")})));
    EXPECT_TRUE(must(store_->list({})).empty()) << "nothing is written";
    EXPECT_TRUE(must(other_->finish_close(first->id, others, {sample_document("theirs")})));
    EXPECT_EQ(must(store_->list({})).size(), 1U);
}

TEST_P(ReportStoreClosing, AHolderThatWasLateKeepsWhatNobodyTook) {
    fold({judged_message()});
    const auto report = begin_close(sample_day.end() + hour);
    EXPECT_TRUE(must(store_->finish_close(report->id, mine, {})));
}

TEST_P(ReportStoreClosing, TheSameOwnerWithANewLeaseHasLostTheOldOne) {
    fold({judged_message()});
    const auto report = begin_close(sample_day.end() + hour);
    const Lease again{mine.owner, others.until};
    ASSERT_TRUE(begin_close(mine.until, again));
    EXPECT_FALSE(must(store_->finish_close(report->id, mine, {})));
    EXPECT_TRUE(must(store_->finish_close(report->id, again, {})));
}

TEST_P(ReportStoreClosing, DocumentsAndDeliveriesComeIntoBeingAndTheRowsGo) {
    fold(judged_messages(3, judged_message()));
    const auto report = begin_close(sample_day.end() + hour);
    auto first = sample_document("id.1");
    first.deliveries.push_back(first.deliveries[0]);
    first.deliveries[1].uri = "https://example.org/";
    first.deliveries[1].state = DeliveryState::skipped;
    first.deliveries[1].answer = "not a mailto URI";
    ASSERT_TRUE(must(store_->finish_close(report->id, mine, {first, sample_document("id.2")})));
    EXPECT_EQ(count_rows(report->id), 0U);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report_row"), 0);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report_count"), 0);
    EXPECT_EQ(must(store_->list({})).size(), 3U);
    EXPECT_EQ(must(store_->counts()).waiting, 2U);
    EXPECT_FALSE(begin_close(sample_day.end() + 1000 * hour)) << "closed once";
    EXPECT_FALSE(must(store_->finish_close(report->id, mine, {sample_document("id.3")})));
    EXPECT_EQ(must(store_->list({})).size(), 3U);
}

TEST_P(ReportStoreClosing, AReportIdThatIsThereAlreadyWritesNothing) {
    fold({judged_message()});
    must(store_->add(sample_document("taken")));
    const auto report = begin_close(sample_day.end() + hour);
    const auto finished =
        store_->finish_close(report->id, mine, {sample_document("new"), sample_document("taken")});
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().message, "there is a report taken already");
    EXPECT_EQ(must(store_->list({})).size(), 1U);
    EXPECT_EQ(count_rows(report->id), 1U) << "the closing goes on";
    EXPECT_TRUE(must(store_->finish_close(report->id, mine, {sample_document("new")})));
}

TEST_P(ReportStoreClosing, SomeAreTakenTogetherTheEarliestDayFirst) {
    for (const int later : {2, 0, 1}) {
        fold({judged_message("a.example", sample_noon + later * 86400),
              judged_message("b.example", sample_noon + later * 86400)});
    }
    const Lease lease{mine.owner, sample_day.end() + 1000 * hour};
    const auto take = [&](std::uint64_t most) {
        std::string days;
        for (const auto& report :
             must(store_->begin_closing(sample_day.end() + 240 * hour, hour, 0, lease, most))) {
            days += std::to_string(report.day.number - sample_day.number);
            EXPECT_EQ(report.messages, 1U);
            EXPECT_EQ(report.rows, 1U);
        }
        return days;
    };
    EXPECT_EQ(take(3), "001");
    EXPECT_EQ(take(100), "122");
    EXPECT_EQ(take(100), "");
}

TEST_P(ReportStoreClosing, SomeAreEndedTogetherButNotThoseThatAnotherHasTakenOver) {
    fold({judged_message("a.example"), judged_message("b.example"), judged_message("c.example")});
    const auto reports = must(store_->begin_closing(sample_day.end() + hour, hour, 0, mine, 10));
    ASSERT_EQ(reports.size(), 3U);
    const auto after = mine.until;
    const auto taken = must(other_->begin_closing(after, hour, 0, others, 1));
    ASSERT_EQ(taken.size(), 1U);
    std::vector<ClosedReport> made;
    for (const auto& report : reports) made.push_back({report.id, {sample_document(report.policy_domain)}});
    const auto closed = must(store_->finish_closing(made, mine));
    EXPECT_EQ(closed.size(), 2U);
    EXPECT_EQ(std::count(closed.begin(), closed.end(), taken[0].id), 0);
    EXPECT_EQ(must(store_->list({})).size(), 2U);
    EXPECT_EQ(count_rows(taken[0].id), 1U);
    const auto rest =
        must(other_->finish_closing({{taken[0].id, {sample_document(taken[0].policy_domain)}}}, others));
    EXPECT_EQ(rest, std::vector{taken[0].id});
    EXPECT_EQ(database_->number("SELECT count(*) FROM report WHERE state = 'closed'"), 3);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report_count"), 0);
}

TEST_P(ReportStoreClosing, WhatCannotBeWrittenOfOneWritesNothingOfAny) {
    fold({judged_message("a.example"), judged_message("b.example")});
    const auto reports = must(store_->begin_closing(sample_day.end() + hour, hour, 0, mine, 10));
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_FALSE(store_->finish_closing(
        {{reports[0].id, {sample_document("same")}}, {reports[1].id, {sample_document("same")}}}, mine));
    EXPECT_TRUE(must(store_->list({})).empty());
    for (const auto& report : reports) EXPECT_EQ(count_rows(report.id), 1U) << "the closing goes on";
}

TEST_P(ReportStoreClosing, ManyRowsGoWithTheReport) {
    std::vector<RecordRow> rows;
    for (int i = 0; i < 4500; ++i) {
        rows.push_back(judged_message());
        rows.back().client = "2001:db8::" + std::to_string(i);
    }
    fold(rows);
    const auto report = begin_close(sample_day.end() + hour);
    EXPECT_EQ(report->rows, 4500U);
    ASSERT_TRUE(must(store_->finish_close(report->id, mine, {})));
    EXPECT_EQ(database_->number("SELECT count(*) FROM report_row"), 0);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report WHERE state = 'closed'"), 1);
}

TEST_P(ReportStoreClosing, NoRowStaysWhereTheyAreAsManyAsOneTransactionDeletes) {
    for (const std::size_t count : {1999U, 2000U, 2001U}) {
        std::vector<RecordRow> rows;
        for (std::size_t i = 0; i < count; ++i) {
            rows.push_back(judged_message(std::to_string(count) + ".example"));
            rows.back().client = "2001:db8::" + std::to_string(i);
        }
        rows.push_back(judged_message("other.example"));
        fold(rows);
        const auto wanted = must(store_->open_reports({}, std::to_string(count) + ".example")).at(0);
        ASSERT_EQ(wanted.rows, count);
        ASSERT_TRUE(must(store_->begin_close_of(wanted.id, mine)));
        ASSERT_TRUE(must(store_->finish_close(wanted.id, mine, {})));
        EXPECT_EQ(database_->number("SELECT count(*) FROM report_row"), 1) << "that of the other report";
        EXPECT_EQ(database_->number("SELECT count(*) FROM report_count"), 1);
        EXPECT_EQ(database_->number("SELECT count(*) FROM report WHERE state = 'emptying'"), 0);
    }
}

TEST_P(ReportStoreClosing, RowsLeftByACrashAreSeenByNobodyAndClearedAway) {
    fold({judged_message()});
    const auto report = must(store_->open_reports({}, "")).at(0).id;
    // What is left by one that is killed after the report was closed and before all rows were deleted.
    must(database_->open()->run("UPDATE report SET state = 'emptying'"));
    EXPECT_EQ(count_rows(report), 0U);
    EXPECT_TRUE(must(store_->open_reports({}, "")).empty());
    EXPECT_FALSE(begin_close(sample_day.end() + 1000 * hour));
    EXPECT_EQ(must(store_->next_due(0, 0)), std::nullopt);
    fold({judged_message()});
    EXPECT_EQ(must(store_->open_reports({}, "")).at(0).edition, 2U);
    must(store_->expire_documents(0));
    EXPECT_EQ(database_->number("SELECT count(*) FROM report_row"), 1) << "that of the new edition";
    EXPECT_EQ(database_->number("SELECT count(*) FROM report WHERE state = 'closed'"), 1);
}

TEST_P(ReportStoreClosing, AnOpenReportCanBeClosedBeforeItIsDue) {
    fold({judged_message(), judged_message("example.net")});
    const auto wanted = must(store_->open_reports({}, "example.net")).at(0);
    const auto report = must(store_->begin_close_of(wanted.id, mine));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->policy_domain, "example.net");
    EXPECT_EQ(report->messages, 1U);
    EXPECT_FALSE(must(other_->begin_close_of(wanted.id, others))) << "held";
    EXPECT_FALSE(must(store_->begin_close_of(12345, mine)));
    EXPECT_TRUE(must(store_->finish_close(report->id, mine, {})));
    EXPECT_FALSE(must(other_->begin_close_of(wanted.id, others))) << "closed";
}

TEST_P(ReportStoreClosing, NextDueIsTheFirstOfAll) {
    EXPECT_EQ(must(store_->next_due(hour, 0)), std::nullopt);
    fold({judged_message("example.org", sample_noon + 86400), judged_message()});
    EXPECT_EQ(must(store_->next_due(hour, 0)), sample_day.end() + hour);
    auto document = sample_document("id");
    document.deliveries[0].next_at = sample_noon;
    must(store_->add(document));
    EXPECT_EQ(must(store_->next_due(hour, 0)), sample_noon);
    ASSERT_EQ(must(store_->claim(sample_noon, {"a", sample_noon + 50}, 1)).size(), 1U);
    EXPECT_EQ(must(store_->next_due(hour, 0)), sample_noon + 50) << "when the lease ends";
}

INSTANTIATE_TEST_SUITE_P(Stores, ReportStoreClosing, testing::ValuesIn(test::report_database_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace defender::store
