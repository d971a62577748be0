/// OwnReports: tells mail of our own reporting, on which nothing must be reported.
///
/// A report about a report mail, or about the bounce of one, would be answered by the next report, between
/// two sites for ever. Ours are report mails (an author is report.email or report.bounce) and whatever comes
/// to these addresses alone: bounces, and answers. Without report.enabled nothing is. Thread-safety: one
/// message's calls come one after another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/config/settings.hpp"

namespace defender::milter {

class OwnReports {
  public:
    explicit OwnReports(const config::ReportSettings& settings);

    /// A recipient of the message, as RCPT TO has it.
    void recipient(std::string_view address);
    /// The whole message, once its recipients are known.
    [[nodiscard]] bool concern(const auth::Evidence& evidence) const;

  private:
    [[nodiscard]] bool is_ours(std::string_view address) const;

    std::vector<std::string> addresses_;  ///< lower case
    bool some_recipient_ = false;
    bool foreign_recipient_ = false;
};

}  // namespace defender::milter
