#include "ctl/stats_listing.hpp"

#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"

namespace defender::ctl {
namespace {

StatsCounts counts(std::uint64_t pass, std::uint64_t fail, std::uint64_t held = 0) {
    StatsCounts made;
    made.messages = pass + fail;
    made.pass = pass;
    made.fail = fail;
    made.held = held;
    return made;
}

StatsListing listing() {
    return {1777593600,
            std::nullopt,
            counts(3, 2, 1),
            {{StatsBy::domain, {{"b.example", counts(0, 2, 1)}, {"a.example", counts(3, 0)}}, 4},
             {StatsBy::override_type, {}, 0}}};
}

TEST(StatsListing, TablesLeaveOutWhatWasNeverCounted) {
    EXPECT_EQ(stats_text(listing()), R"(Messages received from 2026-05-01T00:00:00Z to the last

  ALL    MESSAGES  PASS  FAIL  HELD
  total  5         3     2     1

  DOMAIN     MESSAGES  PASS  FAIL  HELD
  b.example  2         0     2     1
  a.example  3         3     0     0
)");
}

TEST(StatsListing, AnEmptyStoreHasItsTotals) {
    EXPECT_EQ(stats_text({}), R"(Messages received from the first record to the last

  ALL    MESSAGES  PASS  FAIL
  total  0         0     0
)");
}

TEST(StatsListing, CsvHasOneLineForEachGroupWithEveryCount) {
    EXPECT_EQ(stats_csv(listing()),
              "by,group,messages,pass,fail,none,temperror,permerror,exempt,failed,quarantine,reject,"
              "overridden,tagged,held,refused,deferred\r\n"
              "all,total,5,3,2,0,0,0,0,0,0,0,0,0,1,0,0\r\n"
              "domain,b.example,2,0,2,0,0,0,0,0,0,0,0,0,1,0,0\r\n"
              "domain,a.example,3,3,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n");
}

TEST(StatsListing, CsvQuotesWhatWouldEndAField) {
    StatsListing odd;
    odd.tables = {{StatsBy::domain, {{"a,\"b\"\r\n", {}}}, 0}};
    EXPECT_NE(stats_csv(odd).find("domain,\"a,\"\"b\"\"\r\n\",0,"), std::string::npos);
}

TEST(StatsListing, JsonHasEveryCountByName) {
    const auto json = stats_json(listing());
    EXPECT_EQ(json["since"], "2026-05-01T00:00:00Z");
    EXPECT_EQ(json["until"], nullptr);
    EXPECT_EQ(json["totals"]["messages"], 5);
    EXPECT_EQ(json["tables"][0]["by"], "domain");
    EXPECT_EQ(json["tables"][0]["left_out"], 4);
    EXPECT_EQ(json["tables"][0]["groups"][0]["name"], "b.example");
    EXPECT_EQ(json["tables"][0]["groups"][0]["held"], 1);
    EXPECT_TRUE(json["tables"][1]["groups"].empty());
}

}  // namespace
}  // namespace defender::ctl
