/// Reporting: the steps from records to delivered reports, each durable before the next begins.
///
/// What the reporter does all day and what `defenderctl report send` does once. Time comes from the caller,
/// so that a day can be closed without waiting for it. Any number of reporters may work on one store; each
/// step is taken by one of them. Thread-safety: one thread uses an object. Logged: REPORT_… and DELIVERY_….
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/auth/public_suffix_list.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/report/mail_signer.hpp"
#include "common/report/smtp_client.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// What reporting stands on; all of it outlives the Reporting. `signer` may be null.
struct ReportingParts {
    store::ReportStore& store;
    dns::Resolver& resolver;
    const auth::PublicSuffixList& suffixes;
    SmtpClient& smtp;
    const MailSigner* signer = nullptr;
};

/// How far a long piece of work is: done of all; 0 of 0 where that is not known.
using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

struct ReportingCounts {
    std::uint64_t folded = 0;
    std::uint64_t closed = 0;
    std::uint64_t documents = 0;
    std::uint64_t sent = 0;
    std::uint64_t waiting = 0;  ///< tried, and to be tried again
    std::uint64_t given_up = 0;
    std::uint64_t skipped = 0;
};

class Reporting {
  public:
    Reporting(ReportingParts parts, const config::Settings& settings, std::string owner);

    /// Folds all that is there.
    [[nodiscard]] Status fold(const Progress& progress);
    /// Closes every report that is due at `now`. `stop` true: ends early, between two reports.
    [[nodiscard]] Status close_due(UtcSeconds now, const std::function<bool()>& stop);
    /// Takes every delivery that is due at `now` one step on after another, to its end or to its next wait.
    [[nodiscard]] Status deliver_due(UtcSeconds now, const std::function<bool()>& stop);
    [[nodiscard]] const ReportingCounts& counts() const noexcept { return counts_; }

  private:
    ReportingParts parts_;
    const config::Settings& settings_;
    std::string owner_;
    ReportingCounts counts_;
};

/// The wait after the n-th failed attempt (1, 2, …): grows from 5 minutes, doubling, to 6 hours.
[[nodiscard]] std::chrono::seconds wait_after(unsigned attempts);
/// From the first try of a delivery until it is given up: 3 days.
inline constexpr std::chrono::hours patience{72};

}  // namespace defender::report
