#include "common/report/report_mail.hpp"

#include "common/base/text.hpp"
#include "common/report/mime.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_model_id.hpp"

namespace defender::report {
namespace {

using config::ReportSettings;
using store::Document;
using store::DocumentKind;

/// For what is put into a field or a text as it is; long enough for a file name of two domains.
std::string printable_name(std::string_view name) {
    return text::printable(name, 900);
}

std::string contact_of(const ReportSettings& settings) {
    std::string text = "Contact:        " + settings.email + "\n";
    if (!text::trim(settings.contact).empty()) text += "                " + settings.contact + "\n";
    return text;
}

std::string reporter_of(const ReportSettings& settings) {
    return settings.org_name + " (" + submitter_of(settings) + ")";
}

std::string aggregate_text(const Document& document, const ReportSettings& settings) {
    std::string text = "This is a DMARC aggregate report about " + printable_name(document.policy_domain) +
                       ".\nIts DMARC record asks for it by rua.\n\n";
    text += "Policy domain:  " + printable_name(document.policy_domain) + "\n";
    text += "Made by:        " + reporter_of(settings) + "\n";
    text += "Period:         " + to_rfc3339(document.day.begin()) + " to " +
            to_rfc3339(document.day.end() - 1) + "\n";
    text += "Messages:       " + std::to_string(document.messages) + "\n";
    text += "Rows:           " + std::to_string(document.rows) + "\n";
    text += "Report-ID:      " + document.report_id + "\n";
    if (document.parts > 1) {
        text += "Part:           " + std::to_string(document.part) + " of " + std::to_string(document.parts) +
                ", each a report of its own; counted here is this part\n";
    }
    text += contact_of(settings);
    text += "\nThe report is the attached file, XML compressed by gzip.\n";
    return text;
}

std::string attachment(const Document& document) {
    // A parameter of any length stays on one line: folds would become part of the name for many readers.
    const std::string name = "\"" + printable_name(document.filename) + "\"";
    return "Content-Type: application/gzip;\r\n name=" + name +
           "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename=" + name +
           "\r\n\r\n" + base64_lines(document.content);
}

/// What differs from one kind of mail to another: its Subject and its MIME entity, from the Subject field on.
std::string mixed(const std::string& subject, const Document& document,
                  const std::vector<std::string>& parts) {
    const auto joined = join_parts(document.report_id, parts);
    return subject + "Content-Type: multipart/mixed;\r\n boundary=\"" + joined.boundary + "\"\r\n\r\n" +
           joined.body;
}

std::string aggregate_content(const Document& document, const ReportSettings& settings) {
    const auto subject = "Subject: Report Domain: " + printable_name(document.policy_domain) +
                         "\r\n Submitter: " + printable_name(submitter_of(settings)) + "\r\n Report-ID: <" +
                         printable_name(document.report_id) + ">\r\n";
    return mixed(subject, document, {text_part(aggregate_text(document, settings)), attachment(document)});
}

std::string notice_text(const Document& document, const ReportSettings& settings) {
    return "A DMARC aggregate report about " + printable_name(document.policy_domain) + " for " +
           document.day.to_string() +
           " (UTC)\n"
           "was made, but it is larger than the size that the URI in the\n"
           "domain's DMARC record allows, and was not sent there. The fields of RFC\n"
           "7489 section 7.2.2 are in the other part of this mail.\n\n"
           "A larger \"!size\", or none, lets later reports through.\n\n"
           "Made by:        " +
           reporter_of(settings) + "\n" + contact_of(settings);
}

std::string notice_content(const Document& document, const ReportSettings& settings) {
    const std::string fields = "Content-Type: text/plain; charset=us-ascii\r\n\r\n" +
                               header_field("Report-Date", {rfc5322_date(document.made_at)}) +
                               document.content;
    const auto subject = header_field(
        "Subject", {"DMARC", "aggregate", "report", "about", printable_name(document.policy_domain), "for",
                    document.day.to_string(), "is", "too", "large"});
    return mixed(subject, document, {fields, text_part(notice_text(document, settings))});
}

std::string content_of(const Document& document, const ReportSettings& settings) {
    switch (document.kind) {
        case DocumentKind::aggregate:
            return aggregate_content(document, settings);
        case DocumentKind::size_notice:
            return notice_content(document, settings);
        case DocumentKind::failure:
            return document.content;  // whole, as failure_report.hpp makes it
    }
    return {};
}

/// A recipient that no header can name gets the mail all the same; the envelope says who it is for.
std::string to_field(std::string_view recipient) {
    auto words = mailbox_words("", recipient);
    if (words.empty()) words = {"undisclosed-recipients:;"};
    return header_field("To", words);
}

/// One for each document and recipient, since their mails differ.
std::string message_id(const Document& document, std::string_view recipient, const ReportSettings& settings) {
    constexpr std::size_t digits = 16;
    return document.report_id + "." + derived_id({text::to_lower(recipient)}, digits) + "@" +
           submitter_of(settings);
}

}  // namespace

Result<std::string> compose_mail(const Document& document, std::string_view recipient,
                                 const ReportSettings& settings, const MailSigner* signer) {
    std::string mail = header_field("From", mailbox_words(settings.org_name, settings.email));
    mail += to_field(recipient);
    mail += header_field("Date", {rfc5322_date(document.made_at)});
    mail += header_field("Message-ID", {"<" + message_id(document, recipient, settings) + ">"});
    mail += "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n";
    mail += content_of(document, settings);
    if (!signer) return mail;
    return signer->sign(mail, document.made_at);
}

}  // namespace defender::report
