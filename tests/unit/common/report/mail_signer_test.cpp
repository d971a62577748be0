#include "common/report/mail_signer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "common/auth/dkim_verification.hpp"
#include "common/base/text.hpp"
#include "tests/support/dkim_message.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

constexpr UtcSeconds signed_at = 1'777'683'600;

const std::string unsigned_mail =
    "From: Example Receiver <dmarc-reports@receiver.example>\r\n"
    "To: dmarc@example.com\r\n"
    "Date: Sat, 02 May 2026 01:00:00 +0000\r\n"
    "Message-ID: <a.b@receiver.example>\r\n"
    "MIME-Version: 1.0\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "Subject: Report Domain: example.com\r\n Submitter: receiver.example\r\n Report-ID: <a>\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "Line one  with blanks \r\n"
    "..\r\n"
    "\r\n";

/// A key pair as openssl makes it: the private key's file, and the key record.
class MailSignerTest : public ::testing::Test {
  protected:
    std::string make_key(const std::string& options, const std::string& name = "key.pem") {
        const auto file = folder_.file(name);
        const auto made = test::run_command("openssl genpkey " + options + " -out " + file);
        EXPECT_EQ(made.status, 0) << made.text;
        return file;
    }
    std::string key_record(const std::string& file) {
        const auto out = test::run_command("openssl pkey -pubout -outform DER -in " + file + " | base64 -w0");
        return "v=DKIM1; k=rsa; p=" + out.text;
    }
    std::string rsa(unsigned bits) {
        return make_key("-quiet -algorithm RSA -pkeyopt rsa_keygen_bits:" + std::to_string(bits));
    }
    std::string signed_mail(const std::string& key_file, const std::string& mail = unsigned_mail) {
        const auto signer = MailSigner::load("receiver.example", "s1", key_file);
        if (!signer) {
            ADD_FAILURE() << signer.error().message;
            return {};
        }
        const auto out = signer.value()->sign(mail, signed_at);
        EXPECT_TRUE(out.has_value()) << out.error().message;
        return out ? *out : std::string();
    }

    test::TemporaryFolder folder_;
};

std::string signature_of(const std::string& mail) {
    const auto end = std::regex_replace(mail, std::regex("\r\n[ \t]+"), " ");
    return end.substr(0, end.find("\r\n"));
}

void parse(const std::string& mail, test::DkimMessage& message) {
    message.fields.clear();
    const auto end = mail.find("\r\n\r\n");
    message.body = mail.substr(end + 4);
    const std::string header = mail.substr(0, end) + "\r\n";
    for (std::size_t begin = 0; begin < header.size();) {
        auto stop = header.find("\r\n", begin);
        while (stop + 2 < header.size() && (header[stop + 2] == ' ' || header[stop + 2] == '\t'))
            stop = header.find("\r\n", stop + 2);
        const auto colon = header.find(':', begin);
        message.fields.push_back(
            {header.substr(begin, colon - begin), header.substr(colon + 1, stop - colon - 1)});
        begin = stop + 2;
    }
    message.now = signed_at + 60;
}

TEST_F(MailSignerTest, ItsSignatureVerifiesByOurOwnVerification) {
    const auto key = rsa(2048);
    test::DkimMessage message;
    parse(signed_mail(key), message);
    message.resolver.add_txt("s1._domainkey.receiver.example", key_record(key));
    const auto verdict = message.verify_one();
    EXPECT_EQ(verdict.result, auth::DkimResult::pass) << verdict.reason;
    EXPECT_EQ(verdict.domain, "receiver.example");
    EXPECT_EQ(verdict.algorithm, "rsa-sha256");
    EXPECT_FALSE(verdict.unsigned_octets);
}

TEST_F(MailSignerTest, ItsSignatureVerifiesByAnotherImplementation) {
    const auto key = rsa(2048);
    test::write_file(folder_.file("mail"), signed_mail(key));
    test::write_file(folder_.file("record"), key_record(key));
    const auto verified = test::run_command(
        "/usr/bin/python3 " + std::string(DEFENDER_SOURCE_DIR) + "/tests/unit/common/report/verify_dkim.py " +
        folder_.file("mail") + " " + folder_.file("record") + " s1._domainkey.receiver.example");
    EXPECT_EQ(verified.text, "pass\n");
}

TEST_F(MailSignerTest, AChangedBodyOrFieldFailsAndASecondFromDoesNotPass) {
    const auto key = rsa(1024);
    const auto mail = signed_mail(key);
    const auto verdict_of = [&](const std::string& changed) {
        test::DkimMessage message;
        parse(changed, message);
        message.resolver.add_txt("s1._domainkey.receiver.example", key_record(key));
        return message.verify_one().result;
    };
    EXPECT_EQ(verdict_of(mail), auth::DkimResult::pass);
    EXPECT_EQ(verdict_of(std::regex_replace(mail, std::regex("Line one"), "Line two")),
              auth::DkimResult::fail);
    EXPECT_EQ(verdict_of(std::regex_replace(mail, std::regex("Report Domain"), "Report domain")),
              auth::DkimResult::fail);
    const auto subject = mail.find("Subject:");
    EXPECT_NE(verdict_of(mail.substr(0, subject) + "From: other@example.org\r\n" + mail.substr(subject)),
              auth::DkimResult::pass);
}

TEST_F(MailSignerTest, SaysWhatItSignsAndSignsFromOnceMore) {
    const auto signature = signature_of(signed_mail(rsa(1024)));
    EXPECT_NE(signature.find("c=relaxed/relaxed"), std::string::npos) << signature;
    EXPECT_NE(signature.find("a=rsa-sha256"), std::string::npos) << signature;
    EXPECT_NE(signature.find("t=1777683600"), std::string::npos) << signature;
    EXPECT_EQ(signature.find("l="), std::string::npos) << signature;
    std::smatch found;
    ASSERT_TRUE(std::regex_search(signature, found, std::regex("[ ;]h=([^;]*);")));
    std::string names = ":" + std::regex_replace(found[1].str(), std::regex(" "), "") + ":";
    std::transform(names.begin(), names.end(), names.begin(), [](char c) { return text::to_lower(c); });
    for (const char* name : {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"})
        EXPECT_NE(names.find(":" + std::string(name) + ":"), std::string::npos) << name << " in " << names;
    EXPECT_NE(names.find(":from:", names.find(":from:") + 1), std::string::npos) << names;
}

TEST_F(MailSignerTest, TheSameMailAtTheSameTimeGivesTheSameOctets) {
    const auto key = rsa(1024);
    EXPECT_EQ(signed_mail(key), signed_mail(key));
}

TEST_F(MailSignerTest, PutsTheSignatureInFrontAndChangesNothing) {
    const auto mail = signed_mail(rsa(1024));
    EXPECT_TRUE(mail.starts_with("DKIM-Signature: v=1;")) << mail;
    EXPECT_TRUE(mail.ends_with("\r\n" + unsigned_mail)) << mail;
    for (std::size_t at = 0; (at = mail.find('\n', at)) != std::string::npos; ++at)
        EXPECT_EQ(mail[at - 1], '\r') << "at " << at;
}

TEST_F(MailSignerTest, AKeyThatIsNoGoodIsFoundWhenItIsLoaded) {
    const auto load = [](const std::string& file) {
        return MailSigner::load("receiver.example", "s1", file);
    };
    test::write_file(folder_.file("text.pem"), "no key\n");
    test::write_file(folder_.file("empty.pem"), "");
    for (const auto& file : {folder_.file("none.pem"), folder_.file("text.pem"), folder_.file("empty.pem"),
                             rsa(512), make_key("-algorithm ED25519", "ed.pem"),
                             make_key("-algorithm RSA -aes128 -pass pass:secret", "locked.pem")}) {
        const auto signer = load(file);
        ASSERT_FALSE(signer.has_value()) << file;
        EXPECT_NE(signer.error().message.find(file), std::string::npos) << signer.error().message;
    }
}

TEST_F(MailSignerTest, ADomainOrSelectorThatIsNoneIsRefused) {
    const auto key = rsa(1024);
    EXPECT_FALSE(MailSigner::load("receiver example", "s1", key).has_value());
    EXPECT_FALSE(MailSigner::load("receiver.example", "s1; d=x", key).has_value());
    EXPECT_TRUE(MailSigner::load("receiver.example", "2026.s1", key).has_value());
}

}  // namespace
}  // namespace defender::report
