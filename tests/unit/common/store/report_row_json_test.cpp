#include "common/store/report_row_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::store {
namespace {

std::string auth_results(const std::string& domain) {
    return R"({"dkim":[{"domain":")" + domain +
           R"(","selector":"s1","result":"pass","reason":""}],"spf":[{"domain":"a.example","scope":"mfrom","result":"fail"}]})";
}

TEST(ReadReasons, TakesNoneAndSome) {
    ReportRow row;
    ASSERT_TRUE(read_reasons("[]", row));
    EXPECT_TRUE(row.reasons.empty());
    ASSERT_TRUE(
        read_reasons(R"([{"type":"forwarded","comment":"a list"},{"type":"other","comment":""}])", row));
    EXPECT_EQ(row.reasons, (std::vector<ReportReason>{{"forwarded", "a list"}, {"other", ""}}));
    EXPECT_FALSE(read_reasons("[", row));
}

TEST(AuthResultsReader, ReadsWhatItHasSeenAsWhatItHasNot) {
    AuthResultsReader reader;
    // More than it keeps, each of them twice.
    for (int round = 0; round < 2; ++round) {
        for (int number = 0; number < 200; ++number) {
            const std::string domain = "d" + std::to_string(number) + ".example";
            ReportRow row;
            ASSERT_TRUE(reader.read(auth_results(domain), row));
            EXPECT_EQ(row.dkim, (std::vector<DkimAuthResult>{{domain, "s1", "pass", ""}}));
            EXPECT_EQ(row.spf, (std::vector<SpfAuthResult>{{"a.example", "mfrom", "fail"}}));
        }
    }
}

TEST(AuthResultsReader, WhatIsWrongIsWrongEachTime) {
    AuthResultsReader reader;
    ReportRow row;
    EXPECT_FALSE(reader.read(R"({"dkim":5})", row));
    EXPECT_FALSE(reader.read(R"({"dkim":5})", row));
    EXPECT_TRUE(reader.read("{}", row));
    EXPECT_TRUE(row.dkim.empty());
}

}  // namespace
}  // namespace defender::store
