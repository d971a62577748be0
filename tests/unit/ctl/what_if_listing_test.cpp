#include "ctl/what_if_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace defender::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

WhatIfListing sample() {
    WhatIfListing listing;
    listing.since = 1777636800;  // 2026-05-01T12:00:00Z
    listing.settings = {{"policy.mode", "\"monitor\"", "\"enforce\""}, {"policy.override", "", "[]"}};
    listing.counts = {1000, 30, 2, 5, 1, 3, 7};
    const Outcome from{auth::Exemption::no, auth::DmarcResult::fail, auth::Disposition::none,
                       auth::Action::accept};
    const Outcome to{auth::Exemption::no, auth::DmarcResult::fail, auth::Disposition::reject,
                     auth::Action::reject};
    const Outcome exempt{auth::Exemption::trusted_network, auth::DmarcResult::none, auth::Disposition::none,
                         auth::Action::accept};
    listing.changes = {{{"example.com", from, to, "policy.mode"}, 27},
                       {{"", from, exempt, "trust.networks"}, 3}};
    listing.changes_left_out = 4;
    return listing;
}

TEST(WhatIfListing, PeopleSeeTheSettingsTheCountsAndTheChanges) {
    const auto text = what_if_text(sample());
    EXPECT_THAT(text, HasSubstr("  policy.mode      \"monitor\"  \"enforce\"\n"));
    EXPECT_THAT(text, HasSubstr("  policy.override  -          []\n"));
    EXPECT_THAT(text, HasSubstr("  since                           2026-05-01T12:00:00Z\n"));
    EXPECT_THAT(text, HasSubstr("  messages                        1000\n"));
    EXPECT_THAT(text, HasSubstr("  changed                         30\n"));
    EXPECT_THAT(text, HasSubstr("  exempt                          2 in force, 5 changed\n"));
    EXPECT_THAT(text, HasSubstr("  unreadable                      1\n"));
    EXPECT_THAT(text, HasSubstr("  without evidence                3\n"));
    EXPECT_THAT(text, HasSubstr("  judged otherwise when received  7\n"));
    EXPECT_THAT(text, HasSubstr("  AUTHOR DOMAIN  FROM "));
    EXPECT_THAT(text, HasSubstr("  example.com    fail/none/accept  fail/reject/reject            27        "
                                "policy.mode\n"));
    EXPECT_THAT(text, HasSubstr("  (none)         fail/none/accept  not judged (trusted_network)  3         "
                                "trust.networks\n"));
    EXPECT_THAT(text, Not(HasSubstr("QUEUE ID")));
}

TEST(WhatIfListing, WithoutChangesThereIsTheSummaryAlone) {
    const auto text = what_if_text({});
    EXPECT_THAT(text, HasSubstr("the first record"));
    EXPECT_THAT(text, Not(HasSubstr("SETTING")));
    EXPECT_THAT(text, Not(HasSubstr("AUTHOR DOMAIN")));
}

TEST(WhatIfListing, MessagesAreShownWhereTheyWereAskedFor) {
    auto listing = sample();
    listing.messages = {{1777636801, "4F2A1B", listing.changes[0].change}};
    EXPECT_THAT(what_if_text(listing), HasSubstr("  2026-05-01T12:00:01Z  4F2A1B    example.com  "));
    const auto json = what_if_json(listing);
    ASSERT_EQ(json["messages"].size(), 1U);
    EXPECT_EQ(json["messages"][0]["queue_id"], "4F2A1B");
    EXPECT_EQ(json["messages"][0]["received_at"], "2026-05-01T12:00:01Z");
    EXPECT_EQ(json["messages"][0]["rule"], "policy.mode");
}

TEST(WhatIfListing, MachinesSeeTheSame) {
    const auto json = what_if_json(sample());
    EXPECT_EQ(json["since"], "2026-05-01T12:00:00Z");
    EXPECT_EQ(json["settings"][0]["key"], "policy.mode");
    EXPECT_EQ(json["messages_looked_at"], 1000);
    EXPECT_EQ(json["changed"], 30);
    EXPECT_EQ(json["exempt"]["in_force"], 2);
    EXPECT_EQ(json["exempt"]["changed"], 5);
    EXPECT_EQ(json["unreadable"], 1);
    EXPECT_EQ(json["without_evidence"], 3);
    EXPECT_EQ(json["judged_otherwise_when_received"], 7);
    EXPECT_EQ(json["changes"][0]["author_domain"], "example.com");
    EXPECT_EQ(json["changes"][0]["from"]["action"], "accept");
    EXPECT_EQ(json["changes"][0]["to"]["disposition"], "reject");
    EXPECT_EQ(json["changes"][0]["messages"], 27);
    EXPECT_EQ(json["changes"][1]["to"]["exemption"], "trusted_network");
    EXPECT_EQ(json["changes_left_out"], 4);
    EXPECT_FALSE(json.contains("messages"));
    EXPECT_EQ(what_if_json({})["since"], nullptr);
}

TEST(WhatIfListing, OctetsFromOutsideDoNotSpeakToTheTerminal) {
    auto listing = sample();
    listing.messages = {{0, "Q\x1b[31m", listing.changes[0].change}};
    EXPECT_THAT(what_if_text(listing), HasSubstr("Q?[31m"));
}

}  // namespace
}  // namespace defender::ctl
