#include "common/store/report_row_key.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>
#include <vector>

#include "common/store/digest.hpp"

namespace defender::store {
namespace {

std::string hex(std::string_view octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char octet : octets) {
        const auto value = static_cast<unsigned char>(octet);
        text += digits[value >> 4U];
        text += digits[value & 15U];
    }
    return text;
}

template <typename Fields>
std::string canonical(const Fields& fields) {
    std::string text;
    append_canonical(fields, text);
    return text;
}

// FIPS 180-4's examples.
TEST(Digest, IsSha256) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// The keys are in stores that exist: they must never change.
TEST(ReportRowKey, TheCanonicalTextAndItsKeyAreFixed) {
    const ReportTuple tuple{"192.0.2.1", "none", true, false, "[]", "example.org", "", "{}"};
    EXPECT_EQ(canonical(tuple), "9:192.0.2.14:none1:11:02:[]11:example.org0:2:{}");
    EXPECT_EQ(octets_of(key_of(canonical(tuple))), sha256(canonical(tuple)).substr(0, 16));
    EXPECT_EQ(canonical(ReportSeries{UtcDay{20574}, "example.org", "v=DMARC1"}),
              "5:2057411:example.org8:v=DMARC1");
}

TEST(ReportRowKey, TheCanonicalTextGoesBehindWhatIsThere) {
    std::string text = "before ";
    append_canonical(ReportSeries{UtcDay{-7}, "", "v=DMARC1"}, text);
    EXPECT_EQ(text, "before 2:-70:8:v=DMARC1");
}

TEST(ReportRowKey, TheFieldsOfACanonicalTextCanBeReadAgain) {
    const auto text = canonical(ReportSeries{UtcDay{-7}, "12:3", ""});
    const auto series = series_from(text);
    EXPECT_EQ(series.day.number, -7);
    EXPECT_EQ(series.policy_domain, "12:3");
    EXPECT_EQ(series.policy_record, "");
    const std::string_view nul("\0:", 2);
    const ReportTuple written{"2001:db8::1", "reject", false, true, "[]", "", nul, "{\"1:\":2}"};
    std::string others;
    append_canonical_others(written, others);
    const auto tuple = tuple_from(written.source_ip, others);
    EXPECT_EQ(tuple.source_ip, written.source_ip);
    EXPECT_EQ(tuple.disposition, written.disposition);
    EXPECT_EQ(tuple.dkim_aligned, written.dkim_aligned);
    EXPECT_EQ(tuple.spf_aligned, written.spf_aligned);
    EXPECT_EQ(tuple.reasons, written.reasons);
    EXPECT_EQ(tuple.header_from, written.header_from);
    EXPECT_EQ(tuple.envelope_from, written.envelope_from);
    EXPECT_EQ(tuple.auth_results, written.auth_results);
}

TEST(ReportRowKey, ATupleIsItsSourceAndTheOthers) {
    const ReportTuple tuple{"192.0.2.1", "none", true, false, "[]", "a.example", "", "{}"};
    std::string others;
    append_canonical_others(tuple, others);
    std::string joined;
    append_canonical(tuple.source_ip, others, joined);
    EXPECT_EQ(joined, canonical(tuple));
}

TEST(ReportRowKey, WhatIsNoCanonicalTextIsABugAndNotReadBeyondItsEnd) {
    for (const auto* text : {"", "x", "1", "1:", "2:a", "1:a1:b1:1", "99999999999999999999:a",
                             "18446744073709551615:a", "1:b1:11:11:c1:d1:e2:f"}) {
        EXPECT_THROW(static_cast<void>(tuple_from("1", text)), std::logic_error) << text;
    }
}

TEST(ReportRowKey, EveryFieldOfATupleMakesADifference) {
    const std::vector<std::function<void(ReportTuple&)>> differences{
        [](ReportTuple&) {},
        [](ReportTuple& tuple) { tuple.source_ip = "x"; },
        [](ReportTuple& tuple) { tuple.disposition = "x"; },
        [](ReportTuple& tuple) { tuple.dkim_aligned = true; },
        [](ReportTuple& tuple) { tuple.spf_aligned = true; },
        [](ReportTuple& tuple) { tuple.reasons = "x"; },
        [](ReportTuple& tuple) { tuple.header_from = "x"; },
        [](ReportTuple& tuple) { tuple.envelope_from = "x"; },
        [](ReportTuple& tuple) { tuple.auth_results = "x"; },
        [](ReportTuple& tuple) { tuple.auth_results = std::string_view("\0", 1); },
        [](ReportTuple& tuple) { tuple.header_from = "1:x"; },
        [](ReportTuple& tuple) { tuple.header_from = "0:1:x"; }};
    std::set<ReportKey> keys;
    for (const auto& difference : differences) {
        ReportTuple tuple;
        difference(tuple);
        keys.insert(key_of(canonical(tuple)));
    }
    EXPECT_EQ(keys.size(), differences.size());
}

TEST(ReportRowKey, EveryFieldOfASeriesMakesADifference) {
    const std::vector<ReportSeries> all{{UtcDay{1}, "a", "b"},  {UtcDay{2}, "a", "b"}, {UtcDay{1}, "b", "b"},
                                        {UtcDay{1}, "a", "a"},  {UtcDay{1}, "ab", ""}, {UtcDay{1}, "", "ab"},
                                        {UtcDay{11}, "a", "b"}, {UtcDay{-1}, "a", "b"}};
    std::set<ReportKey> keys;
    for (const auto& series : all) keys.insert(key_of(canonical(series)));
    EXPECT_EQ(keys.size(), all.size());
}

TEST(ReportRowKey, TheSpreadIsOneOf65536AndCoversThemInTheOrderOfTheKeys) {
    std::set<ReportKey> keys;
    for (int i = 0; i < 1000; ++i) {
        const auto domain = std::to_string(i) + ".example";
        keys.insert(key_of(canonical(ReportSeries{UtcDay{1}, domain, "v=DMARC1"})));
    }
    std::set<std::int64_t> eighths;
    std::int64_t last = 0;
    for (const auto& key : keys) {
        const auto spread = spread_of(key);
        EXPECT_GE(spread, last);
        EXPECT_LT(spread, 65536);
        eighths.insert(spread / 8192);
        last = spread;
    }
    EXPECT_EQ(eighths.size(), 8U);
    EXPECT_EQ(spread_of({0xff, 0xff}), 65535);
    EXPECT_EQ(spread_of({0x01, 0x02, 0x03}), 258);
}

}  // namespace
}  // namespace defender::store
