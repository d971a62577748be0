#include "common/report/smtp_dialogue.hpp"

#include "common/base/text.hpp"

namespace defender::report {
namespace {

// Of a server's words.
constexpr std::size_t kept_octets = 500;
// RFC 5321 section 4.2.2: "Requested mail action aborted: exceeded storage allocation", and RFC 1870 section
// 6.1: the declared size is too large. That is about this one mail.
constexpr int too_large = 552;

int code_of(std::string_view line) {
    const auto code = text::parse_unsigned(line.substr(0, 3));
    return code && line.size() >= 3 ? static_cast<int>(*code) : 0;
}

}  // namespace

void SmtpDialogue::begin() {
    verb_ = Verb::none;
    over_ = false;
    recipient_named_ = false;
    answered_ = false;
    code_ = 0;
    text_.clear();
}

void SmtpDialogue::sent(std::string_view line) {
    over_ = over_ || text::istarts_with(line, "QUIT");
    if (over_) return;
    answered_ = false;
    if (text::istarts_with(line, "EHLO ") || text::istarts_with(line, "HELO ")) {
        // Said once on a connection, and again under TLS.
        verb_ = Verb::hello;
        smtputf8_ = false;
        logged_in_ = false;
    } else if (text::istarts_with(line, "AUTH ")) {
        verb_ = Verb::auth;
    } else if (text::istarts_with(line, "MAIL ")) {
        verb_ = Verb::mail;
    } else if (verb_ != Verb::auth || text::istarts_with(line, "RCPT ")) {
        // What follows AUTH are its parts.
        verb_ = Verb::other;
    }
    if (text::istarts_with(line, "RCPT ")) recipient_named_ = true;
}

void SmtpDialogue::received(std::string_view line) {
    if (over_) return;
    line = text::trim(line);
    const auto words = line.size() > 4 ? line.substr(4) : std::string_view();
    if (answered_ || code_of(line) != code_ || text_.empty()) {
        text_ = words;
    } else {
        text_ += ' ';
        text_ += words;
    }
    code_ = code_of(line);
    answered_ = line.size() < 4 || line[3] != '-';
    if (verb_ == Verb::hello && text::iequals(words, "SMTPUTF8")) smtputf8_ = true;
    if (verb_ == Verb::auth && code_ == 235) logged_in_ = true;
}

SmtpAnswer SmtpDialogue::success() const {
    return {SmtpOutcome::accepted, code_, text::printable(text_, kept_octets), false};
}

SmtpAnswer SmtpDialogue::failure(std::string_view what, bool login) const {
    SmtpAnswer answer;
    answer.text = text::printable(what, kept_octets);
    if (refused_by_reply()) {
        answer.code = code_;
        answer.text = text::printable(text_, kept_octets);
    }
    if (login && !logged_in_) {
        if (recipient_named_) answer.text = "no login was offered; then: " + answer.text;
        answer.server_is_at_fault = true;
        return answer;
    }
    const bool about_this_mail =
        recipient_named_ || (verb_ == Verb::mail && refused_by_reply() && code_ == too_large);
    answer.server_is_at_fault = !about_this_mail;
    if (about_this_mail && answer.code >= 500) answer.outcome = SmtpOutcome::refused;
    return answer;
}

}  // namespace defender::report
