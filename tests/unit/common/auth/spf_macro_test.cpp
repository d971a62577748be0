#include "common/auth/spf_macro.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

SpfMacroValues example_values() {
    SpfMacroValues values;
    values.local_part = "strong-bad";
    values.sender_domain = "email.example.com";
    values.current_domain = "email.example.com";
    values.helo = "mail.example.com";
    values.client = IpAddress::parse("192.0.2.3").value();
    values.validated_name = "mx.example.org";
    return values;
}

std::string expand(std::string_view text, const SpfMacroValues& values = example_values()) {
    const auto macros = parse_spf_macro_string(text);
    return macros ? expand_spf_name(*macros, values) : "(syntax error)";
}

// The examples of RFC 7208 section 7.4.
TEST(SpfMacro, ExpandsTheExamplesOfTheRfc) {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"%{s}", "strong-bad@email.example.com"},
        {"%{o}", "email.example.com"},
        {"%{d}", "email.example.com"},
        {"%{d4}", "email.example.com"},
        {"%{d3}", "email.example.com"},
        {"%{d2}", "example.com"},
        {"%{d1}", "com"},
        {"%{dr}", "com.example.email"},
        {"%{d2r}", "example.email"},
        {"%{l}", "strong-bad"},
        {"%{l-}", "strong.bad"},
        {"%{lr}", "strong-bad"},
        {"%{lr-}", "bad.strong"},
        {"%{l1r-}", "strong"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
    };
    for (const auto& [text, expected] : examples) EXPECT_EQ(expand(text), expected) << text;
}

TEST(SpfMacro, WritesAnIpv6ClientAsNibbles) {
    auto values = example_values();
    values.client = IpAddress::parse("2001:db8::cb01").value();
    EXPECT_EQ(expand("%{ir}.%{v}._spf.%{d2}", values),
              "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
}

TEST(SpfMacro, ExpandsHeloAndTheValidatedName) {
    EXPECT_EQ(expand("%{h}"), "mail.example.com");
    EXPECT_EQ(expand("%{p2}.x"), "example.org.x");
}

TEST(SpfMacro, WritesTheEscapes) {
    EXPECT_EQ(expand("a%%b%_c%-d.example"), "a%b c%20d.example");
}

TEST(SpfMacro, EscapesForUrlsWhereTheLetterIsUpperCase) {
    auto values = example_values();
    values.local_part = "~jack&jill=up-a_b3.c";
    EXPECT_EQ(expand("%{L}.example", values), "~jack%26jill%3Dup-a_b3.c.example");
    EXPECT_EQ(expand("%{L2}.example", values), "~jack%26jill%3Dup-a_b3.c.example");
}

TEST(SpfMacro, SplitsAtEachOfSeveralDelimiters) {
    auto values = example_values();
    values.local_part = "foo-bar+zip+quux";
    EXPECT_EQ(expand("%{l2r+-}.user", values), "bar.foo.user");
    values.local_part = "a.b-c+d,e/f_g=h";
    EXPECT_EQ(expand("%{l.-+,/_=}", values), "a.b.c.d.e.f.g.h");
}

TEST(SpfMacro, TakesMoreDigitsThanAValueHasParts) {
    EXPECT_EQ(expand("%{d99999999999999999999}"), "email.example.com");
    EXPECT_EQ(expand("%{d127}"), "email.example.com");
}

TEST(SpfMacro, RefusesWhatTheGrammarHasNot) {
    for (const auto* text :
         {"%",     "a%",     "%a",     "%(d)",   "%{",    "%{}",   "%{d", "%{x}", "%{c}",  "%{r}",    "%{t}",
          "%{d0}", "%{d00}", "%{d2x}", "%{dr2}", "%{d|}", "%{d }", "a b", "a\tb", "a\x7f", "\xc3\xa9"}) {
        EXPECT_FALSE(parse_spf_macro_string(text)) << text;
    }
    EXPECT_FALSE(parse_spf_macro_string(std::string_view("a\0b", 3)));
}

TEST(SpfMacro, TakesAnEmptyMacroStringButNoEmptyDomainSpec) {
    EXPECT_TRUE(parse_spf_macro_string(""));
    EXPECT_FALSE(parse_spf_domain_spec(""));
}

TEST(SpfMacro, WantsADomainSpecToEndInAMacroOrATopLabel) {
    for (const auto* text :
         {"example.com", "example.com.", "%{d}", "a.%{d}", "%{d}.com", "foo:bar/baz.example.com",
          "a.xn--zckzah", "a.b-1", "a.1b", ".com", "a...com", "a.%%", "a.%_", "%-", "%{d}%%"}) {
        EXPECT_TRUE(parse_spf_domain_spec(text)) << text;
    }
    for (const auto* text : {"com", "com.", "museum", "a.123", "111.222.33.44", "a.-com", "a.com-", "a.c_m",
                             "a..", ".", "example.com:8080", "%{d}com", "%{d}.", "%{d}x.1", "a.com/24"}) {
        EXPECT_FALSE(parse_spf_domain_spec(text)) << text;
    }
}

TEST(SpfMacro, TakesADomainSpecOf2048OctetsAndNoLongerOne) {
    const std::string tail = ".example.com";
    EXPECT_TRUE(parse_spf_domain_spec(std::string(2048 - tail.size(), 'x') + tail));
    EXPECT_FALSE(parse_spf_domain_spec(std::string(2049 - tail.size(), 'x') + tail));
}

TEST(SpfMacro, DropsOneTrailingDotOfAName) {
    EXPECT_EQ(expand("%{d}."), "email.example.com");
}

std::string labels(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += "abcdefghi.";
    return out;
}

TEST(SpfMacro, CutsANameTo253OctetsAtADotFromTheLeft) {
    const auto at_limit = labels(25) + "com";  // 253
    EXPECT_EQ(expand(at_limit), at_limit);
    EXPECT_EQ(expand("x" + at_limit), labels(24) + "com");
    EXPECT_EQ(expand("x." + at_limit), at_limit);
    EXPECT_EQ(expand(labels(100) + "com"), at_limit);
    EXPECT_EQ(expand(at_limit + '.'), at_limit);
}

TEST(SpfMacro, LeavesANameThatHasNoDotToCutAtTooLong) {
    EXPECT_EQ(expand(std::string(300, 'x')).size(), 300U);
}

// The macro text that overruns libspf2's stack; here it is only text.
TEST(SpfMacro, ExpandsOneHundredAndTwentySevenMacrosToABoundedName) {
    std::string text;
    for (int i = 0; i < 127; ++i) text += "%{i}.";
    EXPECT_LE(expand(text + "x.example").size(), 253U);
}

TEST(SpfMacro, KnowsWhichValuesAStringNeeds) {
    EXPECT_TRUE(uses_validated_name(*parse_spf_macro_string("a.%{P2r}")));
    EXPECT_FALSE(uses_validated_name(*parse_spf_macro_string("p.%{d}")));
    EXPECT_TRUE(uses_local_part(*parse_spf_macro_string("%{L}.a")));
    EXPECT_TRUE(uses_local_part(*parse_spf_macro_string("%{s}")));
    EXPECT_FALSE(uses_local_part(*parse_spf_macro_string("%{o}")));
}

}  // namespace
}  // namespace defender::auth
