/// DmarcRecord: the text of a DMARC policy record, parsed.
///
/// Source: RFC 7489 sections 6.3, 6.4 and 6.6.3 (step 6); RFC 9989 sections 4.7, 4.8 and 4.10.1. One reader
/// for both: the tags of either are read, and who judges by one of them leaves the other's alone (pct and ri
/// are history in RFC 9989; np, psd and t are unknown to RFC 7489). Only the version is strict: `v=DMARC1`,
/// exact case, comes first. Other tag names and the keywords are matched without case, as the ABNF has them,
/// and `p` may stand anywhere behind the version. A tag that occurs twice makes the record invalid (RFC 6376
/// section 3.2, whose tag lists these are). Tags that are unknown, and pieces that are no tag, are ignored; a
/// bad adkim, aspf, fo, pct, ri, psd or t has its default; URIs that cannot be parsed are left out.
/// Thread-safety: pure functions on values. Failure: no record is a value (std::nullopt); nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"

namespace defender::auth {

/// What a domain owner asks for (RFC 7489 section 6.3, p=).
enum class Policy { none, quarantine, reject };
enum class AlignmentMode { relaxed, strict };
/// Whether a record's domain is a public suffix (RFC 9989 section 4.7, psd=): u, y or n.
enum class PublicSuffixFlag { unknown, yes, no };
[[nodiscard]] std::string_view to_string(Policy policy) noexcept;
[[nodiscard]] std::string_view to_string(AlignmentMode mode) noexcept;
[[nodiscard]] std::string_view to_string(PublicSuffixFlag flag) noexcept;

/// One URI of rua or ruf; `max_octets` from its "!size" (RFC 7489 section 6.2).
struct ReportUri {
    std::string uri;
    std::optional<std::uint64_t> max_octets;
    bool operator==(const ReportUri&) const = default;
};

struct DmarcRecord {
    Policy policy = Policy::none;                                ///< p=
    std::optional<Policy> subdomain_policy;                      ///< sp=
    std::optional<Policy> nonexistent_policy;                    ///< np=
    PublicSuffixFlag public_suffix = PublicSuffixFlag::unknown;  ///< psd=
    bool testing = false;                                        ///< t=y
    AlignmentMode dkim_alignment = AlignmentMode::relaxed;
    AlignmentMode spf_alignment = AlignmentMode::relaxed;
    unsigned percent = 100;                         ///< pct=
    std::uint32_t report_interval_seconds = 86400;  ///< ri=
    std::string failure_options = "0";              ///< fo=, colon-separated letters
    std::vector<ReportUri> aggregate_uris;          ///< rua=
    std::vector<ReportUri> failure_uris;            ///< ruf=
    bool operator==(const DmarcRecord&) const = default;
};

/// True where `text` claims to be a DMARC record: starts with v=DMARC1, exact case, as its whole first tag.
[[nodiscard]] bool is_dmarc_record(std::string_view text);

/// A valid record; it may give no policy all the same, and then counts in a tree walk alone.
struct ReadDmarcRecord {
    DmarcRecord record;
    bool gives_policy = false;
};
/// Nothing where the text is no DMARC record, or has a tag twice. A missing or bad p, a bad sp, or in RFC
/// 9989 a bad np, gives p=none without the others where there is at least one valid URI in rua, and otherwise
/// no policy (RFC 7489 section 6.6.3, step 6; RFC 9989 section 4.10.1).
[[nodiscard]] std::optional<ReadDmarcRecord> read_dmarc_record(
    std::string_view text, config::DmarcStandard standard = config::DmarcStandard::rfc7489);
/// Nothing where the record gives no policy.
[[nodiscard]] std::optional<DmarcRecord> parse_dmarc_record(
    std::string_view text, config::DmarcStandard standard = config::DmarcStandard::rfc7489);

}  // namespace defender::auth
