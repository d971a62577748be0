/// ArcSealer: adds our own set to the chain of a message that goes on.
///
/// Source: RFC 8617 section 5.1. One set: ARC-Authentication-Results with our own results,
/// ARC-Message-Signature (relaxed/relaxed) and ARC-Seal, both with one key. The signature covers the fields
/// that people and programs read, and every DKIM-Signature; From once more than it is there, so that none can
/// be added. It covers no Authentication-Results field, so it does not matter which of those come and go.
/// Nothing is added where the newest seal says that the chain has ended or all 50 instances are used (section
/// 5.1, steps 2 and 3), and nothing after a temporary failure: a chain that may be sound would be ended for
/// good. Thread-safety: immutable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/auth/arc_validation.hpp"
#include "common/auth/digital_signature.hpp"
#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/config/settings.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

class ArcSealer {
  public:
    ArcSealer(std::string domain, std::string selector, SigningKey key)
        : domain_(std::move(domain)), selector_(std::move(selector)), key_(std::move(key)) {}

    /// Reads the key file. Null where no sealing is configured; the error names the file.
    [[nodiscard]] static Result<std::shared_ptr<const ArcSealer>> load(const config::ArcSettings& settings);

    /// The fields to be put on top, the topmost first; none where the message is not to be sealed.
    [[nodiscard]] mail::HeaderFields seal(const ArcMessage& message,
                                          const mail::AuthenticationResults& results, UtcSeconds now) const;

  private:
    [[nodiscard]] std::string signed_by(const std::string& instance, UtcSeconds now) const;
    [[nodiscard]] mail::HeaderField sign_message(const ArcMessage& message, const std::string& instance,
                                                 UtcSeconds now) const;

    std::string domain_;
    std::string selector_;
    SigningKey key_;
};

}  // namespace defender::auth
