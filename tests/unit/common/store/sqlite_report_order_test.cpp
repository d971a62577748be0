// In SQLite, reports have ids in the order in which they are closed, so that what goes together lies
// together.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/sample_report.hpp"

namespace defender::store {
namespace {

using test::judged_message;
using test::must;
using test::sample_day;
using test::sample_noon;

class SqliteReportOrder : public testing::Test {
  protected:
    void fold(const std::vector<RecordRow>& rows) {
        database_.append(rows);
        while (must(store_->fold(1000)) > 0) {
        }
    }
    /// The numbers in the first column of each row.
    std::vector<std::int64_t> numbers(const std::string& sql) {
        std::vector<std::int64_t> found;
        must(database_.open()->run(sql, {}, [&](const SqlRow& row) { found.push_back(row.number(0)); }));
        return found;
    }

    test::SqliteReportDatabase database_;
    std::unique_ptr<ReportStore> store_ = database_.open_store();
};

TEST_F(SqliteReportOrder, IsThatOfClosingHoweverManyFoldsThereWere) {
    for (const int first : {0, 100, 50}) {
        std::vector<RecordRow> rows;
        for (int i = first; i < first + 50; ++i) {
            const auto domain = "d" + std::to_string(i) + ".example";
            rows.push_back(judged_message(domain));
            rows.push_back(judged_message(domain, sample_noon - 86400));
        }
        fold(rows);
    }
    const auto by_id = numbers("SELECT id FROM report ORDER BY id");
    EXPECT_EQ(by_id.size(), 300U);
    EXPECT_EQ(numbers("SELECT id FROM report ORDER BY day, spread, id"), by_id);
}

TEST_F(SqliteReportOrder, ReportsOfOneShareAndTheirEditionsHaveIdsOfTheirOwn) {
    fold({judged_message()});
    const Lease lease{"a", (sample_day.number + 1) * 86400};
    for (int edition = 2; edition <= 4; ++edition) {
        const auto open = must(store_->open_reports({}, "")).at(0).id;
        ASSERT_TRUE(must(store_->begin_close_of(open, lease)));
        ASSERT_TRUE(must(store_->finish_close(open, lease, {})));
        fold({judged_message()});
    }
    const auto ids = numbers("SELECT id FROM report ORDER BY edition");
    ASSERT_EQ(ids.size(), 4U);
    for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_EQ(ids[i], ids[i - 1] + 1);
}

TEST_F(SqliteReportOrder, AShareThatIsUsedUpTakesIdsElsewhere) {
    fold({judged_message()});
    const auto first = numbers("SELECT id FROM report").at(0);
    // The last one of the share, by 65,534 reports of the same share, which nobody waits for here.
    must(database_.open()->run("UPDATE report SET id = id + 65534, state = 'closed'"));
    must(database_.open()->run("DELETE FROM report_count"));
    must(database_.open()->run("DELETE FROM report_row"));
    for (int i = 0; i < 3; ++i) {
        const Lease lease{"a", (sample_day.number + 1) * 86400};
        fold({judged_message()});
        const auto open = must(store_->open_reports({}, "")).at(0);
        EXPECT_EQ(open.messages, 1U);
        EXPECT_GT(open.id, first + 65534) << "of the share after it";
        ASSERT_TRUE(must(store_->begin_close_of(open.id, lease)));
        ASSERT_TRUE(must(store_->finish_close(open.id, lease, {})));
    }
    EXPECT_EQ(numbers("SELECT count(DISTINCT id) FROM report").at(0), 4);
}

TEST_F(SqliteReportOrder, DaysFromAClockThatIsFarOffAreFolded) {
    fold({judged_message("a.example", 0), judged_message("b.example", -1),
          judged_message("c.example", std::int64_t{86400} << 40U), judged_message("d.example")});
    EXPECT_EQ(must(store_->open_reports({}, "")).size(), 4U);
}

}  // namespace
}  // namespace defender::store
