/// Feeds any text, as the values of a report and as a reported message, to what writes XML and mail.
///
/// Held to be true of every text: the XML is UTF-8 without characters that XML cannot hold, and no value adds
/// an element; what is compressed comes back; a failure report's mail has one Feedback-Type field, lines that
/// end with CRLF, and as many delimiters as parts.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/mail/utf8.hpp"
#include "common/report/failure_report.hpp"
#include "common/report/gzip_stream.hpp"
#include "common/report/report_mail.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_xml.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

std::size_t count_of(std::string_view text, std::string_view piece) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(piece, at)) != std::string_view::npos; ++at) ++count;
    return count;
}

/// What stands before, between and behind the delimiters.
std::vector<std::string_view> split(std::string_view text, std::string_view delimiter) {
    std::vector<std::string_view> pieces;
    for (;;) {
        const auto end = text.find(delimiter);
        pieces.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return pieces;
        text.remove_prefix(end + delimiter.size());
    }
}

void check_xml(const std::string& text) {
    store::ReportRow row;
    row.source_ip = "192.0.2.1";
    row.header_from = row.envelope_from = row.disposition = text;
    row.reasons = {{text, text}};
    row.dkim = {{text, text, text, text}};
    row.spf = {{text, "mfrom", text}};
    const auto record = report::report_record(row, {}, config::ReportSchema::rfc7489);
    require(record.has_value());
    const auto xml = report::xml_record(*record);
    require(mail::is_utf8(xml));
    require(std::none_of(xml.begin(), xml.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n';
    }));
    require(count_of(xml, "<record>") == 1 && count_of(xml, "<dkim>") == 2 && count_of(xml, "<spf>") == 2);
    require(count_of(xml, "<") == 2 * count_of(xml, "</"));
    report::GzipStream stream;
    stream.write(xml);
    const auto back = report::gunzip(stream.finish());
    require(back.has_value() && *back == xml);
}

void check_mail(const std::string& text) {
    report::FailureReport failure;
    failure.host = failure.author_domain = failure.source_ip = failure.mail_from = text;
    failure.authentication_results = failure.header = failure.body = text;
    failure.recipients = {text};
    failure.signature = {text, text, text};
    failure.spf_records = {{text, text}};
    config::ReportSettings settings;
    settings.org_name = text;
    settings.email = "reports@receiver.example";
    config::FailureSettings how;
    how.body = text.size() % 2 == 0;
    how.redact = text.size() % 3 != 0;
    const auto document = report::make_failure_report(failure, how, settings, "key", 0);
    const auto mail = report::compose_mail(document, text, settings, nullptr);
    require(mail.has_value());
    for (std::size_t at = 0; at < mail->size(); ++at) {
        if ((*mail)[at] == '\n') require((*mail)[at - 1] == '\r');
        if ((*mail)[at] == '\r') require(mail->substr(at + 1, 1) == "\n");
    }
    const std::string type =
        "\r\nContent-Type: multipart/report; report-type=feedback-report;\r\n boundary=\"";
    require(mail->find(type) != std::string::npos);
    const auto quoted = mail->find(type) + type.size();
    const auto boundary = mail->substr(quoted, mail->find('"', quoted) - quoted);
    const auto parts = split(*mail, "\r\n--" + boundary);
    require(parts.size() == 5 && parts[4].starts_with("--"));
    require(parts[2].starts_with("\r\nContent-Type: message/feedback-report\r\n\r\n"));
    require(count_of(parts[2], "\r\nFeedback-Type:") == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_xml(text);
    check_mail(text);
    (void)report::gunzip(text);
    return 0;
}
