#include "common/report/failure_report_redaction.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace defender::report {
namespace {

const std::string key = "a secret";

/// The text with every token as T.
std::string shown(const std::string& text) {
    return std::regex_replace(redact_addresses(text, key), std::regex("[0-9a-f]{24}"), "T");
}

TEST(Redaction, TheLocalPartOfEveryAddressBecomesAToken) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", ""},
        {"no address", "no address"},
        {"user@example.com", "T@example.com"},
        {"<user.name+tag@example.com>", "<T@example.com>"},
        {"a@x.example, b@y.example", "T@x.example, T@y.example"},
        {"\"john \\\"q\\\" doe\"@example.com", "T@example.com"},
        {"say \"hi\" <user@example.com>", "say \"hi\" <T@example.com>"},
        {"user@[192.0.2.1]", "T@[192.0.2.1]"},
        {"m\xC3\xBCller@example.com", "T@example.com"},
        {"user%40example.com", "T%40example.com"},
        {"https://x.example/?e=user%40example.org", "https:T%40example.org"},
        {"i=user@example.com", "i=T@example.com"},
        {"i=@example.com", "i=@example.com"},
        {"spf=pass smtp.mailfrom=user@example.com;", "spf=pass smtp.mailfrom=T@example.com;"},
        {"bounce+u=example.org@list.example", "T@list.example"},
        {"(envelope-from <user@example.com>)", "(envelope-from <T@example.com>)"},
        {"for <user@example.com>;", "for <T@example.com>;"},
        {"@example.com", "@example.com"},
        {"a @ b", "a @ b"},
        {"user@", "user@"},
        {"a@b@c", "T@T@c"},
        {"@", "@"},
        {"%40", "%40"},
        {"%4", "%4"},
        {"\"@x", "\"@x"},
    };
    for (const auto& [text, redacted] : table) EXPECT_EQ(shown(text), redacted);
}

TEST(Redaction, EqualLocalPartsStayComparableUnderOneKey) {
    EXPECT_EQ(redact_addresses("User@a.example", key).substr(0, 24),
              redact_addresses("user@b.example", key).substr(0, 24));
    EXPECT_NE(redact_addresses("user@a.example", key), redact_addresses("uses@a.example", key));
    EXPECT_NE(redact_addresses("user@a.example", key), redact_addresses("user@a.example", "other"));
    EXPECT_NE(redact_addresses("bc@a.example", "a"), redact_addresses("c@a.example", "ab"));
}

TEST(Redaction, NothingOfALongLocalPartIsLeft) {
    const std::string local(5000, 'u');
    EXPECT_EQ(shown(local + "@example.com"), "T@example.com");
}

TEST(Redaction, ManyQuotesAndSignsTakeLinearTime) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += "\"@a";
    EXPECT_GE(redact_addresses(text, key).size(), text.size() / 3);
}

TEST(Redaction, MessageIdentifiersOfAHeaderStay) {
    const std::string header =
        "Message-ID: <1@example.com>\r\nReferences: <2@example.com>\r\n <3@example.com>\r\n"
        "in-reply-to : <4@example.com>\r\nFrom: A\r\n <user@example.com>\r\nX-Message-ID: "
        "<u@example.com>\r\n";
    const auto redacted = std::regex_replace(redact_header(header, key), std::regex("[0-9a-f]{24}"), "T");
    EXPECT_EQ(
        redacted,
        "Message-ID: <1@example.com>\r\nReferences: <2@example.com>\r\n <3@example.com>\r\n"
        "in-reply-to : <4@example.com>\r\nFrom: A\r\n <T@example.com>\r\nX-Message-ID: <T@example.com>\r\n");
}

TEST(Redaction, ALocalPartIsNeverTakenFromTheFieldBefore) {
    EXPECT_EQ(std::regex_replace(redact_header("A: b\r\n@c: d\r\n", key), std::regex("[0-9a-f]{24}"), "T"),
              "A: b\r\n@c: d\r\n");
}

}  // namespace
}  // namespace defender::report
