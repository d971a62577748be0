#include "common/report/smtp_client.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "common/config/host_name.hpp"
#include "common/config/settings_reader.hpp"
#include "tests/support/smtp_sink.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::report {
namespace {

using test::SmtpSink;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

config::ReportSettings settings_for(const SmtpSink& sink) {
    auto settings = config::default_settings()->report;
    settings.smtp = sink.url();
    settings.smtp_timeout = std::chrono::seconds(20);
    return settings;
}

std::unique_ptr<SmtpClient> client_for(const config::ReportSettings& settings) {
    auto made = SmtpClient::make(settings);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return std::move(made).value();
}

SmtpAnswer send(SmtpClient& client, const std::string& recipient = "r@there.example",
                const std::string& message = "Subject: x\r\n\r\nhello\r\n") {
    return client.send("us@here.example", recipient, message);
}

TEST(SmtpClient, HandsOverMailAndNamesThisHost) {
    SmtpSink sink;
    const auto client = client_for(settings_for(sink));
    const auto answer = send(*client);
    EXPECT_EQ(answer.outcome, SmtpOutcome::accepted);
    EXPECT_EQ(answer.code, 250);
    EXPECT_EQ(answer.text, "2.0.0 taken");
    ASSERT_THAT(sink.mails(), SizeIs(1));
    EXPECT_THAT(sink.mails()[0].from, StartsWith("<us@here.example>"));
    EXPECT_EQ(sink.mails()[0].recipient, "<r@there.example>");
    EXPECT_EQ(sink.mails()[0].message, "Subject: x\r\n\r\nhello\r\n");
    EXPECT_THAT(sink.lines(), Contains("EHLO " + config::host_name()));
}

TEST(SmtpClient, DotsAtTheBeginningOfLinesArriveAsTheyWere) {
    const std::string messages[] = {
        ".first\r\n",
        ".\r\n",
        "Subject: x\r\n\r\n.\r\n..\r\n...\r\n.x\r\nx.\r\n",
        "Subject: x\r\n\r\n" + std::string(300000, '.') + "\r\n.\r\n",
    };
    SmtpSink sink;
    const auto client = client_for(settings_for(sink));
    for (const auto& message : messages) {
        EXPECT_EQ(send(*client, "r@there.example", message).outcome, SmtpOutcome::accepted);
        EXPECT_EQ(sink.mails().back().message, message);
    }
}

TEST(SmtpClient, DotsSurviveWhereverTheMailIsCutIntoPieces) {
    SmtpSink sink;
    const auto client = client_for(settings_for(sink));
    std::string message;
    while (message.size() < 200000) message += "." + std::string(message.size() % 7, 'x') + "\r\n";
    EXPECT_EQ(send(*client, "r@there.example", message).outcome, SmtpOutcome::accepted);
    EXPECT_EQ(sink.mails().back().message, message);
}

TEST(SmtpClient, ConnectionIsKeptBetweenMails) {
    SmtpSink sink;
    const auto client = client_for(settings_for(sink));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    EXPECT_THAT(sink.mails(), SizeIs(3));
    EXPECT_EQ(sink.connections(), 1U);
}

TEST(SmtpClient, ConnectionThatTheServerEndedIsMadeAnew) {
    SmtpSink sink;
    const auto client = client_for(settings_for(sink));
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    sink.answer("MAIL FROM:", "421 4.4.2 you were idle", 1);
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    sink.answer("MAIL FROM:", SmtpSink::hang_up, 1);
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    EXPECT_THAT(sink.mails(), SizeIs(3));
    EXPECT_EQ(sink.connections(), 3U);
}

TEST(SmtpClient, RefusalsAndDeferralsOfTheRecipientHaveTheServersWords) {
    SmtpSink sink;
    sink.answer("RCPT TO:<gone@", "550 5.1.1 no such user");
    sink.answer("RCPT TO:<later@", "450-4.2.0 come\r\n450 4.2.0 again");
    const auto client = client_for(settings_for(sink));
    const auto gone = send(*client, "gone@there.example");
    EXPECT_EQ(gone.outcome, SmtpOutcome::refused);
    EXPECT_EQ(gone.code, 550);
    EXPECT_EQ(gone.text, "5.1.1 no such user");
    EXPECT_FALSE(gone.server_is_at_fault);
    const auto later = send(*client, "later@there.example");
    EXPECT_EQ(later.outcome, SmtpOutcome::retry);
    EXPECT_EQ(later.code, 450);
    EXPECT_EQ(later.text, "4.2.0 come 4.2.0 again");
    EXPECT_FALSE(later.server_is_at_fault);
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    EXPECT_THAT(sink.mails(), SizeIs(1));
}

TEST(SmtpClient, MailRefusedAtDataOrAtItsEndIsTheMailsFault) {
    SmtpSink sink;
    sink.answer("DATA", "554 5.5.1 no", 1);
    sink.answer(".", "552 5.3.4 too large", 1);
    sink.answer(".", "452 4.3.1 full", 1);
    const auto client = client_for(settings_for(sink));
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::refused);
    const auto refused = send(*client);
    EXPECT_EQ(refused.outcome, SmtpOutcome::refused);
    EXPECT_EQ(refused.code, 552);
    const auto full = send(*client);
    EXPECT_EQ(full.outcome, SmtpOutcome::retry);
    EXPECT_FALSE(full.server_is_at_fault);
}

TEST(SmtpClient, LostAnswerToTheEndOfDataIsToBeTriedAgain) {
    SmtpSink sink;
    sink.answer(".", SmtpSink::hang_up, 1);
    const auto client = client_for(settings_for(sink));
    const auto lost = send(*client);
    EXPECT_EQ(lost.outcome, SmtpOutcome::retry);
    EXPECT_EQ(lost.code, 0);
    EXPECT_FALSE(lost.server_is_at_fault);
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);
    EXPECT_THAT(sink.mails(), SizeIs(2));
}

TEST(SmtpClient, ServerThatSaysNothingIsGivenUpInTime) {
    struct Case {
        std::string where;
        bool server;
    };
    for (const auto& c : {Case{"CONNECT", true}, Case{"RCPT", false}, Case{".", false}}) {
        SmtpSink sink;
        sink.answer(c.where, SmtpSink::hang);
        auto settings = settings_for(sink);
        settings.smtp_timeout = std::chrono::seconds(1);
        const auto answer = send(*client_for(settings));
        EXPECT_EQ(answer.outcome, SmtpOutcome::retry) << c.where;
        EXPECT_EQ(answer.server_is_at_fault, c.server) << c.where << answer.text;
    }
}

TEST(SmtpClient, ServerThatCannotBeUsedIsAtFault) {
    auto settings = config::default_settings()->report;
    {
        const SmtpSink sink;
        settings.smtp = sink.url();
    }
    const auto answer = send(*client_for(settings));
    EXPECT_EQ(answer.outcome, SmtpOutcome::retry);
    EXPECT_TRUE(answer.server_is_at_fault);
    EXPECT_EQ(answer.code, 0);
    EXPECT_THAT(answer.text, Not(IsEmpty()));

    SmtpSink busy;
    busy.answer("CONNECT", "554 5.3.2 no service");
    EXPECT_TRUE(send(*client_for(settings_for(busy))).server_is_at_fault);
    SmtpSink strict;
    strict.answer("MAIL FROM:", "550 5.7.1 not your domain");
    const auto refused = send(*client_for(settings_for(strict)));
    EXPECT_TRUE(refused.server_is_at_fault);
    EXPECT_EQ(refused.outcome, SmtpOutcome::retry);
    EXPECT_EQ(refused.text, "5.7.1 not your domain");
}

TEST(SmtpClient, RecipientsBeyondAsciiNeedSmtpUtf8) {
    SmtpSink plain;
    const auto client = client_for(settings_for(plain));
    const auto refused = send(*client, "\xC3\xBC@there.example");
    EXPECT_EQ(refused.outcome, SmtpOutcome::refused);
    EXPECT_FALSE(refused.server_is_at_fault);
    EXPECT_THAT(refused.text, HasSubstr("SMTPUTF8"));
    EXPECT_THAT(plain.mails(), IsEmpty());
    EXPECT_EQ(send(*client).outcome, SmtpOutcome::accepted);

    SmtpSink able({"SMTPUTF8"});
    EXPECT_EQ(send(*client_for(settings_for(able)), "\xC3\xBC@there.example").outcome, SmtpOutcome::accepted);
    ASSERT_THAT(able.mails(), SizeIs(1));
    EXPECT_EQ(able.mails()[0].recipient, "<\xC3\xBC@there.example>");
    EXPECT_THAT(able.mails()[0].from, HasSubstr("SMTPUTF8"));
}

/// Who logs in, and where the password is.
struct Login {
    explicit Login(config::ReportSettings& settings, const std::string& octets = "se cret\r\nmore\n") {
        settings.smtp_user = "user";
        settings.smtp_password_file = folder.file("password");
        std::ofstream(settings.smtp_password_file) << octets;
    }
    test::TemporaryFolder folder;
};

TEST(SmtpClient, LogsInWithThePasswordOfTheFile) {
    SmtpSink sink({"AUTH PLAIN"});
    auto settings = settings_for(sink);
    const Login login(settings);
    EXPECT_EQ(send(*client_for(settings)).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(sink.mails(), SizeIs(1));
    EXPECT_EQ(sink.mails()[0].login, "AHVzZXIAc2UgY3JldA==");  // NUL user NUL "se cret"
}

TEST(SmtpClient, FailedLoginIsTheServersFaultAndTellsNoPassword) {
    SmtpSink sink({"AUTH PLAIN"});
    sink.answer("LOGIN", "535 5.7.8 wrong");
    auto settings = settings_for(sink);
    const Login login(settings);
    const auto answer = send(*client_for(settings));
    EXPECT_TRUE(answer.server_is_at_fault);
    EXPECT_EQ(answer.outcome, SmtpOutcome::retry);
    EXPECT_THAT(answer.text, AllOf(Not(HasSubstr("cret")), Not(HasSubstr("AHVz"))));
}

TEST(SmtpClient, RefusalByAServerThatOffersNoLoginIsNotHeldAgainstTheRecipient) {
    SmtpSink sink;
    sink.answer("RCPT TO:", "554 5.7.1 relay access denied");
    auto settings = settings_for(sink);
    const Login login(settings);
    const auto answer = send(*client_for(settings));
    EXPECT_EQ(answer.outcome, SmtpOutcome::retry);
    EXPECT_TRUE(answer.server_is_at_fault);
}

TEST(SmtpClient, FilesThatCannotBeReadAreNamed) {
    auto settings = config::default_settings()->report;
    settings.smtp_user = "user";
    settings.smtp_password_file = "/nonexistent/password";
    auto made = SmtpClient::make(settings);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("/nonexistent/password"));
    for (const auto* octets : {"", "\n", "\r\n"}) {
        const Login login(settings, octets);
        EXPECT_FALSE(SmtpClient::make(settings));
    }
    settings.smtp_user = "";
    settings.smtp_ca_file = "/nonexistent/ca.pem";
    made = SmtpClient::make(settings);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("/nonexistent/ca.pem"));
}

class SmtpClientTls : public ::testing::Test {
  protected:
    /// Settings with the certificate trusted.
    config::ReportSettings trusting(const SmtpSink& sink, const test::TlsCertificate& certificate) {
        auto settings = settings_for(sink);
        settings.smtp_ca_file = folder_.file("ca.pem");
        std::ofstream(settings.smtp_ca_file) << certificate.certificate();
        return settings;
    }
    test::TemporaryFolder folder_;
    test::TlsCertificate certificate_;
};

TEST_F(SmtpClientTls, OpportunisticTakesTlsWhereItIsOfferedAndLooksAtNoCertificate) {
    SmtpSink with({"STARTTLS"}, &certificate_);
    EXPECT_EQ(send(*client_for(settings_for(with))).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(with.mails(), SizeIs(1));
    EXPECT_TRUE(with.mails()[0].tls);
    SmtpSink without;
    EXPECT_EQ(send(*client_for(settings_for(without))).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(without.mails(), SizeIs(1));
    EXPECT_FALSE(without.mails()[0].tls);
}

TEST_F(SmtpClientTls, NoneUsesNone) {
    SmtpSink sink({"STARTTLS"}, &certificate_);
    auto settings = settings_for(sink);
    settings.smtp_tls = config::SmtpTls::none;
    EXPECT_EQ(send(*client_for(settings)).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(sink.mails(), SizeIs(1));
    EXPECT_FALSE(sink.mails()[0].tls);
}

TEST_F(SmtpClientTls, RequiredNeedsTlsWithACertificateThatIsTrusted) {
    SmtpSink sink({"STARTTLS"}, &certificate_);
    auto settings = trusting(sink, certificate_);
    settings.smtp_tls = config::SmtpTls::required;
    EXPECT_EQ(send(*client_for(settings)).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(sink.mails(), SizeIs(1));
    EXPECT_TRUE(sink.mails()[0].tls);

    settings.smtp_ca_file = "";
    EXPECT_TRUE(send(*client_for(settings)).server_is_at_fault);
    const test::TlsCertificate other;
    auto elsewhere = trusting(sink, other);
    elsewhere.smtp_tls = config::SmtpTls::required;
    EXPECT_TRUE(send(*client_for(elsewhere)).server_is_at_fault);
    SmtpSink without;
    auto bare = trusting(without, certificate_);
    bare.smtp_tls = config::SmtpTls::required;
    EXPECT_TRUE(send(*client_for(bare)).server_is_at_fault);
    EXPECT_THAT(without.mails(), IsEmpty());
    EXPECT_THAT(sink.mails(), SizeIs(1));
}

TEST_F(SmtpClientTls, CertificateOfAnotherHostIsNotTrusted) {
    const test::TlsCertificate other("other.example", "127.0.0.9");
    SmtpSink sink({"STARTTLS"}, &other);
    auto settings = trusting(sink, other);
    settings.smtp_tls = config::SmtpTls::required;
    EXPECT_TRUE(send(*client_for(settings)).server_is_at_fault);
}

TEST_F(SmtpClientTls, SmtpsHasTlsAtOnceAndLooksAtTheCertificate) {
    SmtpSink sink({}, &certificate_, true);
    EXPECT_EQ(send(*client_for(trusting(sink, certificate_))).outcome, SmtpOutcome::accepted);
    ASSERT_THAT(sink.mails(), SizeIs(1));
    EXPECT_TRUE(sink.mails()[0].tls);
    EXPECT_TRUE(send(*client_for(settings_for(sink))).server_is_at_fault);
}

}  // namespace
}  // namespace defender::report
