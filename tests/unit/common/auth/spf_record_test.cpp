#include "common/auth/spf_record.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

SpfTerm only_term(std::string_view text) {
    const auto record = parse_spf_record("v=spf1 " + std::string(text));
    EXPECT_TRUE(record) << text;
    EXPECT_EQ(record->terms.size(), 1U) << text;
    return record->terms.at(0);
}

bool matches(std::string_view term, std::string_view client) {
    return network_matches(only_term(term), IpAddress::parse(client).value());
}

TEST(SpfRecord, IsKnownByItsVersionAndABlankOrTheEnd) {
    for (const auto* text : {"v=spf1", "v=spf1 -all", "V=sPf1 mx", "v=spf1 ", "v=spf1 no such term"}) {
        EXPECT_TRUE(is_spf_record(text)) << text;
    }
    for (const auto* text :
         {"", "v=spf", "v=spf10", "v=spf1mx", "v=spf1\tmx", " v=spf1", "v=spf2.0/pra", "v=spf1.0"}) {
        EXPECT_FALSE(is_spf_record(text)) << text;
    }
}

TEST(SpfRecord, HasNoTermsWhereThereAreNone) {
    for (const auto* text : {"v=spf1", "v=spf1 ", "v=spf1    "}) {
        const auto record = parse_spf_record(text);
        ASSERT_TRUE(record);
        EXPECT_TRUE(record->terms.empty());
        EXPECT_FALSE(record->redirect);
    }
}

TEST(SpfRecord, TakesSeveralBlanksBetweenTermsAndBehindThem) {
    EXPECT_EQ(parse_spf_record("v=spf1   a    -all  ")->terms.size(), 2U);
}

TEST(SpfRecord, ReadsQualifiersAndKeepsTheTextWithoutThem) {
    const std::pair<std::string_view, SpfQualifier> table[] = {{"all", SpfQualifier::pass},
                                                               {"+all", SpfQualifier::pass},
                                                               {"-all", SpfQualifier::fail},
                                                               {"~all", SpfQualifier::softfail},
                                                               {"?all", SpfQualifier::neutral}};
    for (const auto& [text, qualifier] : table) {
        EXPECT_EQ(only_term(text).qualifier, qualifier) << text;
        EXPECT_EQ(only_term(text).text, "all");
    }
}

TEST(SpfRecord, ReadsMechanismsInAnyCase) {
    EXPECT_EQ(only_term("ALL").mechanism, SpfMechanism::all);
    EXPECT_EQ(only_term("Include:a.example").mechanism, SpfMechanism::include);
    EXPECT_EQ(only_term("A").mechanism, SpfMechanism::a);
    EXPECT_EQ(only_term("mX").mechanism, SpfMechanism::mx);
    EXPECT_EQ(only_term("PTR").mechanism, SpfMechanism::ptr);
    EXPECT_EQ(only_term("IP4:192.0.2.1").mechanism, SpfMechanism::ip4);
    EXPECT_EQ(only_term("iP6:::").mechanism, SpfMechanism::ip6);
    EXPECT_EQ(only_term("Exists:a.example").mechanism, SpfMechanism::exists);
}

TEST(SpfRecord, ReadsTheLengthsOfAddressTerms) {
    const auto check = [](std::string_view text, unsigned v4, unsigned v6, bool domain) {
        const auto term = only_term(text);
        EXPECT_EQ(term.ip4_length, v4) << text;
        EXPECT_EQ(term.ip6_length, v6) << text;
        EXPECT_EQ(term.domain.has_value(), domain) << text;
    };
    check("a", 32, 128, false);
    check("a/0", 0, 128, false);
    check("a/24", 24, 128, false);
    check("a//64", 32, 64, false);
    check("a/24//64", 24, 64, false);
    check("mx:a.example/32//128", 32, 128, true);
    check("mx:a.example//0", 32, 0, true);
    check("a:foo/24.example/8", 8, 128, true);
    check("a:%{d/}/24", 24, 128, true);
}

TEST(SpfRecord, RefusesTermsOutsideTheGrammar) {
    for (const auto* text : {"moo",
                             "all.",
                             "all:foo",
                             "all/8",
                             "-all=",
                             "+",
                             "-",
                             "--all",
                             "- all",
                             "a:",
                             "a/",
                             "a/33",
                             "a//129",
                             "a/032",
                             "a//064",
                             "a/24/64",
                             "a/24//",
                             "a:museum",
                             "a:example.com:8080",
                             "a:111.222.33.44",
                             "a:example.-com",
                             "a:example.com/",
                             "mx:",
                             "mx/33",
                             "mx:abc.123",
                             "ptr:",
                             "ptr/0",
                             "ptr:example.com/24",
                             "include",
                             "include:",
                             "include:a.example/24",
                             "exists",
                             "exists:",
                             "exists:a.example/24",
                             "ip4",
                             "ip4:",
                             "ip4:192.0.2",
                             "ip4:192.0.2.1/33",
                             "ip4:192.0.2.1/032",
                             "ip4:192.0.2.1//32",
                             "ip4:192.0.2.1:25",
                             "ip4:192.0.2.01",
                             "ip4:2001:db8::1",
                             "ip4/24",
                             "ip6",
                             "ip6:",
                             "ip6:2001:db8::1/129",
                             "ip6:::1//33",
                             "ip6::cafe::babe",
                             "ip6:192.0.2.1",
                             "ip6:fe80::1%eth0",
                             "redirect:a.example",
                             "redirect=",
                             "redirect=-all",
                             "redirect=com",
                             "-redirect=a.example",
                             "exp=",
                             "exp=-all",
                             "exp=%{r}.example",
                             "1up=foo",
                             "=all",
                             "-foo=bar",
                             "foo=%abc",
                             "foo=%{x}",
                             "moo.cow/far_out=man",
                             "moo.cow:far_out=man",
                             "a:%(d).example",
                             "a\tmx",
                             "a:foo.example\x80"}) {
        EXPECT_FALSE(parse_spf_record("v=spf1 " + std::string(text))) << text;
    }
}

TEST(SpfRecord, RefusesControlOctetsAndNul) {
    EXPECT_FALSE(parse_spf_record(std::string("v=spf1 a:foo.example.com\0", 25)));
    EXPECT_FALSE(parse_spf_record("v=spf1 ip4:192.0.2.5\n ~all"));
    EXPECT_FALSE(parse_spf_record("v=spf1 a\x7f"));
}

TEST(SpfRecord, FindsAnErrorBehindAllToo) {
    const auto record = parse_spf_record("v=spf1 -all ip4:192.0.2.1 moo");
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().message, "syntax error in term moo");
}

TEST(SpfRecord, CutsALongTermInTheError) {
    EXPECT_LT(parse_spf_record("v=spf1 " + std::string(5000, 'x')).error().message.size(), 140U);
}

TEST(SpfRecord, TakesRedirectAndExpOnceEach) {
    const auto record = parse_spf_record("v=spf1 Redirect=%{d}.example EXP=why.example mx");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->terms.size(), 1U);
    ASSERT_TRUE(record->redirect);
    EXPECT_EQ(record->redirect->text, "Redirect=%{d}.example");
    EXPECT_FALSE(parse_spf_record("v=spf1 redirect=a.example redirect=a.example"));
    EXPECT_FALSE(parse_spf_record("v=spf1 exp=a.example -all exp=b.example"));
}

TEST(SpfRecord, PassesOverUnknownModifiersAsOftenAsTheyCome) {
    const auto record = parse_spf_record("v=spf1 moo.cow-far_out=man:dog/cat moo= moo=%{d} default=+ -all");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->terms.size(), 1U);
}

TEST(SpfRecord, MatchesNetworksAtTheirEdges) {
    EXPECT_TRUE(matches("ip4:192.0.2.0/24", "192.0.2.255"));
    EXPECT_FALSE(matches("ip4:192.0.2.0/24", "192.0.3.0"));
    EXPECT_TRUE(matches("ip4:192.0.2.77/25", "192.0.2.127"));
    EXPECT_FALSE(matches("ip4:192.0.2.77/25", "192.0.2.128"));
    EXPECT_TRUE(matches("ip4:192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(matches("ip4:192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(matches("ip4:192.0.2.1/0", "203.0.113.9"));
    EXPECT_TRUE(matches("ip6:2001:db8:8000::/33", "2001:db8:ffff::1"));
    EXPECT_FALSE(matches("ip6:2001:db8:8000::/33", "2001:db8:7fff::1"));
    EXPECT_TRUE(matches("ip6:2001:db8::1", "2001:db8::1"));
    EXPECT_FALSE(matches("ip6:2001:db8::1", "2001:db8::2"));
    EXPECT_TRUE(matches("ip6:2001:db8::1/127", "2001:db8::"));
    EXPECT_TRUE(matches("ip6:::1.1.1.1/0", "2001:db8::1"));
}

TEST(SpfRecord, NeverMatchesANetworkOfTheOtherFamily) {
    EXPECT_FALSE(matches("ip4:0.0.0.0/0", "2001:db8::1"));
    EXPECT_FALSE(matches("ip6:::/0", "192.0.2.1"));
    EXPECT_FALSE(matches("ip6:::ffff:192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(matches("ip6:::ffff:192.0.2.1", "::ffff:192.0.2.1"));
    EXPECT_TRUE(matches("ip6:::ffff:192.0.2.1/79", "::1"));
    EXPECT_FALSE(matches("ip6:::ffff:192.0.2.1/81", "::1"));
}

TEST(SpfRecord, KnowsWhichMechanismsCostALookup) {
    using enum SpfMechanism;
    for (const auto mechanism : {include, a, mx, ptr, exists}) EXPECT_TRUE(costs_lookup(mechanism));
    for (const auto mechanism : {all, ip4, ip6}) EXPECT_FALSE(costs_lookup(mechanism));
}

TEST(SpfRecord, TakesALargeRecordAndRefusesOneLargerThanTxtDataCanBe) {
    std::string text = "v=spf1";
    while (text.size() < 65000) text += " ip4:192.0.2.1";
    EXPECT_TRUE(parse_spf_record(text));
    text.resize(65535, ' ');
    EXPECT_TRUE(parse_spf_record(text));
    EXPECT_FALSE(parse_spf_record(text + ' '));
}

}  // namespace
}  // namespace defender::auth
