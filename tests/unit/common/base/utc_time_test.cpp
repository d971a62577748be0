#include "common/base/utc_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace defender {
namespace {

using namespace std::string_view_literals;

TEST(UtcTime, MomentsAreWrittenAsRfc3339InUtc) {
    EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339(1709210096), "2024-02-29T12:34:56Z");
    EXPECT_EQ(to_rfc3339(-1), "1969-12-31T23:59:59Z");
    EXPECT_EQ(to_rfc3339(253402300799), "9999-12-31T23:59:59Z");
    EXPECT_EQ(to_rfc3339(-62167219200), "0000-01-01T00:00:00Z");
}

TEST(UtcTime, ReadingGivesBackWhatWasWritten) {
    for (UtcSeconds moment = -62167219200; moment < 253402300800; moment += 86399 * 997) {
        ASSERT_EQ(parse_rfc3339(to_rfc3339(moment)), moment) << moment;
    }
}

TEST(UtcTime, OffsetsAndFractionsAreUnderstood) {
    constexpr UtcSeconds moment = 1709210096;
    for (const auto text :
         {"2024-02-29T12:34:56Z", "2024-02-29t12:34:56z", "2024-02-29 12:34:56Z",
          "2024-02-29T12:34:56.999999999Z", "2024-02-29T12:34:56+00:00", "2024-02-29T12:34:56-00:00",
          "2024-02-29T18:04:56+05:30", "2024-02-29T04:34:56-08:00", "2024-03-01T12:33:56+23:59",
          "2024-02-28T12:35:56.1-23:59"}) {
        EXPECT_EQ(parse_rfc3339(text), moment) << text;
    }
}

TEST(UtcTime, ALeapSecondIsTheMomentAfterIt) {
    EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(UtcTime, WhatIsNoMomentIsNothing) {
    for (const auto text : {""sv,
                            "2024-02-29"sv,
                            "2024-02-29T12:34:56"sv,
                            "2023-02-29T12:34:56Z"sv,
                            "2024-13-01T12:34:56Z"sv,
                            "2024-00-01T12:34:56Z"sv,
                            "2024-01-00T12:34:56Z"sv,
                            "2024-01-32T12:34:56Z"sv,
                            "2024-01-01T24:00:00Z"sv,
                            "2024-01-01T12:60:00Z"sv,
                            "2024-01-01T12:00:61Z"sv,
                            "2024-01-01T12:00:00.Z"sv,
                            "2024-01-01T12:00:00,5Z"sv,
                            "2024-01-01T12:00:00+24:00"sv,
                            "2024-01-01T12:00:00+12:60"sv,
                            "2024-01-01T12:00:00+1200"sv,
                            "2024-01-01T12:00:00+12"sv,
                            "2024-01-01T12:00:00ZZ"sv,
                            "2024-01-01T12:00:00Z "sv,
                            " 2024-01-01T12:00:00Z"sv,
                            "2024/01/01T12:00:00Z"sv,
                            "2024-01-01X12:00:00Z"sv,
                            "-024-01-01T12:00:00Z"sv,
                            "2024-1-001T12:00:00Z"sv,
                            "+024-01-01T12:00:00Z"sv,
                            "2024-01-01T1 :00:00Z"sv,
                            "2024-01-01T12:00:00\0"sv,
                            "20240-01-01T12:00:00Z"sv}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(UtcDay, IsHalfOpen) {
    const UtcDay day{19782};
    EXPECT_EQ(day.to_string(), "2024-02-29");
    EXPECT_EQ(day.end() - day.begin(), 86400);
    EXPECT_EQ(UtcDay::of(day.begin()), day);
    EXPECT_EQ(UtcDay::of(day.end() - 1), day);
    EXPECT_EQ(UtcDay::of(day.end()), UtcDay{19783});
    EXPECT_EQ(UtcDay::of(day.begin() - 1), UtcDay{19781});
}

TEST(UtcDay, BeforeTheEpochCountsDownwards) {
    EXPECT_EQ(UtcDay::of(0).number, 0);
    EXPECT_EQ(UtcDay::of(-1).number, -1);
    EXPECT_EQ(UtcDay::of(-86400).number, -1);
    EXPECT_EQ(UtcDay::of(-86401).number, -2);
    EXPECT_EQ(UtcDay{-1}.to_string(), "1969-12-31");
}

TEST(UtcDay, TheFarthestMomentsHaveADay) {
    constexpr auto last = std::numeric_limits<UtcSeconds>::max();
    constexpr auto first = std::numeric_limits<UtcSeconds>::min();
    EXPECT_EQ(UtcDay::of(last).number, last / 86400);
    EXPECT_EQ(UtcDay::of(first).number, first / 86400 - 1);
}

TEST(UtcDay, DoesNotDependOnTheTimeZone) {
    const char* before = std::getenv("TZ");
    const std::string kept = before ? before : "";
    setenv("TZ", "Pacific/Kiritimati", 1);
    EXPECT_EQ(UtcDay::of(86399).to_string(), "1970-01-01");
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
    before ? setenv("TZ", kept.c_str(), 1) : unsetenv("TZ");
}

}  // namespace
}  // namespace defender
