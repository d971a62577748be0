#include "common/report/failure_report.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/report/failure_report_redaction.hpp"
#include "common/report/mime.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_model_id.hpp"

namespace defender::report {
namespace {

/// Redacts or not, as the settings say.
class Redaction {
  public:
    Redaction(bool on, std::string_view key) : on_(on), key_(key) {}
    [[nodiscard]] std::string text(std::string_view s) const {
        return on_ ? redact_addresses(s, key_) : std::string(s);
    }
    [[nodiscard]] std::string header(std::string_view s) const {
        return on_ ? redact_header(s, key_) : std::string(s);
    }

  private:
    bool on_;
    std::string_view key_;
};

std::string name_of(std::string_view domain) {
    return text::printable(domain, 255);
}

/// RFC 9991 section 4: the mechanisms that failed to authenticate an aligned identity.
std::vector<std::string> identity_alignment(const FailureReport& report) {
    if (!report.dkim_aligned && !report.spf_aligned) return {"dkim,", "spf"};
    if (!report.dkim_aligned) return {"dkim"};
    return {report.spf_aligned ? "none" : "spf"};
}

std::string signature_fields(const FailureReport& report, const Redaction& redaction) {
    const auto& signature = report.signature;
    if (signature.domain.empty()) return {};
    return header_field("DKIM-Domain", {name_of(signature.domain)}) +
           header_field("DKIM-Identity", unstructured_words(redaction.text(signature.identity))) +
           header_field("DKIM-Selector", {name_of(signature.selector)});
}

/// RFC 6591 section 3.2.5: txt : domain : "record".
std::string spf_field(const CheckedSpfRecord& record) {
    std::vector<std::string> words{"txt", ":", name_of(record.domain), ":"};
    std::string quoted = "\"";
    for (const char c : record.text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    quoted += '"';
    for (const auto word : text::split(quoted, ' ')) words.emplace_back(word);
    return header_field("SPF-DNS", words);
}

std::string feedback_fields(const FailureReport& report, const Redaction& redaction) {
    const auto address = [&](std::string_view s) { return "<" + redaction.text(s) + ">"; };
    std::string fields =
        "Feedback-Type: auth-failure\r\nUser-Agent: Defender/" DEFENDER_VERSION "\r\nVersion: 1\r\n";
    fields += header_field("Auth-Failure", {std::string(to_string(report.auth_failure))});
    fields += header_field("Authentication-Results",
                           unstructured_words(redaction.text(report.authentication_results)));
    fields += header_field("Identity-Alignment", identity_alignment(report));
    fields += header_field("Delivery-Result", {std::string(to_string(report.delivery_result))});
    fields += header_field("Reported-Domain", {name_of(report.author_domain)});
    fields += header_field("Source-IP", {name_of(report.source_ip)});
    fields += header_field("Arrival-Date", {rfc5322_date(report.arrived_at)});
    fields += header_field("Reporting-MTA", {"dns;", name_of(report.host)});
    fields += header_field("Original-Mail-From", {address(report.mail_from)});
    for (const auto& recipient : report.recipients)
        fields += header_field("Original-Rcpt-To", {address(recipient)});
    fields += signature_fields(report, redaction);
    for (const auto& record : report.spf_records) fields += spf_field(record);
    return fields;
}

std::string text_for_people(const FailureReport& report, const config::ReportSettings& settings) {
    std::string text = "This is a DMARC failure report about a message that claims to be from\n" +
                       name_of(report.author_domain) + ". The DMARC record of " +
                       name_of(report.policy_domain) + "\nasks for it by ruf.\n\n";
    text += "Received from:  " + name_of(report.source_ip) + "\n";
    text += "Received at:    " + to_rfc3339(report.arrived_at) + "\n";
    text += "Delivery:       " + std::string(to_string(report.delivery_result)) + "\n";
    text += "Made by:        " + settings.org_name + " (" + submitter_of(settings) + ")\n";
    text += "Contact:        " + settings.email + "\n";
    if (!text::trim(settings.contact).empty()) text += "                " + settings.contact + "\n";
    return text;
}

/// Lines end with CRLF, wherever they ended; NUL has no place in a mail.
std::string with_crlf(std::string_view s) {
    std::string out;
    for (std::size_t at = 0; at < s.size(); ++at) {
        const bool line_end = s[at] == '\n' || s[at] == '\r';
        if (s[at] == '\r' && at + 1 < s.size() && s[at + 1] == '\n') ++at;
        out += line_end ? std::string("\r\n") : std::string(1, s[at] == '\0' ? '?' : s[at]);
    }
    if (!out.ends_with("\r\n")) out += "\r\n";
    return out;
}

std::string with_short_lines(const std::string& s) {
    constexpr std::size_t longest = 998;
    std::string out;
    std::size_t column = 0;
    for (const char c : s) {
        if (column == longest && c != '\r') {
            out += "\r\n";
            column = 0;
        }
        out += c;
        column = c == '\r' || c == '\n' ? 0 : column + 1;
    }
    return out;
}

std::string message_part(const FailureReport& report, bool with_body, const Redaction& redaction) {
    const auto header = with_crlf(redaction.header(report.header));
    if (!with_body) {
        const auto encoded = encode_lines(header);
        return "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: " +
               std::string(encoded.encoding) + "\r\n\r\n" + encoded.text;
    }
    // RFC 2046 section 5.2.1: a message takes no encoding but 7bit, 8bit and binary.
    const auto message = with_short_lines(header + "\r\n" + with_crlf(redaction.text(report.body)));
    const bool ascii = std::none_of(message.begin(), message.end(),
                                    [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return std::string("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ") +
           (ascii ? "7bit" : "8bit") + "\r\n\r\n" + message;
}

}  // namespace

store::Document make_failure_report(const FailureReport& report, const config::FailureSettings& failure,
                                    const config::ReportSettings& settings, std::string_view redaction_key,
                                    UtcSeconds made_at) {
    constexpr std::size_t digits = 32;
    const Redaction redaction(failure.redact, redaction_key);
    store::Document document;
    document.kind = store::DocumentKind::failure;
    document.report_id = derived_id({report.host, report.queue_id, report.author_domain}, digits);
    document.policy_domain = report.policy_domain;
    document.day = UtcDay::of(report.arrived_at);
    document.messages = 1;
    document.made_at = made_at;
    const auto joined = join_parts(document.report_id, {text_part(text_for_people(report, settings)),
                                                        "Content-Type: message/feedback-report\r\n\r\n" +
                                                            feedback_fields(report, redaction),
                                                        message_part(report, failure.body, redaction)});
    document.content =
        header_field("Subject", {"DMARC", "failure", "report", "about", name_of(report.author_domain)}) +
        "Content-Type: multipart/report; report-type=feedback-report;\r\n boundary=\"" + joined.boundary +
        "\"\r\n\r\n" + joined.body;
    return document;
}

std::string_view to_string(DeliveryResult result) noexcept {
    switch (result) {
        case DeliveryResult::delivered:
            return "delivered";
        case DeliveryResult::spam:
            return "spam";
        case DeliveryResult::policy:
            return "policy";
        case DeliveryResult::reject:
            return "reject";
        case DeliveryResult::other:
            return "other";
    }
    return "?";
}

std::string_view to_string(AuthFailure failure) noexcept {
    switch (failure) {
        case AuthFailure::dmarc:
            return "dmarc";
        case AuthFailure::signature:
            return "signature";
        case AuthFailure::bodyhash:
            return "bodyhash";
        case AuthFailure::revoked:
            return "revoked";
        case AuthFailure::spf:
            return "spf";
    }
    return "?";
}

}  // namespace defender::report
