// What folding in batches that are written in pieces must do on every kind of database, wherever one that
// folds dies.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "tests/support/sample_report.hpp"

namespace defender::store {
namespace {

using test::judged_message;
using test::must;
using test::sample_day;
using test::sample_noon;

/// A connection whose program is killed at its n-th commit: that one and all after it do nothing.
class DyingConnection final : public SqlConnection {
  public:
    DyingConnection(std::unique_ptr<SqlConnection> connection, int commits)
        : connection_(std::move(connection)), commits_left_(commits) {}

    SqlDialect dialect() const noexcept override { return connection_->dialect(); }
    Result<std::uint64_t> run(std::string_view sql, const SqlValues& values,
                              const RowHandler& handler) override {
        if (is_dead()) return Error{"dead"};
        return connection_->run(sql, values, handler);
    }
    Status execute(const std::string& sql) override {
        if (sql == "COMMIT") --commits_left_;
        if (is_dead() && sql != "ROLLBACK") return Error{"dead"};
        return connection_->execute(sql);
    }

  private:
    [[nodiscard]] bool is_dead() const { return commits_left_ < 0; }

    std::unique_ptr<SqlConnection> connection_;
    int commits_left_;
};

class ReportStoreBatches : public testing::TestWithParam<test::ReportDatabaseKind> {
  protected:
    static constexpr std::uint64_t domains = 7;
    static constexpr std::uint64_t addresses = 8;
    static constexpr std::uint64_t times = 3;
    static constexpr std::uint64_t all = domains * addresses * times;
    /// 56 rows: eight pieces, read in nine goes.
    static constexpr FoldBounds small{std::size_t{1} << 20U, 20, 7};

    /// Each row `times` times, neighbours being of different reports.
    static std::vector<RecordRow> rows() {
        std::vector<RecordRow> rows;
        for (std::uint64_t i = 0; i < all; ++i) {
            rows.push_back(judged_message("d" + std::to_string(i % domains) + ".example"));
            rows.back().client = "192.0.2." + std::to_string(i / domains % addresses);
        }
        return rows;
    }
    /// Folds up to the commit at which this one dies.
    void fold_and_die(int commits, const FoldBounds& bounds = small) {
        const auto dying =
            make_report_store(std::make_unique<DyingConnection>(database_->open(), commits), bounds);
        const auto folded = dying->fold(1000);
        ASSERT_FALSE(folded);
        EXPECT_EQ(folded.error().message, "dead");
    }
    std::uint64_t fold_all(std::uint64_t limit = 1000) {
        std::uint64_t count = 0;
        while (const auto some = must(store_->fold(limit))) count += some;
        return count;
    }
    /// How often each policy domain and address was counted, over all open reports.
    std::map<std::string, std::uint64_t> counted() {
        std::map<std::string, std::uint64_t> counts;
        for (const auto& report : must(store_->open_reports({}, ""))) {
            must(store_->rows(report.id, [&](const ReportRow& row) {
                counts[report.policy_domain + " " + row.source_ip] += row.count;
                return true;
            }));
        }
        return counts;
    }
    void expect_each_counted(std::uint64_t often) {
        const auto counts = counted();
        EXPECT_EQ(counts.size(), domains * addresses);
        for (const auto& [row, count] : counts) EXPECT_EQ(count, often) << row;
    }
    std::int64_t count_of(const std::string& table) {
        return database_->number("SELECT count(*) FROM " + table);
    }
    bool a_batch_is_begun() {
        return database_->number("SELECT count(*) FROM journal WHERE folding_id > folded_id") > 0;
    }

    std::unique_ptr<test::ReportDatabase> database_ = GetParam().make();
    std::unique_ptr<ReportStore> store_ = database_->open_store(small);
};

TEST_P(ReportStoreBatches, ManyPiecesMakeTheSumsOfOne) {
    database_->append(rows());
    EXPECT_EQ(must(store_->fold(1000)), all);
    EXPECT_FALSE(a_batch_is_begun());
    expect_each_counted(times);
    EXPECT_EQ(count_of("report"), static_cast<std::int64_t>(domains));
    EXPECT_EQ(count_of("report_count"), static_cast<std::int64_t>(domains * addresses));
    EXPECT_EQ(count_of("report_row"), static_cast<std::int64_t>(domains * addresses));
}

TEST_P(ReportStoreBatches, RecordsComeInBetweenThePieces) {
    constexpr std::uint64_t more = 20;
    database_->append(rows());
    std::thread gateway([&] {
        for (std::uint64_t i = 0; i < more; ++i) database_->append({rows().front()});
    });
    auto folded = fold_all();
    gateway.join();
    folded += fold_all();
    EXPECT_EQ(folded, all + more);
    const auto counts = counted();
    EXPECT_EQ(counts.size(), domains * addresses);
    EXPECT_EQ(counts.at("d0.example 192.0.2.0"), times + more);
}

TEST_P(ReportStoreBatches, WhereverOneDiesTheNextEndsItsBatchAndCountsNothingTwice) {
    std::uint64_t often = 0;
    for (int commits = 0; commits < 8; ++commits) {
        database_->append(rows());
        often += times;
        fold_and_die(commits);
        EXPECT_EQ(a_batch_is_begun(), commits > 0) << commits;
        EXPECT_EQ(must(store_->counts()).unfolded, all) << "a batch counts when it is whole";
        // Of what comes now nothing belongs to the batch.
        database_->append(rows());
        often += times;
        EXPECT_EQ(fold_all(commits % 2 ? 1000 : 5), 2 * all) << commits;
        expect_each_counted(often);
        EXPECT_FALSE(a_batch_is_begun());
        EXPECT_EQ(must(store_->counts()).unfolded, 0U);
    }
}

TEST_P(ReportStoreBatches, SeveralMayDieInOneBatch) {
    database_->append(rows());
    fold_and_die(2);
    fold_and_die(1);
    // A program of other bounds ends it as well.
    FoldBounds other = small;
    other.rows = 10;
    other.records = 1000;
    fold_and_die(2, other);
    EXPECT_EQ(fold_all(), all);
    expect_each_counted(times);
}

TEST_P(ReportStoreBatches, ABatchWhoseRecordsExpireIsEndedWithoutThem) {
    database_->append(rows());
    fold_and_die(3);
    EXPECT_EQ(count_of("report_count"), 21);
    const auto connection = database_->open();
    must(connection->run("DELETE FROM record_domain"));
    must(connection->run("DELETE FROM record"));
    database_->append(rows());
    EXPECT_GE(fold_all(), all);
    EXPECT_FALSE(a_batch_is_begun());
    EXPECT_EQ(must(store_->counts()).unfolded, 0U);
    EXPECT_EQ(count_of("report_count"), static_cast<std::int64_t>(domains * addresses));
    std::uint64_t messages = 0;
    for (const auto& report : must(store_->open_reports({}, ""))) messages += report.messages;
    EXPECT_EQ(messages, all + 21 * times);
}

TEST_P(ReportStoreBatches, AReportThatClosesWithinABatchLosesNoMessage) {
    database_->append(rows());
    fold_and_die(4);
    std::uint64_t closed = 0;
    const Lease lease{"a", sample_noon};
    while (const auto report = must(store_->begin_close(sample_day.end(), 0, 0, lease))) {
        closed += report->messages;
        EXPECT_TRUE(must(store_->finish_close(report->id, lease, {})));
    }
    EXPECT_EQ(closed, 28 * times);
    EXPECT_EQ(fold_all(), all);
    std::uint64_t late = 0;
    for (const auto& report : must(store_->open_reports({}, ""))) late += report.messages;
    EXPECT_EQ(closed + late, all);
}

TEST_P(ReportStoreBatches, WhatIsHeldInMemoryEndsABatch) {
    database_->append(rows());
    FoldBounds narrow = small;
    narrow.octets = 1;
    store_ = database_->open_store(narrow);
    EXPECT_EQ(must(store_->fold(1000)), narrow.records);
    EXPECT_EQ(fold_all(), all - narrow.records);
    expect_each_counted(times);
}

TEST_P(ReportStoreBatches, WhereverOthersDieRandomRecordsAreCountedOnce) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto any = [&](unsigned below) { return static_cast<int>(random() % below); };
    std::map<std::string, std::uint64_t> model;
    for (int batch = 0; batch < 15; ++batch) {
        std::vector<RecordRow> some;
        for (int i = any(60); i >= 0; --i) {
            const auto domain = "d" + std::to_string(any(12)) + ".example";
            some.push_back(judged_message(domain));
            some.back().client = "192.0.2." + std::to_string(any(6));
            ++model[domain + " " + some.back().client];
        }
        database_->append(some, any(2) ? "one" : "two");
        const FoldBounds bounds{static_cast<std::size_t>(1 + any(20000)),
                                static_cast<std::uint64_t>(1 + any(30)),
                                static_cast<std::size_t>(1 + any(9))};
        const auto dying =
            make_report_store(std::make_unique<DyingConnection>(database_->open(), any(6)), bounds);
        while (const auto folded = dying->fold(static_cast<std::uint64_t>(1 + any(90)))) {
            if (*folded == 0) break;
        }
    }
    fold_all();
    EXPECT_EQ(counted(), model);
}

INSTANTIATE_TEST_SUITE_P(Stores, ReportStoreBatches, testing::ValuesIn(test::report_database_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace defender::store
