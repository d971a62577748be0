/// SmtpClient: hands one mail to the smarthost, through libcurl.
///
/// One connection at a time, kept open between mails. Source: RFC 5321. Thread-safety: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"

namespace defender::report {

/// What became of one attempt. Where the server's answer to the end of DATA was lost, nobody knows whether it
/// has the mail: that is `retry`, so that a report may come twice, with one report-id, but is never lost.
enum class SmtpOutcome { accepted, retry, refused };
struct SmtpAnswer {
    SmtpOutcome outcome = SmtpOutcome::retry;
    int code = 0;      ///< of SMTP; 0 where none came
    std::string text;  ///< the server's, or what failed; printable
    bool server_is_at_fault =
        false;  ///< the attempt failed before the recipient was named (connect, TLS, login)
};

class SmtpClient {
  public:
    /// The error is a password file or certificate file that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<SmtpClient>> make(const config::ReportSettings& settings);
    virtual ~SmtpClient() = default;
    [[nodiscard]] virtual SmtpAnswer send(std::string_view mail_from, std::string_view recipient,
                                          std::string_view message) = 0;
};

}  // namespace defender::report
