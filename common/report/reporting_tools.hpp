/// ReportingTools: what the steps of reporting stand on besides the store, made from the settings.
///
/// Resolver, public suffix list, mail server and signer, for the reporter and for `defenderctl report`.
/// Thread-safety: one thread uses an object. Failure: an Error that names the setting or the file.
#pragma once

#include <memory>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"
#include "common/report/reporting_parts.hpp"

namespace defender::report {

class ReportingTools {
  public:
    /// `previous` may be null; its resolver, with the cache, is kept where [dns] has not changed. `metrics`
    /// outlive the tools.
    [[nodiscard]] static Result<std::unique_ptr<ReportingTools>> make(
        const config::Settings& settings, metrics::DnsMetrics& metrics,
        const ReportingTools* previous = nullptr);

    /// With that store, and the same by another connection; no longer good than the tools.
    [[nodiscard]] ReportingParts parts(store::ReportStore& store, store::ReportStore& reader);

  private:
    ReportingTools() = default;

    config::DnsSettings dns_;
    std::shared_ptr<dns::Resolver> resolver_;
    std::shared_ptr<const auth::PublicSuffixList> suffixes_;
    std::unique_ptr<SmtpClient> smtp_;
    std::unique_ptr<MailSigner> signer_;  ///< null: report mail is not signed
};

}  // namespace defender::report
