/// MailSigner: signs our own report mail by DKIM, through libopendkim.
///
/// rsa-sha256, relaxed/relaxed, From, To, Subject, Date, Message-ID and the MIME fields signed and From
/// signed once more than it is there. Thread-safety: immutable once loaded; sign() callable from any thread.
/// Source: RFC 6376 section 5.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"

namespace defender::report {

class MailSigner {
  public:
    /// The key is a PEM file, RSA of 1024 bits or more. The error names the file and what to do.
    [[nodiscard]] static Result<std::unique_ptr<MailSigner>> load(std::string_view domain,
                                                                  std::string_view selector,
                                                                  const std::string& key_file);
    virtual ~MailSigner() = default;
    /// The message with a DKIM-Signature field in front, t= being `signed_at`.
    [[nodiscard]] virtual Result<std::string> sign(std::string_view message, UtcSeconds signed_at) const = 0;
};

}  // namespace defender::report
