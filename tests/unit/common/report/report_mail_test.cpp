#include "common/report/report_mail.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/support/sample_report_rows.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

store::Document sample_document() {
    store::Document document;
    document.kind = store::DocumentKind::aggregate;
    document.report_id = "0123456789abcdef0123456789abcdef";
    document.policy_domain = "example.com";
    document.day = UtcDay{20574};
    document.schema = "rfc7489";
    document.filename =
        "receiver.example!example.com!1777593600!1777679999!0123456789abcdef0123456789abcdef.xml.gz";
    document.content =
        std::string("\x1f\x8b\x08\0\xff and so on, for more than one line of base64, octets", 57);
    document.messages = 5;
    document.rows = 2;
    document.made_at = test::sample_made_at;
    return document;
}

std::string mail_of(const store::Document& document, const std::string& recipient = "dmarc@example.com",
                    const config::ReportSettings& settings = test::sample_report_settings()) {
    const auto mail = compose_mail(document, recipient, settings, nullptr);
    EXPECT_TRUE(mail.has_value()) << mail.error().message;
    return mail ? *mail : std::string();
}

/// CRLF and nothing else ends lines, none is too long, and all is ASCII.
::testing::AssertionResult is_sound(const std::string& mail) {
    std::size_t column = 0;
    for (std::size_t at = 0; at < mail.size(); ++at) {
        const auto octet = static_cast<unsigned char>(mail[at]);
        if (octet == '\n' && (at == 0 || mail[at - 1] != '\r'))
            return ::testing::AssertionFailure() << "LF at " << at;
        if (octet == '\r' && mail.substr(at + 1, 1) != "\n")
            return ::testing::AssertionFailure() << "CR at " << at;
        if (octet >= 0x7f || (octet < 0x20 && octet != '\r' && octet != '\n' && octet != '\t'))
            return ::testing::AssertionFailure() << "octet " << int{octet} << " at " << at;
        column = octet == '\n' ? 0 : column + 1;
        if (column > 999) return ::testing::AssertionFailure() << "a long line at " << at;
    }
    return ::testing::AssertionSuccess();
}

/// What Python's email library answers to an expression about the message `m`.
std::string python_says(const std::string& mail, const std::string& expression) {
    const test::TemporaryFolder folder;
    test::write_file(folder.file("mail"), mail);
    test::write_file(folder.file("ask.py"),
                     "import email, email.policy\n"
                     "m = email.message_from_binary_file(open('" +
                         folder.file("mail") +
                         "', 'rb'), policy=email.policy.default)\n"
                         "assert not m.defects and not any(p.defects for p in m.walk())\n"
                         "print(" +
                         expression + ", end='')\n");
    return test::run_command("/usr/bin/python3 " + folder.file("ask.py")).text;
}

std::size_t count_of(const std::string& text, const std::string& piece) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(piece, at)) != std::string::npos; ++at) ++count;
    return count;
}

std::string header_of(const std::string& mail) {
    return "\r\n" + mail.substr(0, mail.find("\r\n\r\n") + 2);
}

TEST(ReportMail, IsTheGoldenFile) {
    const auto mail = mail_of(sample_document());
    EXPECT_TRUE(is_sound(mail));
    EXPECT_EQ(std::regex_replace(mail, std::regex("\r\n"), "\n"), test::golden("report-mail.txt"));
}

TEST(ReportMail, AnotherLibraryReadsIt) {
    auto document = sample_document();
    const auto mail = mail_of(document);
    EXPECT_EQ(
        python_says(mail, "m['subject']"),
        "Report Domain: example.com Submitter: receiver.example Report-ID: <" + document.report_id + ">");
    EXPECT_EQ(python_says(mail, "m.get_content_type(), len(m.get_payload())"), "multipart/mixed 2");
    EXPECT_EQ(python_says(mail, "m.get_payload(1).get_filename()"), document.filename);
    EXPECT_EQ(python_says(mail, "m.get_payload(1).get_param('name')"), document.filename);
    EXPECT_EQ(python_says(mail, "m.get_payload(1).get_content_type()"), "application/gzip");
    EXPECT_EQ(python_says(mail, "m.get_payload(1).get_payload(decode=True).hex()").substr(0, 12),
              "1f8b0800ff20");
    EXPECT_EQ(python_says(mail, "m['from'].addresses[0].addr_spec"), "dmarc-reports@receiver.example");
    EXPECT_EQ(python_says(mail, "m['to'].addresses[0].addr_spec"), "dmarc@example.com");
    EXPECT_EQ(python_says(mail, "m['date'].datetime.isoformat()"), "2026-05-02T01:00:00+00:00");
    EXPECT_EQ(python_says(mail, "m['auto-submitted']"), "auto-generated");
}

TEST(ReportMail, TheSameDocumentGivesTheSameOctetsAndEachRecipientItsOwnMessageId) {
    EXPECT_EQ(mail_of(sample_document()), mail_of(sample_document()));
    const auto id_of = [](const std::string& mail) {
        const auto at = mail.find("\r\nMessage-ID: ");
        return mail.substr(at, mail.find("\r\n", at + 2) - at);
    };
    EXPECT_NE(id_of(mail_of(sample_document(), "a@example.com")),
              id_of(mail_of(sample_document(), "b@example.com")));
    EXPECT_NE(id_of(mail_of(sample_document())).find("@receiver.example>"), std::string::npos);
}

TEST(ReportMail, APartSaysWhichItIs) {
    auto document = sample_document();
    document.part = 2;
    document.parts = 3;
    EXPECT_NE(mail_of(document).find("Part:           2 of 3"), std::string::npos);
    EXPECT_EQ(mail_of(sample_document()).find("Part:"), std::string::npos);
}

TEST(ReportMail, NoValueMakesAFieldOrABadLine) {
    const std::string nasty = "x\r\nBcc: victim@example.org\r\n\r\nbody\xFF\x01\"<>;\n.\n";
    auto document = sample_document();
    document.policy_domain = nasty;
    document.report_id = nasty;
    document.filename = nasty;
    auto settings = test::sample_report_settings();
    settings.org_name = nasty;
    settings.contact = nasty;
    settings.email = "a@receiver.example";
    for (const auto kind : {store::DocumentKind::aggregate, store::DocumentKind::size_notice}) {
        document.kind = kind;
        if (kind == store::DocumentKind::size_notice) document.content = "A: b\r\n";
        const auto mail = mail_of(document, nasty, settings);
        EXPECT_TRUE(is_sound(mail)) << mail;
        const auto header = header_of(mail);
        EXPECT_EQ(header.find("\r\nBcc:"), std::string::npos) << header;
        for (const char* name :
             {"From", "To", "Subject", "Date", "Message-ID", "Content-Type", "MIME-Version"})
            EXPECT_EQ(count_of(header, "\r\n" + std::string(name) + ":"), 1U) << name << header;
    }
}

TEST(ReportMail, ARecipientThatNoHeaderCanNameIsNotNamed) {
    EXPECT_NE(
        mail_of(sample_document(), "b\xC3\xBC@example.com").find("\r\nTo: undisclosed-recipients:;\r\n"),
        std::string::npos);
    EXPECT_NE(mail_of(sample_document(), "a b@example.com").find("\r\nTo: \"a b\"@example.com\r\n"),
              std::string::npos);
}

TEST(ReportMail, AnOrganizationsNameIsEncodedAndItsContactReadable) {
    auto settings = test::sample_report_settings();
    settings.org_name = "K\xC3\xB6nig & S\xC3\xB6hne";
    const auto mail = mail_of(sample_document(), "dmarc@example.com", settings);
    EXPECT_TRUE(is_sound(mail));
    EXPECT_EQ(python_says(mail, "m['from'].addresses[0].display_name"), settings.org_name);
    EXPECT_EQ(python_says(mail, "'K\\u00f6nig & S\\u00f6hne' in m.get_payload(0).get_content()"), "True");
}

TEST(ReportMail, NamesOfAnyLengthStayWithinALine) {
    auto document = sample_document();
    std::string domain;
    while (domain.size() < 250) domain.append(49, 'd').append(".");
    document.policy_domain = domain.substr(0, 253);
    document.filename = document.policy_domain + "!" + document.policy_domain + "!1777593600!1777679999!" +
                        document.report_id + ".xml.gz";
    const auto mail = mail_of(document);
    EXPECT_TRUE(is_sound(mail));
    EXPECT_EQ(python_says(mail, "m.get_payload(1).get_filename()"), document.filename);
}

class FakeSigner : public MailSigner {
  public:
    explicit FakeSigner(bool works) : works_(works) {}
    Result<std::string> sign(std::string_view message, UtcSeconds signed_at) const override {
        if (!works_) return Error{"no key"};
        return "Signed-At: " + std::to_string(signed_at) + "\r\n" + std::string(message);
    }

  private:
    bool works_;
};

TEST(ReportMail, IsSignedAtTheTimeItWasMade) {
    const FakeSigner signer(true);
    const auto mail =
        compose_mail(sample_document(), "a@example.com", test::sample_report_settings(), &signer);
    ASSERT_TRUE(mail.has_value());
    EXPECT_EQ(*mail, "Signed-At: 1777683600\r\n" + mail_of(sample_document(), "a@example.com"));
}

TEST(ReportMail, TheSignersErrorIsTheResult) {
    const FakeSigner signer(false);
    const auto mail =
        compose_mail(sample_document(), "a@example.com", test::sample_report_settings(), &signer);
    ASSERT_FALSE(mail.has_value());
    EXPECT_EQ(mail.error().message, "no key");
}

TEST(SizeNotice, IsADocumentOfItsOwnForItsUri) {
    const auto document = sample_document();
    const auto settings = test::sample_report_settings();
    const auto notice = make_size_notice(document, "mailto:a@example.com", 12345, settings);
    EXPECT_EQ(notice.kind, store::DocumentKind::size_notice);
    EXPECT_EQ(notice.schema, "");
    EXPECT_EQ(notice.filename, "");
    EXPECT_EQ(notice.policy_domain, "example.com");
    EXPECT_EQ(notice.day, document.day);
    EXPECT_TRUE(notice.report_id.starts_with(document.report_id));
    EXPECT_NE(notice.report_id, document.report_id);
    EXPECT_EQ(notice.report_id, make_size_notice(document, "mailto:a@example.com", 9, settings).report_id);
    EXPECT_NE(notice.report_id, make_size_notice(document, "mailto:b@example.com", 9, settings).report_id);
}

TEST(SizeNotice, ItsMailIsTheGoldenFile) {
    auto notice = make_size_notice(sample_document(), "mailto:dmarc@example.com", 12345,
                                   test::sample_report_settings());
    notice.made_at += 3600;
    const auto mail = mail_of(notice);
    EXPECT_TRUE(is_sound(mail));
    EXPECT_EQ(std::regex_replace(mail, std::regex("\r\n"), "\n"), test::golden("size-notice-mail.txt"));
}

TEST(SizeNotice, HasEveryFieldOfRfc7489Section722Once) {
    const auto mail = mail_of(make_size_notice(sample_document(), "mailto:x%0D%0A@example.com\r\nA: b", 12345,
                                               test::sample_report_settings()));
    EXPECT_TRUE(is_sound(mail));
    for (const char* name :
         {"Report-Date", "Report-Domain", "Report-ID", "Report-Size", "Submitter", "Submitting-URI"})
        EXPECT_EQ(count_of(mail, "\r\n" + std::string(name) + ": "), 1U) << name;
    EXPECT_NE(mail.find("\r\nReport-Size: 12345\r\n"), std::string::npos);
    EXPECT_EQ(mail.find("\r\nA: b"), std::string::npos);
}

}  // namespace
}  // namespace defender::report
