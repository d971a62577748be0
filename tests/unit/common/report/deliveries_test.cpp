#include "common/report/deliveries.hpp"

#include <gtest/gtest.h>

namespace defender::report {
namespace {

using store::DeliveryState;

constexpr UtcSeconds now = 1'700'000'000;

TEST(Deliveries, MailtoIsMadeAndKeepsItsUriAndLimit) {
    const auto made = deliveries_to({{"mailto:rua@a.example", 1024}}, now);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].state, DeliveryState::made);
    EXPECT_EQ(made[0].uri, "mailto:rua@a.example");
    EXPECT_EQ(made[0].address, "rua@a.example");
    EXPECT_EQ(made[0].max_octets, 1024U);
    EXPECT_EQ(made[0].next_at, now);
}

TEST(Deliveries, OtherSchemesAreSkippedFromTheStartWithTheReason) {
    const auto made = deliveries_to({{"https://a.example/dmarc", std::nullopt}}, now);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].state, DeliveryState::skipped);
    EXPECT_EQ(made[0].answer, "only mailto is served");
}

TEST(Deliveries, AMailtoThatIsNoAddressIsSkipped) {
    const auto made = deliveries_to({{"mailto:%22a b%22@a.example", std::nullopt}}, now);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].state, DeliveryState::skipped);
    EXPECT_EQ(made[0].answer, "not an address that mail can be sent to");
}

TEST(Deliveries, AUriThatStandsTwiceGetsOne) {
    const auto made = deliveries_to({{"mailto:rua@a.example", std::nullopt},
                                     {"mailto:rua@b.example", std::nullopt},
                                     {"mailto:rua@a.example", 5}},
                                    now);
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[1].address, "rua@b.example");
}

}  // namespace
}  // namespace defender::report
