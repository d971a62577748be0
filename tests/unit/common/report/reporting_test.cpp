#include "common/report/reporting.hpp"

#include <gmock/gmock.h>

#include "common/report/report_documents.hpp"
#include "tests/support/reporting_world.hpp"

namespace defender::report {
namespace {

using store::DeliveryState;
using test::ReportingWorld;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const std::string policy = "v=DMARC1; p=reject; rua=mailto:d@example.com";

TEST(Reporting, FoldTakesAllAndTellsHowFarItIs) {
    ReportingWorld world;
    world.judge("example.com", policy, 25);
    std::vector<std::uint64_t> told;
    ASSERT_TRUE(world.reporting().fold([&](std::uint64_t done, std::uint64_t all) {
        EXPECT_LE(done, all);
        told.push_back(done);
    }));
    ASSERT_THAT(told, Not(IsEmpty()));
    EXPECT_EQ(told.back(), 25U);
    EXPECT_EQ(world.reporting().counts().folded, 25U);
    EXPECT_EQ(world.reports().counts()->unfolded, 0U);
}

TEST(Reporting, ClosesWhatIsDueAndNothingElse) {
    ReportingWorld world;
    world.settings.report.spread = std::chrono::seconds(0);
    world.judge("example.com", policy, 3);
    world.close(ReportingWorld::next_day + 3599);
    EXPECT_THAT(world.deliveries(), IsEmpty());
    world.close(ReportingWorld::next_day + 3600);
    ASSERT_THAT(world.deliveries(), SizeIs(1));
    const auto made = world.deliveries()[0];
    EXPECT_EQ(made.delivery.state, DeliveryState::made);
    EXPECT_EQ(made.delivery.uri, "mailto:d@example.com");
    EXPECT_EQ(made.delivery.next_at, ReportingWorld::next_day + 3600);
    EXPECT_EQ(made.document.policy_domain, "example.com");
    EXPECT_EQ(made.document.messages, 3U);
    EXPECT_EQ(made.document.made_at, ReportingWorld::next_day + 3600);
    EXPECT_EQ(made.document.schema, "rfc7489");
    const auto document = world.reports().document(made.document.id);
    EXPECT_THAT(unpack((*document)->content).value(), HasSubstr("<domain>example.com</domain>"));
}

TEST(Reporting, EachUriGetsADeliveryAndOthersThanMailtoAreListedAsSkipped) {
    ReportingWorld world;
    world.judge("example.com",
                "v=DMARC1; p=none; "
                "rua=mailto:a@example.com!10m,https://example.com/r,mailto:b@example.com");
    world.close();
    const auto made = world.deliveries();
    ASSERT_THAT(made, SizeIs(3));
    EXPECT_EQ(world.delivery_to("a@example.com").max_octets, 10485760U);
    EXPECT_EQ(world.delivery_to("b@example.com").max_octets, std::nullopt);
    EXPECT_EQ(world.delivery_to("").state, DeliveryState::skipped);
    EXPECT_EQ(world.delivery_to("").uri, "https://example.com/r");
    EXPECT_EQ(world.delivery_to("").answer, "only mailto is served");
}

TEST(Reporting, ReportThatNobodyCanGetIsMadeAndListed) {
    ReportingWorld world;
    world.judge("example.com", "v=DMARC1; p=none; rua=https://example.com/r");
    world.close();
    ASSERT_THAT(world.deliveries(), SizeIs(1));
    EXPECT_EQ(world.deliveries()[0].delivery.state, DeliveryState::skipped);
}

TEST(Reporting, FewerMessagesThanTheLeastMakeNoReport) {
    ReportingWorld world;
    world.settings.report.min_messages = 3;
    world.judge("two.example", "v=DMARC1; p=none; rua=mailto:d@two.example", 2);
    world.judge("three.example", "v=DMARC1; p=none; rua=mailto:d@three.example", 3);
    world.close();
    ASSERT_THAT(world.deliveries(), SizeIs(1));
    EXPECT_EQ(world.deliveries()[0].document.policy_domain, "three.example");
    EXPECT_EQ(world.reporting().counts().closed, 2U);
    EXPECT_EQ(world.reports().counts()->open_reports, 0U);
}

TEST(Reporting, DaysOfLongAgoAreClosedWithoutReports) {
    constexpr UtcSeconds fourteen_days = 14 * 86400;
    ReportingWorld late;
    late.judge("example.com", policy);
    late.close(ReportingWorld::next_day + fourteen_days);
    EXPECT_THAT(late.deliveries(), SizeIs(1));
    ReportingWorld too_late;
    too_late.judge("example.com", policy);
    too_late.close(ReportingWorld::next_day + fourteen_days + 1);
    EXPECT_THAT(too_late.deliveries(), IsEmpty());
    EXPECT_EQ(too_late.reports().counts()->open_reports, 0U);
}

TEST(Reporting, PolicyWithoutRuaHasNoReport) {
    ReportingWorld world;
    world.judge("example.com", "v=DMARC1; p=none");
    world.close();
    EXPECT_THAT(world.deliveries(), IsEmpty());
    EXPECT_EQ(world.reports().counts()->open_reports, 0U);
}

TEST(Reporting, SchemaIsThatOfTheFirstDestinationThatMatches) {
    config::ReportSettings settings;
    settings.schema = config::ReportSchema::rfc7489;
    settings.destinations = {{*DomainName::parse("old.new.example"), config::ReportSchema::rfc7489},
                             {*DomainName::parse("new.example"), config::ReportSchema::rfc9990}};
    struct Case {
        std::string address;
        config::ReportSchema schema;
    };
    const Case cases[] = {
        {"d@new.example", config::ReportSchema::rfc9990},
        {"d@sub.new.example", config::ReportSchema::rfc9990},
        {"d@old.new.example", config::ReportSchema::rfc7489},
        {"d@very.old.new.example", config::ReportSchema::rfc7489},
        {"d@renew.example", config::ReportSchema::rfc7489},
        {"d@example.com", config::ReportSchema::rfc7489},
        {"d@NEW.example", config::ReportSchema::rfc9990},
    };
    for (const auto& c : cases) EXPECT_EQ(schema_for(c.address, settings), c.schema) << c.address;
    settings.schema = config::ReportSchema::rfc9990;
    EXPECT_EQ(schema_for("d@example.com", settings), config::ReportSchema::rfc9990);
}

TEST(Reporting, EverySchemaThatIsAskedForIsMadeOnceForThoseThatGetIt) {
    ReportingWorld world;
    world.settings.report.destinations = {{*DomainName::parse("new.example"), config::ReportSchema::rfc9990}};
    world.judge("example.com",
                "v=DMARC1; p=none; "
                "rua=mailto:a@example.com,mailto:b@new.example,mailto:c@example.com,https://example.com/");
    world.close();
    std::map<std::string, std::vector<std::string>> by_schema;
    for (const auto& each : world.deliveries()) {
        by_schema[each.document.schema].push_back(each.delivery.uri);
    }
    EXPECT_THAT(by_schema["rfc7489"],
                ElementsAre("mailto:a@example.com", "mailto:c@example.com", "https://example.com/"));
    EXPECT_THAT(by_schema["rfc9990"], ElementsAre("mailto:b@new.example"));
    EXPECT_EQ(world.reporting().counts().documents, 2U);
}

TEST(Reporting, PolicyThatChangesDuringTheDayGivesTwoReports) {
    ReportingWorld world;
    world.judge("example.com", "v=DMARC1; p=none; rua=mailto:d@example.com", 2);
    world.judge("example.com", "v=DMARC1; p=reject; rua=mailto:d@example.com", 3);
    world.close();
    std::vector<std::uint64_t> messages;
    for (const auto& each : world.deliveries()) messages.push_back(each.document.messages);
    EXPECT_THAT(messages, UnorderedElementsAre(2, 3));
}

TEST(Reporting, ClosingStopsBetweenTwoGroupsOfReports) {
    constexpr std::uint64_t all = 220;
    ReportingWorld world;
    for (std::uint64_t i = 0; i < all; ++i) world.judge("d" + std::to_string(i) + ".example", policy);
    ASSERT_TRUE(world.reporting().fold({}));
    ASSERT_TRUE(world.reporting().close_due(ReportingWorld::due, [] { return true; }));
    EXPECT_EQ(world.reporting().counts().closed, 0U);
    int asked = 0;
    ASSERT_TRUE(world.reporting().close_due(ReportingWorld::due, [&] { return ++asked > 1; }));
    EXPECT_EQ(world.reporting().counts().closed, 200U);
    EXPECT_EQ(world.deliveries().size(), 200U) << "what was taken is ended";
    world.close();
    EXPECT_EQ(world.reporting().counts().closed, all);
    EXPECT_EQ(world.deliveries().size(), all);
}

TEST(Reporting, ReportThatCannotBeEndedHoldsUpNoOther) {
    ReportingWorld world;
    for (const auto* const domain : {"a.example", "b.example", "c.example"}) world.judge(domain, policy);
    ASSERT_TRUE(world.reporting().fold({}));
    const auto reports = world.reports().open_reports({}, "b.example");
    store::NewDocument taken;
    taken.document.kind = store::DocumentKind::aggregate;
    taken.document.report_id = report_id(reports->at(0), world.settings.report);
    taken.document.policy_domain = "b.example";
    taken.document.filename = "taken.xml.gz";
    taken.document.made_at = ReportingWorld::due;
    ASSERT_TRUE(world.reports().add(taken));
    world.close();
    EXPECT_EQ(world.reporting().counts().closed, 2U);
    EXPECT_EQ(world.reporting().counts().failed, 1U);
    std::vector<std::string> domains;
    for (const auto& each : world.deliveries()) domains.push_back(each.document.policy_domain);
    EXPECT_THAT(domains, UnorderedElementsAre("a.example", "c.example"));
}

TEST(Reporting, ClosingThatAnotherLeftIsTakenOverWhenItsLeaseIsOver) {
    ReportingWorld world;
    world.judge("example.com", policy);
    ASSERT_TRUE(world.reporting().fold({}));
    const store::Lease dead{"dead", ReportingWorld::due + 900};
    ASSERT_TRUE(*world.reports().begin_close(ReportingWorld::due, 3600, 7200, dead));
    world.close(ReportingWorld::due + 899);
    EXPECT_THAT(world.deliveries(), IsEmpty());
    world.close(ReportingWorld::due + 900);
    EXPECT_THAT(world.deliveries(), SizeIs(1));
}

TEST(Reporting, DayIsReportedFromItsFirstSecondToItsLast) {
    ReportingWorld world;
    world.judge("example.com", policy, 1, ReportingWorld::day_begin - 1);
    world.judge("example.com", policy, 1, ReportingWorld::day_begin);
    world.judge("example.com", policy, 1, ReportingWorld::next_day - 1);
    world.judge("example.com", policy, 1, ReportingWorld::next_day);
    world.close();
    std::vector<std::uint64_t> messages;
    for (const auto& each : world.deliveries()) messages.push_back(each.document.messages);
    EXPECT_THAT(messages, UnorderedElementsAre(1, 2));
    EXPECT_EQ(world.reports().counts()->open_reports, 1U);
}

}  // namespace
}  // namespace defender::report
