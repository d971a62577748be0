#include "milter/negotiation.hpp"

#include <gtest/gtest.h>

#include "common/log/recent_problems.hpp"
#include "tests/support/milter_gateway.hpp"
#include "tests/support/milter_packets.hpp"

namespace defender::milter {
namespace {

constexpr Terms everything{test::every_action, test::every_step};
constexpr std::uint32_t quiet_steps = steps::quiet_connect | steps::quiet_helo | steps::quiet_mail |
                                      steps::quiet_header | steps::quiet_end_of_headers;

class NegotiationTest : public testing::Test {
  protected:
    std::optional<Terms> negotiate(const Terms& offered) {
        return milter::negotiate(world_.start(), offered);
    }
    test::MilterGateway world_;
};

TEST_F(NegotiationTest, OfEverythingWhatIsOfUseIsTaken) {
    world_.settings->report.enabled = false;
    const auto terms = negotiate(everything);
    ASSERT_TRUE(terms);
    EXPECT_EQ(terms->actions,
              actions::add_headers | actions::change_headers | actions::quarantine | actions::list_macros);
    EXPECT_EQ(terms->steps, steps::leading_space | quiet_steps | steps::skip | steps::no_unknown |
                                steps::no_data | steps::no_recipients);
}

TEST_F(NegotiationTest, RecipientsComeQuietlyWhereReportsAreMade) {
    world_.settings->report.enabled = true;
    const auto terms = negotiate(everything);
    ASSERT_TRUE(terms);
    EXPECT_TRUE(terms->steps & steps::quiet_recipient);
    EXPECT_FALSE(terms->steps & steps::no_recipients);
}

TEST_F(NegotiationTest, BodiesAreQuietOnlyWhereNothingCanBeSkipped) {
    EXPECT_FALSE(negotiate(everything)->steps & steps::quiet_body);
    EXPECT_TRUE(negotiate({everything.actions, everything.steps & ~steps::skip})->steps & steps::quiet_body);
}

TEST_F(NegotiationTest, NothingIsTakenThatWasNotOffered) {
    const Terms least{actions::add_headers | actions::change_headers, steps::leading_space};
    EXPECT_EQ(negotiate(least), least);
    for (std::uint32_t bit = 1; bit < 0x200000; bit <<= 1U) {
        const Terms offered{least.actions, least.steps | bit};
        const auto terms = negotiate(offered);
        ASSERT_TRUE(terms);
        EXPECT_EQ(terms->steps & ~offered.steps, 0U) << bit;
    }
}

TEST_F(NegotiationTest, WithoutWhatIsNeededTheMtaIsUnsuitable) {
    EXPECT_FALSE(negotiate({actions::add_headers, everything.steps}));
    EXPECT_FALSE(negotiate({actions::change_headers, everything.steps}));
    EXPECT_FALSE(negotiate({everything.actions, everything.steps & ~steps::leading_space}));
    EXPECT_FALSE(negotiate({0, 0}));
    EXPECT_EQ(log::recent_problems().back().id, "MILTER_MTA_UNSUITABLE");
}

TEST_F(NegotiationTest, QuarantineIsNeededWhereMessagesAreHeld) {
    const Terms without{everything.actions & ~actions::quarantine, everything.steps};
    EXPECT_TRUE(negotiate(without));
    world_.settings->policy.on_quarantine = config::OnQuarantine::hold;
    EXPECT_FALSE(negotiate(without));
    EXPECT_TRUE(negotiate(everything));
}

}  // namespace
}  // namespace defender::milter
