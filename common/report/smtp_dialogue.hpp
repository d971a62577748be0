/// SmtpDialogue: what client and server have said so far in one attempt, and what that means for the mail.
///
/// libcurl tells that an attempt failed, and the last code; at which command is what decides whether the
/// recipient, the message or the server is to blame. Of the client's lines only the verb is looked at, so
/// that no login can get into a log. Source: RFC 5321 section 4. Thread-safety: a plain value.
#pragma once

#include <string>
#include <string_view>

#include "common/report/smtp_client.hpp"

namespace defender::report {

class SmtpDialogue {
  public:
    /// Another attempt begins, perhaps on the connection of the last one.
    void begin();
    /// A line of the client, as it goes out.
    void sent(std::string_view line);
    /// A line of the server, as it comes in.
    void received(std::string_view line);

    [[nodiscard]] bool recipient_named() const noexcept { return recipient_named_; }
    [[nodiscard]] bool offers_smtputf8() const noexcept { return smtputf8_; }

    /// The answer for an attempt that libcurl calls good.
    [[nodiscard]] SmtpAnswer success() const;
    /// The answer for one that it calls failed, `what` being its reason; `login`: there was to be one.
    [[nodiscard]] SmtpAnswer failure(std::string_view what, bool login) const;

  private:
    enum class Verb { none, hello, auth, mail, other };
    [[nodiscard]] bool refused_by_reply() const noexcept { return answered_ && code_ >= 400; }

    Verb verb_ = Verb::none;  ///< the last command
    bool smtputf8_ = false;   ///< offered on this connection
    bool logged_in_ = false;  ///< on this connection
    bool over_ = false;       ///< QUIT was said, which comes after what decided
    bool recipient_named_ = false;
    bool answered_ = false;  ///< the last command has its whole reply
    int code_ = 0;           ///< of the last reply
    std::string text_;       ///< of the last reply, its lines joined
};

}  // namespace defender::report
