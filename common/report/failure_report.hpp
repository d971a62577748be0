/// Failure reports: one message that failed DMARC, told to its author domain.
///
/// A multipart/report of a text for people, the machine-readable message/feedback-report and the message's
/// header, or the whole message. Addresses are redacted where the settings say so
/// (failure_report_redaction.hpp). Source: RFC 9991 section 4; RFC 6591 section 3; RFC 5965; RFC 6590; RFC
/// 6522. What the reported message holds is another's text: it makes no field and no part of our own.
/// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/utc_time.hpp"
#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// RFC 6591 section 3.2.2, Delivery-Result.
enum class DeliveryResult { delivered, spam, policy, reject, other };
/// RFC 6591 section 3.3 and RFC 9991 section 4, Auth-Failure.
enum class AuthFailure { dmarc, signature, bodyhash, revoked, spf };

struct FailedSignature {
    std::string domain;    ///< d=; empty: no aligned signature failed
    std::string identity;  ///< i=
    std::string selector;  ///< s=
};
struct CheckedSpfRecord {
    std::string domain;
    std::string text;  ///< as published
};

struct FailureReport {
    std::string queue_id;
    std::string host;  ///< the gateway that judged the message
    std::string author_domain;
    std::string policy_domain;
    std::string source_ip;
    UtcSeconds arrived_at = 0;
    std::string mail_from;                ///< without brackets; empty for the null sender
    std::vector<std::string> recipients;  ///< of the envelope; empty where they are not to be told
    AuthFailure auth_failure{};
    DeliveryResult delivery_result{};
    bool dkim_aligned = false;
    bool spf_aligned = false;
    std::string authentication_results;  ///< the value of such a field
    FailedSignature signature;
    std::vector<CheckedSpfRecord> spf_records;  ///< those of an aligned domain that failed
    std::string header;                         ///< of the message, as received
    std::string body;                           ///< told only where failure.body is true
};

/// As a document without id. Its report_id comes from host, queue id and author domain, so that a message
/// makes one report however often it is told. `redaction_key`: see redact_addresses.
[[nodiscard]] store::Document make_failure_report(const FailureReport& report,
                                                  const config::FailureSettings& failure,
                                                  const config::ReportSettings& settings,
                                                  std::string_view redaction_key, UtcSeconds made_at);

[[nodiscard]] std::string_view to_string(DeliveryResult result) noexcept;
[[nodiscard]] std::string_view to_string(AuthFailure failure) noexcept;

}  // namespace defender::report
