#include "common/report/mime.hpp"

#include <gtest/gtest.h>

#include <random>

#include "common/mail/address_list.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

using Words = std::vector<std::string>;

TEST(Rfc5322Date, IsUtcAndInEnglish) {
    const std::vector<std::pair<UtcSeconds, std::string>> table{
        {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {951'782'399, "Mon, 28 Feb 2000 23:59:59 +0000"},
        {951'782'400, "Tue, 29 Feb 2000 00:00:00 +0000"},
        {1'777'683'600, "Sat, 02 May 2026 01:00:00 +0000"},
        {4'102'444'799, "Thu, 31 Dec 2099 23:59:59 +0000"},
        {-1, "Wed, 31 Dec 1969 23:59:59 +0000"},
    };
    for (const auto& [moment, text] : table) EXPECT_EQ(rfc5322_date(moment), text);
}

TEST(HeaderField, IsFoldedBeforeWordsThatDoNotFit) {
    EXPECT_EQ(header_field("A", {}), "A:\r\n");
    EXPECT_EQ(header_field("A", {"b", "c"}), "A: b c\r\n");
    const std::string word(40, 'x');
    EXPECT_EQ(header_field("Name", {word, word, "y"}), "Name: " + word + "\r\n " + word + " y\r\n");
    const std::string long_word(200, 'x');
    EXPECT_EQ(header_field("Name", {long_word, "y"}), "Name: " + long_word + "\r\n y\r\n")
        << "no line of blanks alone";
}

TEST(HeaderField, NoWordMakesAFieldOfItsOwn) {
    EXPECT_EQ(header_field("A", {"b\r\nBcc: x", std::string("\0\t\x7f\xC3", 4)}), "A: b??Bcc: x ????\r\n");
}

TEST(HeaderField, NoLineIsLongerThanALineMayBe) {
    const auto field = header_field("Submitting-URI", {std::string(5000, 'u')});
    EXPECT_LE(field.size(), 1000U);
}

TEST(UnstructuredWords, AreEncodedWhereTheyAreNotAscii) {
    EXPECT_EQ(unstructured_words(" two  words "), (Words{"two", "words"}));
    EXPECT_EQ(unstructured_words("M\xC3\xBCller"), (Words{"=?utf-8?B?TcO8bGxlcg==?="}));
    EXPECT_EQ(unstructured_words("a\r\nBcc: b"), (Words{"a", "Bcc:", "b"}));
    EXPECT_EQ(unstructured_words("=?utf-8?Q?a?="), (Words{"=?utf-8?B?PT91dGYtOD9RP2E/PQ==?="}))
        << "what looks encoded is said as it is";
}

TEST(UnstructuredWords, NoEncodedWordIsTooLongOrCutsACharacter) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += i % 3 == 0 ? "\xF0\x9F\x93\xA7" : "\xC3\xBC";
    const auto words = unstructured_words(text);
    EXPECT_GT(words.size(), 1U);
    const test::TemporaryFolder folder;
    test::write_file(folder.file("field"), header_field("Subject", words));
    const auto decoded = test::run_command(
        "/usr/bin/python3 -c \"import email,email.policy,sys; m=email.message_from_binary_file(open('" +
        folder.file("field") +
        "','rb'),policy=email.policy.default); sys.stdout.buffer.write(m['subject'].encode())\"");
    EXPECT_EQ(decoded.text, text);
    for (const auto& word : words) EXPECT_LE(word.size(), 75U);
}

TEST(MailboxWords, QuoteAndEncodeTheNameAsItNeeds) {
    const std::string a = "a@example.com";
    const std::vector<std::pair<std::string, Words>> table{
        {"", {a}},
        {"  ", {a}},
        {"Example Ltd", {"Example", "Ltd", "<a@example.com>"}},
        {"Example, Inc.", {"\"Example, Inc.\"", "<a@example.com>"}},
        {"a \"b\" \\", {"\"a \\\"b\\\" \\\\\"", "<a@example.com>"}},
        {"M\xC3\xBCller", {"=?utf-8?B?TcO8bGxlcg==?=", "<a@example.com>"}},
        {"x\r\nBcc: y", {"\"x  Bcc: y\"", "<a@example.com>"}},
    };
    for (const auto& [name, words] : table) EXPECT_EQ(mailbox_words(name, a), words) << name;
}

TEST(MailboxWords, AnAddressIsQuotedOrRefused) {
    const std::vector<std::pair<std::string, Words>> table{
        {"a.b+c@example.com", {"a.b+c@example.com"}},
        {"a b@example.com", {"\"a b\"@example.com"}},
        {"a..b@example.com", {"\"a..b\"@example.com"}},
        {"a\"b\\c@example.com", {"\"a\\\"b\\\\c\"@example.com"}},
        {"a@[192.0.2.1]", {"a@[192.0.2.1]"}},
        {"a@b@example.com", {"\"a@b\"@example.com"}},
        {"@example.com", {}},
        {"a", {}},
        {"", {}},
        {"a@", {}},
        {"a@exa mple.com", {}},
        {"a@example.com>", {}},
        {"a@example.com\r\nBcc: b@c", {}},
        {"a\r\n@example.com", {}},
        {"m\xC3\xBC@example.com", {}},
        {"a@[", {}},
        {"a@[]x]", {}},
        {std::string(400, 'a') + "@example.com", {}},
    };
    for (const auto& [address, words] : table) EXPECT_EQ(mailbox_words("", address), words) << address;
}

TEST(MailboxWords, OfAnyAddressAreReadAsOneAddressOrNone) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string letters = "ab.\"\\@<>(),;: \r\n\t[]x\xC3";
    for (int round = 0; round < 5000; ++round) {
        std::string address;
        for (auto length = random() % 12; length > 0; --length) address += letters[random() % letters.size()];
        const auto words = mailbox_words("N, (\"", address);
        if (words.empty()) continue;
        int found = 0;
        const auto field = header_field("To", words);
        const auto status =
            mail::parse_address_list(field.substr(3, field.size() - 5), [&](const mail::AddressSpec& spec) {
                ++found;
                EXPECT_EQ(spec.local_part + "@" + spec.domain, address);
            });
        EXPECT_TRUE(status.has_value()) << field;
        EXPECT_EQ(found, 1) << field;
    }
}

TEST(Base64Lines, HaveAtMostSeventySixColumns) {
    EXPECT_EQ(base64_lines(""), "");
    EXPECT_EQ(base64_lines("abc"), "YWJj\r\n");
    EXPECT_EQ(base64_lines(std::string(57, 'a')).size(), 78U);
    EXPECT_EQ(base64_lines(std::string(58, 'a')).find("\r\n"), 76U);
}

TEST(EncodeLines, KeepsShortAsciiAndEncodesTheRest) {
    EXPECT_EQ(encode_lines("a\tb\nc\n").encoding, "7bit");
    EXPECT_EQ(encode_lines("a\tb\r\nc").text, "a\tb\r\nc\r\n");
    EXPECT_EQ(encode_lines("").text, "");
    EXPECT_EQ(encode_lines(std::string(998, 'a')).encoding, "7bit");
    EXPECT_EQ(encode_lines(std::string(999, 'a')).encoding, "quoted-printable");
    const auto encoded = encode_lines("m\xC3\xBC = \nend \n");
    EXPECT_EQ(encoded.encoding, "quoted-printable");
    EXPECT_EQ(encoded.text, "m=C3=BC =3D=20\r\nend=20\r\n");
}

TEST(EncodeLines, QuotedPrintableLinesAreShortAndReadBack) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string octets(3000, '\0');
    for (auto& c : octets) {
        c = random() % 4 == 0 ? static_cast<char>(random() & 0xffU) : static_cast<char>('a' + random() % 20);
        if (c == '\r' || c == '\n') c = ' ';
    }
    const auto encoded = encode_lines(octets);
    for (std::size_t begin = 0; begin < encoded.text.size();) {
        const auto end = encoded.text.find("\r\n", begin);
        EXPECT_LE(end - begin, 76U);
        begin = end + 2;
    }
    const test::TemporaryFolder folder;
    test::write_file(folder.file("qp"), encoded.text);
    EXPECT_EQ(test::run_command("/usr/bin/python3 -c \"import quopri,sys; sys.stdout.buffer.write(quopri."
                                "decodestring(open('" +
                                folder.file("qp") + "','rb').read()))\"")
                  .text,
              octets + "\r\n");
}

TEST(JoinParts, TheDelimiterOccursInNoPart) {
    const auto plain = join_parts("seed", {"a\r\n\r\nb\r\n", "c"});
    EXPECT_EQ(plain.boundary, "=_seed.0");
    EXPECT_EQ(plain.body, "--=_seed.0\r\na\r\n\r\nb\r\n\r\n--=_seed.0\r\nc\r\n--=_seed.0--\r\n");
    EXPECT_EQ(join_parts("s\r\ne: \"d\"", {}).boundary, "=_sed.0");
    EXPECT_EQ(join_parts(std::string(500, 's'), {}).boundary.size(), 64U);
    EXPECT_EQ(join_parts("seed", {"x\r\n--=_seed.0--\r\n", "=_seed.1"}).boundary, "=_seed.2");
}

}  // namespace
}  // namespace defender::report
