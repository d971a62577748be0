/// SmtpClient: hands one mail to the smarthost, through libcurl.
///
/// One connection at a time, kept open between mails; where the server has closed it meanwhile, the mail goes
/// over a new one. Dots at the beginning of lines arrive as they were given. Source: RFC 5321, 3207, 4954,
/// 6531. Thread-safety: one thread at a time uses an object. Failure: a value; the password stands in none.
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
    /// The attempt failed before the recipient was named (connect, TLS, login, sender), for a reason that
    /// every other mail would meet as well; `outcome` is retry then.
    bool server_is_at_fault = false;
};

class SmtpClient {
  public:
    /// The error is a password file or certificate file that cannot be read, or a password file that is
    /// empty. HELO names this host.
    [[nodiscard]] static Result<std::unique_ptr<SmtpClient>> make(const config::ReportSettings& settings);
    virtual ~SmtpClient() = default;
    /// Addresses without brackets; an empty `mail_from` is the null sender. A recipient that is not ASCII is
    /// refused where the server has no SMTPUTF8.
    [[nodiscard]] virtual SmtpAnswer send(std::string_view mail_from, std::string_view recipient,
                                          std::string_view message) = 0;
};

}  // namespace defender::report
