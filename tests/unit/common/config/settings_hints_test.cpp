#include "common/config/settings_hints.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace defender::config {
namespace {

using ::testing::HasSubstr;

/// The array of tables that a table has.
SettingsArray array_of(std::string_view table) {
    for (const auto& section : settings_sections()) {
        if (section.name == table) return section.arrays.at(0);
    }
    throw std::out_of_range(std::string(table));
}

TEST(SettingsHints, EditDistanceCountsEachMistakeOnce) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("socket", ""), 6U);
    EXPECT_EQ(edit_distance("", "socket"), 6U);
    EXPECT_EQ(edit_distance("socket", "socket"), 0U);
    EXPECT_EQ(edit_distance("Socket", "sockeT"), 0U);
    EXPECT_EQ(edit_distance("scoket", "socket"), 1U);
    EXPECT_EQ(edit_distance("sockt", "socket"), 1U);
    EXPECT_EQ(edit_distance("sockett", "socket"), 1U);
    EXPECT_EQ(edit_distance("sacket", "socket"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(SettingsHints, NearestIsTheLeastDistantWord) {
    const std::vector<std::string> words{"on_reject", "on_error", "on_quarantine"};
    EXPECT_EQ(nearest("on_rejct", words), "on_reject");
    EXPECT_EQ(nearest("on_eror", words), "on_error");
    EXPECT_EQ(nearest("onquarantin", words), "on_quarantine");
    EXPECT_EQ(nearest("colour", words), std::nullopt);
    EXPECT_EQ(nearest("", words), std::nullopt);
    EXPECT_EQ(nearest(std::string(10000, 'x'), words), std::nullopt);
    EXPECT_EQ(nearest("xyz", {"abc"}), std::nullopt);
}

TEST(SettingsHints, MendNamesWhatWasMeant) {
    EXPECT_EQ(mend_unknown_key("milter", "sockets"), "did you mean \"socket\"?");
    EXPECT_EQ(mend_unknown_key("policy", "overide"), "did you mean \"override\"?");
    EXPECT_EQ(mend_unknown_table("millter"), "did you mean \"[milter]\"?");
    EXPECT_EQ(mend_unknown_key("report", "destinations"), "did you mean \"destination\"?");
    EXPECT_EQ(mend_unknown_entry_key("policy", array_of("policy"), "author_domain"),
              "did you mean \"author_domains\"?");
}

TEST(SettingsHints, KeyOfAnotherTableIsToBeMoved) {
    EXPECT_EQ(mend_unknown_key("milter", "tag_header"), "move it to [policy]");
    EXPECT_EQ(mend_unknown_key("", "socket"), "move it to [milter]");
}

TEST(SettingsHints, WithoutAnyIdeaTheKnownOnesAreListed) {
    EXPECT_THAT(mend_unknown_key("trust", "zzzzzzzzzzzz"), HasSubstr("networks, authenticated"));
    EXPECT_THAT(mend_unknown_table("zzzzzzzzzzzz"), HasSubstr("milter, dns, dmarc"));
    EXPECT_THAT(mend_unknown_key("", "zzzzzzzzzzzz"), HasSubstr("milter, dns, dmarc"));
    EXPECT_EQ(mend_unknown_entry_key("report", array_of("report"), "zzzzzzzzzzzz"),
              "remove it; the settings of [[report.destination]] are domain, schema");
}

}  // namespace
}  // namespace defender::config
