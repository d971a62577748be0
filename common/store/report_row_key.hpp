/// What records are summed up by: the series of a report and the tuple of a row, and the keys of both.
///
/// A key is the first 16 octets of SHA-256 over the fields, each with its length in front, so that no two
/// sets of fields make one text. Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/utc_time.hpp"

namespace defender::store {

/// Reports that differ in nothing but their edition.
struct ReportSeries {
    UtcDay day;
    std::string policy_domain;
    std::string policy_record;  ///< as published
};

/// The columns of a row of a report, as records have them (RFC 7489 appendix C, RecordType); JSON stays text.
struct ReportTuple {
    std::string source_ip;
    std::string disposition;
    bool dkim_aligned = false;
    bool spf_aligned = false;
    std::string reasons;
    std::string header_from;
    std::string envelope_from;
    std::string auth_results;
};

/// The fields as one text, in place of what `text` held.
void write_canonical(const ReportSeries& series, std::string& text);
void write_canonical(const ReportTuple& tuple, std::string& text);

/// 16 octets.
[[nodiscard]] std::string key_of(std::string_view canonical);

/// The policy domain's share, of 65536, in the time over which reports are made.
[[nodiscard]] std::int64_t spread_of(std::string_view policy_domain);

}  // namespace defender::store
