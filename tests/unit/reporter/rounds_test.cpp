#include "reporter/rounds.hpp"

#include <gmock/gmock.h>

#include "tests/support/reporting_world.hpp"

namespace defender::reporter {
namespace {

using test::ReportingWorld;
using test::ScriptedSmtp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr UtcSeconds now = ReportingWorld::due;
constexpr UtcSeconds day = 86400;

class RoundsTest : public ::testing::Test {
  protected:
    Rounds make() { return Rounds(world_.parts(), world_.settings, "host 1", metrics_.reporter()); }

    ReportingWorld world_;
    metrics::Metrics metrics_;
};

TEST_F(RoundsTest, OneRoundTakesRecordsToSentMails) {
    world_.judge("one.example", "v=DMARC1; p=none; rua=mailto:d@one.example", 2);
    world_.judge("two.example", "v=DMARC1; p=none; rua=mailto:d@two.example,https://two.example/", 3);
    world_.smtp.answer("d@two.example", ScriptedSmtp::deferred());
    auto rounds = make();
    ASSERT_TRUE(rounds.run(now, ReportingWorld::never()));
    EXPECT_THAT(world_.smtp.mails, SizeIs(2));
    EXPECT_EQ(rounds.counts().folded, 5U);
    EXPECT_THAT(metrics_.text(), AllOf(HasSubstr("defender_reporter_records_folded_total 5\n"),
                                       HasSubstr("defender_reporter_reports_closed_total 2\n"),
                                       HasSubstr("defender_reporter_mails_sent_total 1\n"),
                                       HasSubstr("defender_reporter_retries_total 1\n"),
                                       HasSubstr("defender_reporter_waiting 1\n")));
    ASSERT_TRUE(rounds.run(now + 300, ReportingWorld::never()));
    EXPECT_THAT(metrics_.text(), AllOf(HasSubstr("defender_reporter_mails_sent_total 2\n"),
                                       HasSubstr("defender_reporter_records_folded_total 5\n"),
                                       HasSubstr("defender_reporter_waiting 0\n")));
}

TEST_F(RoundsTest, StopBeforeTheFirstStepDoesNothing) {
    world_.judge("one.example", "v=DMARC1; p=none; rua=mailto:d@one.example");
    auto rounds = make();
    ASSERT_TRUE(rounds.run(now, [] { return true; }));
    EXPECT_EQ(world_.reports().counts()->unfolded, 1U);
}

TEST_F(RoundsTest, ExpiresRecordsAndReportsByTheirOwnTimes) {
    world_.settings.store.keep_days = 10;
    world_.settings.report.keep_days = 20;
    world_.judge("one.example", "v=DMARC1; p=none; rua=mailto:d@one.example");
    auto rounds = make();
    ASSERT_TRUE(rounds.run(now, ReportingWorld::never()));
    const auto records = [&] {
        return store::open_records(world_.settings.store, store::OpenMode::read_only)
            .value()
            ->status()
            ->records;
    };
    ASSERT_TRUE(rounds.expire(ReportingWorld::day_begin + 10 * day));
    EXPECT_EQ(records(), 1U);
    ASSERT_TRUE(rounds.expire(ReportingWorld::day_begin + 11 * day));
    EXPECT_EQ(records(), 0U);
    ASSERT_TRUE(rounds.expire(now + 20 * day));
    EXPECT_THAT(world_.deliveries(), SizeIs(1));
    ASSERT_TRUE(rounds.expire(now + 20 * day + 1));
    EXPECT_THAT(world_.deliveries(), SizeIs(0));
}

}  // namespace
}  // namespace defender::reporter
