#include "common/report/failure_report.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "common/report/report_mail.hpp"
#include "tests/support/sample_report_rows.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

FailureReport sample_failure() {
    FailureReport report;
    report.queue_id = "4XyZ";
    report.host = "mx.receiver.example";
    report.author_domain = "news.example.com";
    report.policy_domain = "example.com";
    report.source_ip = "2001:db8::25";
    report.arrived_at = 1'777'640'000;
    report.mail_from = "bounce@lists.example.net";
    report.recipients = {"someone@receiver.example"};
    report.delivery_result = DeliveryResult::reject;
    report.authentication_results =
        "mx.receiver.example; spf=fail smtp.mailfrom=bounce@lists.example.net; dkim=fail "
        "header.d=news.example.com; dmarc=fail header.from=news.example.com";
    report.signature = {"news.example.com", "editor@news.example.com", "s1"};
    report.spf_records = {{"news.example.com", "v=spf1 exp=\"x\" -all"}};
    report.header =
        "Received: from mta by mx for <someone@receiver.example>\r\nFrom: Editor "
        "<editor@news.example.com>\r\n"
        "To: someone@receiver.example\r\nSubject: News\r\nMessage-ID: <1@news.example.com>\r\n";
    report.body = "Hello someone@receiver.example\r\n";
    return report;
}

config::FailureSettings settings_with(bool body, bool redact) {
    config::FailureSettings settings;
    settings.enabled = true;
    settings.body = body;
    settings.redact = redact;
    return settings;
}

std::string mail_of(const FailureReport& report, const config::FailureSettings& failure) {
    const auto settings = test::sample_report_settings();
    const auto document = make_failure_report(report, failure, settings, "key", test::sample_made_at);
    const auto mail = compose_mail(document, "ruf@example.com", settings, nullptr);
    EXPECT_TRUE(mail.has_value());
    return mail ? *mail : std::string();
}

std::string python_says(const std::string& mail, const std::string& expression) {
    const test::TemporaryFolder folder;
    test::write_file(folder.file("mail"), mail);
    test::write_file(folder.file("ask.py"),
                     "import email, email.policy\n"
                     "m = email.message_from_binary_file(open('" +
                         folder.file("mail") +
                         "', 'rb'), policy=email.policy.default)\n"
                         "assert not m.defects and not any(p.defects for p in m.walk())\n"
                         "feedback = m.get_payload(1).get_payload(0)\n"
                         "print(" +
                         expression + ", end='')\n");
    return test::run_command("/usr/bin/python3 " + folder.file("ask.py")).text;
}

std::size_t count_of(const std::string& text, const std::string& piece) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(piece, at)) != std::string::npos; ++at) ++count;
    return count;
}

TEST(FailureReport, ItsMailIsTheGoldenFile) {
    EXPECT_EQ(
        std::regex_replace(mail_of(sample_failure(), settings_with(false, true)), std::regex("\r\n"), "\n"),
        test::golden("failure-mail.txt"));
}

TEST(FailureReport, AnotherLibraryReadsItsThreeParts) {
    const auto mail = mail_of(sample_failure(), settings_with(false, false));
    EXPECT_EQ(python_says(mail, "m.get_content_type(), m.get_param('report-type')"),
              "multipart/report feedback-report");
    EXPECT_EQ(python_says(mail, "[p.get_content_type() for p in m.get_payload()]"),
              "['text/plain', 'message/feedback-report', 'text/rfc822-headers']");
    const std::vector<std::pair<std::string, std::string>> table{
        {"Feedback-Type", "auth-failure"},
        {"Version", "1"},
        {"Auth-Failure", "dmarc"},
        {"Identity-Alignment", "dkim, spf"},
        {"Delivery-Result", "reject"},
        {"Reported-Domain", "news.example.com"},
        {"Source-IP", "2001:db8::25"},
        {"Arrival-Date", "Fri, 01 May 2026 12:53:20 +0000"},
        {"Reporting-MTA", "dns; mx.receiver.example"},
        {"Original-Mail-From", "<bounce@lists.example.net>"},
        {"Original-Rcpt-To", "<someone@receiver.example>"},
        {"DKIM-Domain", "news.example.com"},
        {"DKIM-Identity", "editor@news.example.com"},
        {"DKIM-Selector", "s1"},
        {"SPF-DNS", "txt : news.example.com : \"v=spf1 exp=\\\"x\\\" -all\""},
        {"Authentication-Results", sample_failure().authentication_results},
    };
    for (const auto& [name, value] : table)
        EXPECT_EQ(python_says(mail, "feedback['" + name + "']"), value) << name;
    EXPECT_EQ(python_says(mail, "m.get_payload(2).get_payload()"),
              std::regex_replace(sample_failure().header, std::regex("\r\n"), "\n"));
}

TEST(FailureReport, TheWholeMessageIsToldWhereTheSettingsSaySo) {
    const auto mail = mail_of(sample_failure(), settings_with(true, false));
    EXPECT_EQ(python_says(mail, "m.get_payload(2).get_content_type()"), "message/rfc822");
    EXPECT_EQ(python_says(mail, "m.get_payload(2).get_payload(0)['subject']"), "News");
    EXPECT_EQ(python_says(mail, "m.get_payload(2).get_payload(0).get_payload()"),
              "Hello someone@receiver.example\n");
    EXPECT_EQ(mail_of(sample_failure(), settings_with(false, false)).find("Hello"), std::string::npos);
}

TEST(FailureReport, RedactionLeavesNoLocalPartAnywhere) {
    for (const bool body : {false, true}) {
        const auto mail = mail_of(sample_failure(), settings_with(body, true));
        for (const char* local : {"someone@", "editor@", "bounce@"})
            EXPECT_EQ(mail.find(local), std::string::npos) << local << "\n" << mail;
        EXPECT_NE(mail.find("Message-ID: <1@news.example.com>"), std::string::npos);
    }
}

TEST(FailureReport, IdentityAlignmentNamesTheMechanismsThatFailed) {
    struct Row {
        bool dkim, spf;
        const char* field;
    };
    for (const auto& row : {Row{false, false, "dkim, spf"}, Row{false, true, "dkim"}, Row{true, false, "spf"},
                            Row{true, true, "none"}}) {
        auto report = sample_failure();
        report.dkim_aligned = row.dkim;
        report.spf_aligned = row.spf;
        EXPECT_NE(mail_of(report, settings_with(false, true))
                      .find("\r\nIdentity-Alignment: " + std::string(row.field) + "\r\n"),
                  std::string::npos);
    }
}

TEST(FailureReport, WordsAreThoseOfRfc6591) {
    const std::vector<std::pair<DeliveryResult, std::string>> results{
        {DeliveryResult::delivered, "delivered"}, {DeliveryResult::spam, "spam"},
        {DeliveryResult::policy, "policy"},       {DeliveryResult::reject, "reject"},
        {DeliveryResult::other, "other"},
    };
    for (const auto& [value, word] : results) EXPECT_EQ(to_string(value), word);
    const std::vector<std::pair<AuthFailure, std::string>> failures{
        {AuthFailure::dmarc, "dmarc"},       {AuthFailure::signature, "signature"},
        {AuthFailure::bodyhash, "bodyhash"}, {AuthFailure::revoked, "revoked"},
        {AuthFailure::spf, "spf"},
    };
    for (const auto& [value, word] : failures) EXPECT_EQ(to_string(value), word);
}

TEST(FailureReport, WithoutAFailedSignatureOrSpfRecordTheirFieldsAreNotThere) {
    auto report = sample_failure();
    report.signature = {};
    report.spf_records.clear();
    report.recipients.clear();
    report.mail_from.clear();
    const auto mail = mail_of(report, settings_with(false, true));
    EXPECT_EQ(mail.find("\r\nDKIM-"), std::string::npos);
    EXPECT_EQ(mail.find("\r\nSPF-DNS"), std::string::npos);
    EXPECT_EQ(mail.find("\r\nOriginal-Rcpt-To"), std::string::npos);
    EXPECT_NE(mail.find("\r\nOriginal-Mail-From: <>\r\n"), std::string::npos);
}

TEST(FailureReport, TheReportedMessageCannotLeaveItsPart) {
    auto report = sample_failure();
    const auto boundary_of = [](const std::string& mail) {
        std::smatch found;
        return std::regex_search(mail, found, std::regex("boundary=\"([^\"]*)\"")) ? found[1].str()
                                                                                   : std::string();
    };
    const auto boundary = boundary_of(mail_of(report, settings_with(true, false)));
    ASSERT_NE(boundary, "");
    report.header += "X: y\r\n--" + boundary + "--\r\nFeedback-Type: abuse\r\n";
    report.body = "--" + boundary + "\r\n\r\nx";
    const auto mail = mail_of(report, settings_with(true, false));
    EXPECT_NE(boundary_of(mail), boundary);
    EXPECT_EQ(count_of(mail, "\r\n--" + boundary_of(mail)), 4U);
}

TEST(FailureReport, NoValueMakesAFieldOrABadLine) {
    const std::string nasty =
        "x\r\nFeedback-Type: abuse\r\n\r\n\xFF" + std::string("\0", 1) + "\"<>\r\r\n.\n";
    FailureReport report;
    report.queue_id = report.host = report.author_domain = report.policy_domain = report.source_ip = nasty;
    report.mail_from = report.authentication_results = nasty;
    report.recipients = {nasty};
    report.signature = {nasty, nasty, nasty};
    report.spf_records = {{nasty, nasty}};
    report.header = "A: " + std::string(3000, 'a') + nasty;
    report.body = nasty + std::string(3000, 'b');
    for (const bool body : {false, true}) {
        const auto mail = mail_of(report, settings_with(body, true));
        const auto end = mail.find("\r\n\r\n", mail.find("message/feedback-report") + 30);
        EXPECT_EQ(count_of(mail.substr(0, end), "\r\nFeedback-Type:"), 1U);
        EXPECT_EQ(mail.find('\0'), std::string::npos);
        std::size_t column = 0;
        for (std::size_t at = 0; at < mail.size(); ++at) {
            ASSERT_FALSE(mail[at] == '\n' && mail[at - 1] != '\r') << at;
            ASSERT_FALSE(mail[at] == '\r' && mail.substr(at + 1, 1) != "\n") << at;
            column = mail[at] == '\n' ? 0 : column + 1;
            ASSERT_LE(column, 999U) << at;
        }
    }
}

TEST(FailureReport, TheSameMessageGivesTheSameReport) {
    const auto make = [](const FailureReport& report) {
        return make_failure_report(report, settings_with(false, true), test::sample_report_settings(), "key",
                                   test::sample_made_at);
    };
    EXPECT_EQ(make(sample_failure()).content, make(sample_failure()).content);
    EXPECT_EQ(make(sample_failure()).report_id, make(sample_failure()).report_id);
    EXPECT_EQ(make(sample_failure()).kind, store::DocumentKind::failure);
    EXPECT_EQ(make(sample_failure()).policy_domain, "example.com");
    EXPECT_EQ(make(sample_failure()).day.to_string(), "2026-05-01");
    auto other = sample_failure();
    other.queue_id += "x";
    EXPECT_NE(make(other).report_id, make(sample_failure()).report_id);
}

}  // namespace
}  // namespace defender::report
