#include "common/mail/author.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/text.hpp"

namespace defender::mail {
namespace {

using namespace std::string_view_literals;

std::string domains_of(const Author& author) {
    std::vector<std::string> names;
    for (const auto& domain : author.domains) names.push_back(domain.text());
    return text::join(names, " ");
}

/// The domains, or the status where that is not ok.
std::string outcome(const Author& author) {
    return author.status == AuthorStatus::ok ? domains_of(author) : std::string(to_string(author.status));
}

std::string from(std::string_view value, std::size_t max_domains = 10) {
    return outcome(parse_from(value, max_domains));
}

TEST(Author, TheDomainIsThatOfTheAddressNotOfTheDisplayName) {
    EXPECT_EQ(from("\"\\\"Acme, Inc.\\\"\" <u@d.example>"), "d.example");
    EXPECT_EQ(from("\"ceo@bank.example\" <u@d.example>"), "d.example");
    EXPECT_EQ(from("\"x <a@junk.example>\"@d.example"), "d.example");
    EXPECT_EQ(from("=?utf-8?B?Y2VvQGJhbmsuZXhhbXBsZQ==?= <u@d.example>"), "d.example");
    EXPECT_EQ(from("u@d.example (a@junk.example)"), "d.example");
    EXPECT_EQ(from("<@junk.example:u@d.example>"), "d.example");
}

TEST(Author, TheLocalPartIsUnquoted) {
    const auto author = parse_from("\"x <a@junk>\"@d", 10);
    ASSERT_EQ(author.mailboxes.size(), 1U);
    EXPECT_EQ(author.mailboxes[0].local_part, "x <a@junk>");
    EXPECT_EQ(author.mailboxes[0].domain.text(), "d");
    EXPECT_EQ(author.reason, "");
}

TEST(Author, HostileLooksAreMalformedNotHalfRead) {
    for (const auto value :
         {"u@d>"sv, "<any@legit.example(a.attack.example>"sv, "a@b@c"sv, "Acme, Inc. <u@d>"sv, "u@d\0.evil"sv,
          "u@d\n"sv, "u@d\r.e"sv, "u@d .e f"sv, "victim@a.example <u@d>"sv, ""sv}) {
        EXPECT_EQ(from(value), "malformed") << value;
    }
}

TEST(Author, DomainsThatAreNoDomainNameAreNoDomainAndNeverCutDown) {
    for (const auto value : {"u@[192.0.2.1]", "u@legit.example'a.attack.example", "u@d!e", "u@-d",
                             "u@192.0.2.1", "<root>", "u@d/e", "u@[d.example]"}) {
        EXPECT_EQ(from(value), "no_domain") << value;
    }
}

TEST(Author, DomainsAreLowerCaseALabelsWithoutTrailingDot) {
    EXPECT_EQ(from("u@D.Example."), "d.example");
    EXPECT_EQ(from("u@B\xc3\x9c"
                   "CHER.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(from("u@stra\xc3\x9f"
                   "e.example"),
              "xn--strae-oqa.example");
    EXPECT_EQ(from("u@XN--BCHER-KVA.example, v@b\xc3\xbc"
                   "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(from("u@d\xe3\x80\x82"
                   "example"),
              "d.example");
}

TEST(Author, SeveralMailboxesGiveEachDifferentDomainOnceInOrder) {
    const auto author = parse_from("a@b.example, c@a.example, D <d@B.EXAMPLE>", 10);
    EXPECT_EQ(outcome(author), "b.example a.example");
    ASSERT_EQ(author.mailboxes.size(), 3U);
    EXPECT_EQ(author.mailboxes[2].local_part, "d");
    EXPECT_EQ(author.mailboxes[2].domain.text(), "b.example");
}

TEST(Author, GroupsCountByTheirMembers) {
    EXPECT_EQ(from("G: a@b.example, c@d.example;"), "b.example d.example");
    EXPECT_EQ(from("undisclosed:;"), "no_domain");
    EXPECT_EQ(from("A:;, B:;"), "no_domain");
    EXPECT_EQ(from("A:;, u@d.example"), "d.example");
}

TEST(Author, OneAddressWithoutDomainSpoilsTheField) {
    EXPECT_EQ(from("u@d.example, v@[192.0.2.1]"), "no_domain");
    EXPECT_EQ(from("<root>, u@d.example"), "no_domain");
}

TEST(Author, TheLimitOfDomainsCountsDifferentOnes) {
    EXPECT_EQ(from("a@x.example, b@y.example", 2), "x.example y.example");
    EXPECT_EQ(from("a@x.example, b@y.example, c@X.example", 2), "x.example y.example");
    EXPECT_EQ(from("a@x.example, b@y.example, c@z.example", 2), "too_many_domains");
    EXPECT_EQ(from("a@x.example", 0), "too_many_domains");
}

TEST(Author, MalformedOutranksNoDomainAndThatTooManyDomains) {
    EXPECT_EQ(from("a@x.example, b@y.example, c@[d]", 1), "no_domain");
    EXPECT_EQ(from("c@[d], a@x.example, b@y.example", 1), "no_domain");
    EXPECT_EQ(from("a@x.example, b@y.example, c@[d], e", 1), "malformed");
}

TEST(Author, WhatIsNotOkHasAReasonAndNothingElse) {
    for (const auto value : {"u", "u@[d]", "a@x.example, b@y.example", "G:;", ""}) {
        const auto author = parse_from(value, 1);
        EXPECT_NE(author.status, AuthorStatus::ok) << value;
        EXPECT_NE(author.reason, "") << value;
        EXPECT_TRUE(author.mailboxes.empty()) << value;
        EXPECT_TRUE(author.domains.empty()) << value;
    }
    EXPECT_EQ(parse_from("a@x.example, b@y.example", 1).reason, "more than 1 different author domains");
    EXPECT_EQ(parse_from("u@d!e", 1).reason, "an address in 'd!e', which is no domain");
    EXPECT_EQ(parse_from("<root>", 1).reason, "an address without a domain");
    EXPECT_EQ(parse_from("G:;", 1).reason, "only empty groups");
}

TEST(Author, ReasonsArePrintableAndShort) {
    const auto author = parse_from("u@" + std::string(5000, 'x') + "\xc3\xbc", 1);
    EXPECT_EQ(author.status, AuthorStatus::no_domain);
    EXPECT_LE(author.reason.size(), 200U);
    EXPECT_TRUE(std::all_of(author.reason.begin(), author.reason.end(), text::is_printable));
    const auto escape = parse_from("u@[\x1b[31m]", 1);
    EXPECT_TRUE(std::all_of(escape.reason.begin(), escape.reason.end(), text::is_printable));
}

TEST(Author, EveryStatusHasAName) {
    EXPECT_EQ(to_string(AuthorStatus::ok), "ok");
    EXPECT_EQ(to_string(AuthorStatus::missing), "missing");
    EXPECT_EQ(to_string(AuthorStatus::multiple_fields), "multiple_fields");
    EXPECT_EQ(to_string(AuthorStatus::malformed), "malformed");
    EXPECT_EQ(to_string(AuthorStatus::no_domain), "no_domain");
    EXPECT_EQ(to_string(AuthorStatus::too_many_domains), "too_many_domains");
}

TEST(AuthorOf, TakesTheOneFromFieldAndNoOther) {
    const HeaderFields fields{{"Sender", " s@sender.example"},
                              {"Reply-To", " r@reply.example"},
                              {"From", " u@d.example"},
                              {"Resent-From", " r@resent.example"},
                              {"X-From", " x@x.example"}};
    EXPECT_EQ(outcome(author_of(fields, 10)), "d.example");
}

TEST(AuthorOf, TheNameIsComparedWithoutCaseAndTrailingBlanks) {
    for (const auto name : {"From", "FROM", "from", "fRoM ", "From\t "}) {
        EXPECT_EQ(outcome(author_of({{name, " u@d.example"}}, 10)), "d.example") << name;
    }
}

TEST(AuthorOf, NoFromFieldIsMissingWhateverElseIsThere) {
    EXPECT_EQ(outcome(author_of({}, 10)), "missing");
    EXPECT_EQ(outcome(author_of({{"Sender", " s@d.example"}, {"Fro", " x@y"}, {"Fromm", " x@y"}}, 10)),
              "missing");
}

TEST(AuthorOf, TwoFromFieldsAreMultipleAlsoWhereTheyAreEqualOrSpelledDifferently) {
    EXPECT_EQ(outcome(author_of({{"From", " u@d"}, {"From", " u@d"}}, 10)), "multiple_fields");
    EXPECT_EQ(outcome(author_of({{"From ", " u@d"}, {"To", " t@t"}, {"fROM", " v@e"}}, 10)),
              "multiple_fields");
    EXPECT_EQ(outcome(author_of({{"From", ""}, {"From", " v@e"}}, 10)), "multiple_fields");
}

TEST(AuthorSize, TenThousandAddressesAreReadAndAHundredKept) {
    std::string one_domain, many_domains;
    for (int i = 0; i < 10000; ++i) {
        one_domain += "u" + std::to_string(i) + "@d.example, ";
        many_domains += "u@d" + std::to_string(i) + ".example, ";
    }
    const auto author = parse_from(one_domain, 10);
    EXPECT_EQ(outcome(author), "d.example");
    EXPECT_EQ(author.mailboxes.size(), 100U);
    EXPECT_EQ(author.mailboxes.back().local_part, "u99");
    EXPECT_EQ(from(many_domains, 10), "too_many_domains");
    EXPECT_EQ(parse_from(many_domains, 10000).domains.size(), 10000U);
}

/// An eighth of a megabyte, and a whole one, of what makes careless parsers quadratic or recursive. There is
/// no clock here: such a parser would run for minutes or overflow its stack, and the test's time limit is
/// enough to show it.
TEST(AuthorSize, AMegabyteOfAnythingIsReadInOneGo) {
    constexpr std::size_t megabyte = 1 << 20;
    const auto repeated = [](std::string_view unit, std::size_t size) {
        std::string out;
        while (out.size() < size) out += unit;
        return out;
    };
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"(", "malformed"},
        {"()", "d.example"},
        {"\"", "d.example"},
        {"\\", "malformed"},
        {"<", "malformed"},
        {"@", "malformed"},
        {",", "d.example"},
        {":", "malformed"},
        {";", "malformed"},
        {".", "d.example"},
        {"[", "malformed"},
        {"a", "d.example"},
        {"a.", "d.example"},
        {"a ", "d.example"},
        {"\"\" ", "d.example"},
        {"a:;,", "d.example"},
        {"<@a,", "malformed"},
        {"(a)a", "d.example"},
        {"\r\n ", "d.example"},
        {"a@b,", "b d.example"},
        {"<a@b>,", "b d.example"},
        {"=?x?q?y?= ", "d.example"},
        {"\xc3\xbc@\xc3\xbc,", "xn--tda d.example"}};
    for (const auto& [unit, expected] : cases) {
        EXPECT_EQ(from(repeated(unit, megabyte / 8) + "<u@d.example>"), expected) << unit;
    }
    EXPECT_EQ(from(repeated("name ", megabyte) + "<u@d.example>"), "d.example");
    EXPECT_EQ(from(repeated("(c)", megabyte) + "u@d.example"), "d.example");
    EXPECT_EQ(from("u@d.example" + repeated(",", megabyte)), "d.example");
}

}  // namespace
}  // namespace defender::mail
