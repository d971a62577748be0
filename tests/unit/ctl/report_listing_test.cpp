#include "ctl/report_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace defender::ctl {
namespace {

using store::DeliveryState;
using testing::HasSubstr;
using testing::Not;

constexpr UtcSeconds noon = 1777636800;  // 2026-05-01T12:00:00Z

store::Document sample_document() {
    store::Document document;
    document.kind = store::DocumentKind::aggregate;
    document.report_id = "r-1.example";
    document.policy_domain = "example.com";
    document.day = UtcDay::of(noon);
    document.schema = "rfc7489";
    document.filename = "a!example.com!1!2!r-1.example.xml.gz";
    document.content = "not shown";
    document.messages = 12;
    document.rows = 3;
    document.made_at = noon + 86400;
    return document;
}

store::Delivery sample_delivery(DeliveryState state = DeliveryState::retry) {
    store::Delivery delivery;
    delivery.id = 7;
    delivery.uri = "mailto:d@example.com!1k";
    delivery.address = "d@example.com";
    delivery.max_octets = 1024;
    delivery.state = state;
    delivery.attempts = 2;
    delivery.first_try_at = noon;
    delivery.next_at = noon + 600;
    delivery.changed_at = noon + 300;
    delivery.answer = "451 later";
    return delivery;
}

TEST(ReportListing, AnEmptyListHasItsHeadingsAlone) {
    EXPECT_EQ(deliveries_text({}),
              "  DELIVERY  DAY  DOMAIN  MESSAGES  TO  STATE  TRIES  CHANGED  REPORT-ID  ANSWER\n");
    EXPECT_EQ(deliveries_json({}).dump(), "[]");
    EXPECT_EQ(suppressions_text({}), "  DESTINATION  UNTIL  STRIKES  REASON\n");
    EXPECT_EQ(suppressions_json({}).dump(), "[]");
}

TEST(ReportListing, ALineTellsWhatWentWhereAndWhatCameBack) {
    const auto text = deliveries_text({{sample_delivery(), sample_document()}});
    EXPECT_THAT(text, HasSubstr("  7         2026-05-01  example.com  12        d@example.com  retry  2      "
                                "2026-05-01T12:05:00Z  r-1.example  451 later\n"));
}

TEST(ReportListing, WhatHasNoAddressIsListedByItsUri) {
    auto delivery = sample_delivery(DeliveryState::skipped);
    delivery.uri = "https://example.com/reports";
    delivery.address.clear();
    EXPECT_THAT(deliveries_text({{delivery, sample_document()}}), HasSubstr("https://example.com/reports"));
}

TEST(ReportListing, JsonHasEveryMemberAndNoContent) {
    const auto one = deliveries_json({{sample_delivery(), sample_document()}}).at(0);
    const auto wanted = nlohmann::json::parse(R"({
        "report_id": "r-1.example", "kind": "aggregate", "day": "2026-05-01", "policy_domain": "example.com",
        "edition": 1, "part": 1, "parts": 1, "schema": "rfc7489",
        "filename": "a!example.com!1!2!r-1.example.xml.gz", "messages": 12, "rows": 3,
        "made_at": "2026-05-02T12:00:00Z", "delivery": 7, "uri": "mailto:d@example.com!1k",
        "address": "d@example.com", "max_octets": 1024, "state": "retry", "attempts": 2,
        "first_try_at": "2026-05-01T12:00:00Z", "next_at": "2026-05-01T12:10:00Z",
        "changed_at": "2026-05-01T12:05:00Z", "answer": "451 later"})");
    EXPECT_EQ(nlohmann::json(one), wanted);
}

TEST(ReportListing, AMomentThatHasNotComeIsNull) {
    auto delivery = sample_delivery();
    delivery.first_try_at = 0;
    delivery.max_octets.reset();
    const auto one = deliveries_json({{delivery, sample_document()}}).at(0);
    EXPECT_TRUE(one.at("first_try_at").is_null());
    EXPECT_TRUE(one.at("max_octets").is_null());
}

TEST(ReportListing, AStoryTellsEachStepInOrder) {
    const DeliveryStory story{sample_delivery(),
                              {{noon, DeliveryState::made, ""},
                               {noon + 1, DeliveryState::verified, "same organization"},
                               {noon + 2, DeliveryState::retry, "451 later"}}};
    const auto text = story_text(sample_document(), {story});
    EXPECT_THAT(text, HasSubstr("  report id  r-1.example\n"));
    EXPECT_THAT(text, HasSubstr("  next        2026-05-01T12:10:00Z\n"));
    EXPECT_THAT(text, HasSubstr("    2026-05-01T12:00:00Z  made\n"
                                "    2026-05-01T12:00:01Z  verified  same organization\n"
                                "    2026-05-01T12:00:02Z  retry     451 later\n"));
    const auto json = story_json(sample_document(), {story});
    ASSERT_EQ(json.at("deliveries").at(0).at("history").size(), 3U);
    EXPECT_EQ(json["deliveries"][0]["history"][2]["state"], "retry");
    EXPECT_EQ(json["deliveries"][0]["history"][2]["at"], "2026-05-01T12:00:02Z");
    EXPECT_EQ(json["messages"], 12);
}

TEST(ReportListing, ADeliveryAtItsEndHasNoNextTry) {
    for (const auto state : {DeliveryState::sent, DeliveryState::given_up, DeliveryState::skipped}) {
        const auto text = story_text(sample_document(), {{sample_delivery(state), {}}});
        EXPECT_THAT(text, Not(HasSubstr("next"))) << store::to_string(state);
    }
}

TEST(ReportListing, ANoticeIsToldWithoutWhatOnlyAReportHas) {
    auto notice = sample_document();
    notice.kind = store::DocumentKind::size_notice;
    notice.schema.clear();
    notice.filename.clear();
    const auto text = story_text(notice, {});
    EXPECT_THAT(text, Not(HasSubstr("messages")));
    EXPECT_THAT(text, Not(HasSubstr("schema")));
}

TEST(ReportListing, AServersAnswerDoesNotSpeakToTheTerminal) {
    auto delivery = sample_delivery();
    delivery.answer = "550 \x1b[2Jgone\r\n";
    EXPECT_THAT(deliveries_text({{delivery, sample_document()}}), HasSubstr("550 ?[2Jgone??"));
    EXPECT_THAT(story_text(sample_document(), {{delivery, {{noon, DeliveryState::given_up, "\x1b[2J"}}}}),
                Not(HasSubstr("\x1b")));
    EXPECT_THAT(suppressions_text({{"d@example.com", noon, 1, "\x1b[2J"}}), Not(HasSubstr("\x1b")));
}

TEST(ReportListing, ASuppressionTellsUntilWhenAndWhy) {
    const std::vector<store::Suppression> all{{"d@example.com", noon, 2, "550 no such user"}};
    EXPECT_THAT(suppressions_text(all), HasSubstr("  d@example.com  2026-05-01T12:00:00Z  2        550 no"));
    EXPECT_EQ(suppressions_json(all).at(0).at("until"), "2026-05-01T12:00:00Z");
    EXPECT_EQ(suppressions_json(all).at(0).at("strikes"), 2);
}

}  // namespace
}  // namespace defender::ctl
