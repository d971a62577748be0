#include "common/report/suppressions.hpp"

#include <gmock/gmock.h>

#include "tests/support/reporting_world.hpp"

namespace defender::report {
namespace {

using ::testing::ElementsAre;

constexpr UtcSeconds now = 1777593600;
constexpr UtcSeconds day = 86400;

std::optional<std::string> reason(store::ReportStore& store, const std::vector<std::string>& never_send,
                                  const std::string& address, UtcSeconds at = now) {
    return reason_not_to_send(store, never_send, address, at).value();
}

TEST(Suppressions, DestinationsAreTheAddressItsDomainAndAllAbove) {
    EXPECT_THAT(destinations_of("A@b.Example.com"),
                ElementsAre("a@b.example.com", "b.example.com", "example.com", "com"));
    EXPECT_THAT(destinations_of("A@com"), ElementsAre("a@com", "com"));
}

TEST(Suppressions, NeverSendHasAddressesAndDomainsWithAllBelow) {
    test::ReportingWorld world;
    const std::vector<std::string> never{"nobody@example.com", "example.org"};
    EXPECT_TRUE(reason(world.reports(), never, "nobody@example.com"));
    EXPECT_TRUE(reason(world.reports(), never, "Nobody@Example.com"));
    EXPECT_FALSE(reason(world.reports(), never, "nobody@sub.example.com"));
    EXPECT_FALSE(reason(world.reports(), never, "somebody@example.com"));
    EXPECT_TRUE(reason(world.reports(), never, "x@example.org"));
    EXPECT_TRUE(reason(world.reports(), never, "x@a.b.example.org"));
    EXPECT_FALSE(reason(world.reports(), never, "x@anexample.org"));
}

TEST(Suppressions, HoldForAddressOrDomainUntilTheirEnd) {
    test::ReportingWorld world;
    auto& store = world.reports();
    ASSERT_TRUE(store.suppress({"x@example.com", now + 10, 0, "by hand"}));
    ASSERT_TRUE(store.suppress({"example.org", now + 10, 0, "by hand"}));
    EXPECT_TRUE(reason(store, {}, "X@example.com", now + 9));
    EXPECT_FALSE(reason(store, {}, "x@example.com", now + 10));
    EXPECT_FALSE(reason(store, {}, "y@example.com"));
    EXPECT_TRUE(reason(store, {}, "y@sub.example.org"));
}

TEST(Suppressions, LastADayThenTwiceAsLongUpToThirtyDays) {
    const std::vector<int> days{1, 2, 4, 8, 16, 30, 30};
    for (unsigned strikes = 1; strikes <= days.size(); ++strikes) {
        EXPECT_EQ(suppression_after(strikes), std::chrono::hours(24 * days[strikes - 1])) << strikes;
    }
    EXPECT_EQ(suppression_after(1000000), std::chrono::hours(24 * 30));
}

TEST(Suppressions, GrowWithStrikesAndASuccessForgetsThem) {
    test::ReportingWorld world;
    auto& store = world.reports();
    ASSERT_TRUE(suppress_for_a_time(store, "X@example.com", now, "550"));
    EXPECT_EQ(store.suppression("x@example.com").value()->until, now + day);
    ASSERT_TRUE(suppress_for_a_time(store, "x@example.com", now + day, "550"));
    EXPECT_EQ(store.suppression("x@example.com").value()->until, now + 3 * day);
    EXPECT_EQ(store.suppression("x@example.com").value()->strikes, 2U);
    ASSERT_TRUE(forget_strikes(store, "X@example.com"));
    EXPECT_FALSE(store.suppression("x@example.com").value());
    ASSERT_TRUE(suppress_for_a_time(store, "x@example.com", now, "550"));
    EXPECT_EQ(store.suppression("x@example.com").value()->until, now + day);
}

TEST(Suppressions, OfTheOperatorAreNotForgotten) {
    test::ReportingWorld world;
    ASSERT_TRUE(world.reports().suppress({"x@example.com", now - 1, 0, "by hand"}));
    ASSERT_TRUE(forget_strikes(world.reports(), "x@example.com"));
    EXPECT_TRUE(world.reports().suppression("x@example.com").value());
}

}  // namespace
}  // namespace defender::report
