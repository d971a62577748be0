/// DmarcRecord: the text of a DMARC policy record, parsed.
///
/// Source: RFC 7489 sections 6.3 and 6.4 (V31, V32). Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace defender::auth {

/// What a domain owner asks for (RFC 7489 section 6.3, p=).
enum class Policy { none, quarantine, reject };
enum class AlignmentMode { relaxed, strict };
[[nodiscard]] std::string_view to_string(Policy policy) noexcept;
[[nodiscard]] std::string_view to_string(AlignmentMode mode) noexcept;

/// One URI of rua or ruf; `max_octets` from its "!size" (RFC 7489 section 6.2).
struct ReportUri {
    std::string uri;
    std::optional<std::uint64_t> max_octets;
    bool operator==(const ReportUri&) const = default;
};

struct DmarcRecord {
    Policy policy = Policy::none;                 ///< p=
    std::optional<Policy> subdomain_policy;       ///< sp=
    AlignmentMode dkim_alignment = AlignmentMode::relaxed;
    AlignmentMode spf_alignment = AlignmentMode::relaxed;
    unsigned percent = 100;                       ///< pct=
    std::uint32_t report_interval_seconds = 86400;  ///< ri=
    std::string failure_options = "0";            ///< fo=, colon-separated letters
    std::vector<ReportUri> aggregate_uris;        ///< rua=
    std::vector<ReportUri> failure_uris;          ///< ruf=
    bool operator==(const DmarcRecord&) const = default;
};

/// True where `text` claims to be a DMARC record: starts with v=DMARC1, exact case, as its whole first tag.
[[nodiscard]] bool is_dmarc_record(std::string_view text);
/// Nothing where the record gives no policy (V32).
[[nodiscard]] std::optional<DmarcRecord> parse_dmarc_record(std::string_view text);

}  // namespace defender::auth
