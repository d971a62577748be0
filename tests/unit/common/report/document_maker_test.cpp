#include "common/report/document_maker.hpp"

#include <gmock/gmock.h>

#include "common/report/report_documents.hpp"
#include "common/store/sqlite_connection.hpp"
#include "tests/support/reporting_world.hpp"

namespace defender::report {
namespace {

using test::ReportingWorld;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DocumentMakerTest : public testing::Test {
  protected:
    static constexpr const char* policy = "v=DMARC1; p=reject; rua=mailto:d@example.com";
    const store::Lease lease_{"mine", ReportingWorld::due + 900};

    /// Reports of so many domains, one message each, that are taken to be closed.
    std::vector<store::Report> take(int count) {
        for (int i = 0; i < count; ++i) world_.judge("d" + std::to_string(i) + ".example.com", policy);
        ReportingWorld::check(world_.reporting().fold({}));
        auto taken = world_.reports().begin_closing(ReportingWorld::due, 0, 0, lease_, 10000);
        return std::move(taken).value();
    }
    static std::vector<std::int64_t> ids_of(const std::vector<store::Report>& reports) {
        std::vector<std::int64_t> ids;
        for (const auto& report : reports) ids.push_back(report.id);
        return ids;
    }

    ReportingWorld world_;
};

TEST_F(DocumentMakerTest, NothingComesOfNothing) {
    DocumentMaker maker(world_.reader(), world_.settings);
    EXPECT_FALSE(maker.take());
    maker.add({}, lease_, ReportingWorld::due);
    EXPECT_FALSE(maker.take());
    EXPECT_EQ(maker.waiting(), 0U);
}

TEST_F(DocumentMakerTest, AllComeOutInTheirOrderEachWithItsDocumentAndLease) {
    const auto reports = take(250);
    ASSERT_THAT(reports, SizeIs(250));
    DocumentMaker maker(world_.reader(), world_.settings);
    const std::vector<store::Report> first(reports.begin(), reports.begin() + 130);
    const std::vector<store::Report> second(reports.begin() + 130, reports.end());
    const store::Lease later{"mine", lease_.until + 1};
    maker.add(first, lease_, ReportingWorld::due);
    maker.add(second, later, ReportingWorld::due);
    std::vector<std::int64_t> made;
    while (const auto closing = maker.take()) {
        ASSERT_EQ(closing->made.size(), closing->reports.size());
        EXPECT_THAT(closing->failed, IsEmpty());
        for (std::size_t i = 0; i < closing->made.size(); ++i) {
            EXPECT_EQ(closing->lease.until, made.size() < first.size() ? lease_.until : later.until);
            EXPECT_EQ(closing->made[i].id, closing->reports[i].id);
            ASSERT_THAT(closing->made[i].documents, SizeIs(1));
            const auto& document = closing->made[i].documents[0].document;
            EXPECT_EQ(document.made_at, ReportingWorld::due);
            EXPECT_THAT(unpack(document.content).value(),
                        HasSubstr("<domain>" + closing->reports[i].policy_domain + "</domain>"));
            made.push_back(closing->made[i].id);
        }
    }
    EXPECT_EQ(made, ids_of(reports));
    EXPECT_EQ(maker.waiting(), 0U);
}

TEST_F(DocumentMakerTest, MoreMayBeAddedWhileThereIsSomethingToTake) {
    const auto reports = take(5);
    DocumentMaker maker(world_.reader(), world_.settings);
    std::vector<std::int64_t> made;
    maker.add({reports[0]}, lease_, ReportingWorld::due);
    while (const auto closing = maker.take()) {
        for (const auto& each : closing->made) made.push_back(each.id);
        if (made.size() < reports.size()) maker.add({reports[made.size()]}, lease_, ReportingWorld::due);
    }
    EXPECT_EQ(made, ids_of(reports));
}

TEST_F(DocumentMakerTest, WhatCannotBeMadeComesOutWithTheReasonAndHoldsUpNoOther) {
    auto reports = take(3);
    auto connection = store::open_sqlite_connection(world_.settings.store.path, store::OpenMode::read_write);
    ASSERT_TRUE(connection->get()->run("UPDATE report_row SET auth_results = 'no JSON' WHERE report = $1",
                                       {reports[1].id}));
    DocumentMaker maker(world_.reader(), world_.settings);
    maker.add(reports, lease_, ReportingWorld::due);
    const auto closing = maker.take();
    ASSERT_TRUE(closing);
    EXPECT_THAT(closing->made, SizeIs(2));
    ASSERT_THAT(closing->failed, SizeIs(1));
    EXPECT_EQ(closing->failed[0].first.id, reports[1].id);
    EXPECT_THAT(closing->failed[0].second.message, HasSubstr("report " + std::to_string(reports[1].id)));
}

TEST_F(DocumentMakerTest, IsAtItsEndThoughNobodyTakesWhatWasMade) {
    const auto reports = take(150);
    DocumentMaker maker(world_.reader(), world_.settings);
    for (int i = 0; i < 5; ++i) maker.add(reports, lease_, ReportingWorld::due);
    ASSERT_TRUE(maker.take());
}

}  // namespace
}  // namespace defender::report
