/// The content of an aggregate report, in the words of its schema, before it is written as XML.
///
/// Here is decided what each element says: enumerations (report_model_words.hpp), what stands for a value
/// that is missing, which reasons are given. Source: RFC 7489 section 7.2 and appendix C; RFC 9990
/// section 3.1. Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/auth/dmarc_record.hpp"
#include "common/auth/judgement.hpp"
#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// Stands for a domain or a selector that a required element asks for and that a message did not give.
inline constexpr std::string_view unknown_name = "unknown";
/// Envelope_from of a message with the null reverse-path of which no SPF check is known.
inline constexpr std::string_view null_reverse_path = "<>";
/// RFC 9990 section 3.1.3.
inline constexpr std::size_t max_signatures_told = 100;

/// policy_published, with the default of every tag that is not there.
struct PublishedPolicy {
    std::string domain;
    auth::DiscoveryMethod discovery{};  ///< of use for rfc9990 alone
    auth::Policy p{};
    auth::Policy sp{};
    auth::Policy np{};  ///< RFC 9989; of use for rfc9990 alone
    auth::AlignmentMode adkim{};
    auth::AlignmentMode aspf{};
    unsigned pct = 100;
    std::string fo;
    bool testing = false;  ///< t=y (RFC 9989)
};

struct ReportHead {
    std::string org_name;
    std::string email;
    std::string extra_contact_info;  ///< empty: left out
    std::string report_id;
    UtcSeconds begin = 0;
    UtcSeconds end = 0;  ///< the period's last second
    PublishedPolicy policy;
};

struct ReportedReason {
    std::string type;
    std::string comment;  ///< empty: left out
};
struct ReportedDkim {
    std::string domain;
    std::string selector;  ///< empty: left out
    std::string result;
    std::string human_result;  ///< empty: left out
};
struct ReportedSpf {
    std::string domain;
    std::string scope;
    std::string result;
};

/// One <record>.
struct ReportRecord {
    std::string source_ip;
    std::uint64_t count = 0;
    std::string disposition;
    std::string dkim;  ///< pass | fail: of an aligned identifier
    std::string spf;
    std::vector<ReportedReason> reasons;
    std::string header_from;
    std::string envelope_from;  ///< empty: left out
    std::vector<ReportedDkim> dkim_results;
    std::vector<ReportedSpf> spf_results;
};

/// The policy as `standard` reads it, by which messages are judged. The error: the report's policy text is no
/// policy record.
[[nodiscard]] Result<PublishedPolicy> published_policy(
    const store::Report& report, config::DmarcStandard standard = config::DmarcStandard::rfc7489);
[[nodiscard]] ReportHead report_head(const store::Report& report, const PublishedPolicy& policy,
                                     const config::ReportSettings& settings, std::string report_id);
/// The source of a row in canonical text: an address, and so nothing that XML would escape. The error: it is
/// none.
[[nodiscard]] Result<std::string> reported_source(const store::ReportRow& row);
/// The error: as of reported_source().
[[nodiscard]] Result<ReportRecord> report_record(const store::ReportRow& row, const PublishedPolicy& policy,
                                                 config::ReportSchema schema);

/// The domain of report.email, which is the report's submitter.
[[nodiscard]] std::string submitter_of(const config::ReportSettings& settings);

}  // namespace defender::report
