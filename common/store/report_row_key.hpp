/// What records are summed up by: the series of a report and the tuple of a row, and the keys of both.
///
/// A key is the first 16 octets of SHA-256 over the fields, each with its length in front, so that no two
/// sets of fields make one text, and the fields can be read from it again. Series and tuples refer to the
/// text that they were read from, which must outlive them. Thread-safety: pure functions on values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/utc_time.hpp"

namespace defender::store {

/// Reports that differ in nothing but their edition.
struct ReportSeries {
    UtcDay day;
    std::string_view policy_domain;
    std::string_view policy_record;  ///< as published
};

/// The columns of a row of a report, as records have them (RFC 7489 appendix C, RecordType); JSON stays text.
struct ReportTuple {
    std::string_view source_ip;
    std::string_view disposition;
    bool dkim_aligned = false;
    bool spf_aligned = false;
    std::string_view reasons;
    std::string_view header_from;
    std::string_view envelope_from;
    std::string_view auth_results;
};

/// In the order of its octets.
using ReportKey = std::array<unsigned char, 16>;

/// Adds the fields as one text to what `text` holds.
void append_canonical(const ReportSeries& series, std::string& text);
void append_canonical(const ReportTuple& tuple, std::string& text);
/// The source is the first field of a tuple, and the others are what most tuples share with some.
void append_canonical_others(const ReportTuple& tuple, std::string& text);
/// The text of a whole tuple, from its source and the text of the others.
void append_canonical(std::string_view source_ip, std::string_view others, std::string& text);

/// What append_canonical(), or append_canonical_others(), has written, and nothing else.
[[nodiscard]] ReportSeries series_from(std::string_view canonical);
[[nodiscard]] ReportTuple tuple_from(std::string_view source_ip, std::string_view others);

[[nodiscard]] ReportKey key_of(std::string_view canonical);
/// Its octets, where they are.
[[nodiscard]] std::string_view octets_of(const ReportKey& key);

/// A series' share, of 65536, in the time over which reports are made: in the order of the keys, so that what
/// is written together is closed together.
[[nodiscard]] std::int64_t spread_of(const ReportKey& series);

}  // namespace defender::store
