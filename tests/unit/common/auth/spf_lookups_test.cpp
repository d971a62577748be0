#include "common/auth/spf_lookups.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.hpp"

namespace defender::auth {
namespace {

using dns::RecordType;

SpfIdentity example_identity(std::string_view client = "192.0.2.1") {
    SpfIdentity identity;
    identity.client = IpAddress::parse(client).value();
    identity.helo = "mail.example.com";
    identity.local_part = "user";
    identity.domain = "example.com";
    return identity;
}

// Answers from `zone` what `read` misses, until it misses nothing.
template <typename Read>
auto read_all(SpfLookups& lookups, test::FakeResolver& zone, Read read) {
    for (;;) {
        MissingQuestions missing;
        auto result = read(missing);
        if (missing.empty()) return result;
        for (const auto& question : missing) {
            zone.ask(question, {}, [&](dns::AnswerPtr answer) { lookups.add(question, std::move(answer)); });
        }
    }
}

SpfValidatedNames validated(test::FakeResolver& zone, std::string_view client = "192.0.2.1") {
    SpfLookups lookups(example_identity(client), "example.com");
    return read_all(lookups, zone, [&](auto& missing) { return lookups.validated_names(missing); });
}

SpfTargetName target(test::FakeResolver& zone, std::string_view spec, const std::string& current_domain) {
    SpfLookups lookups(example_identity(), "example.com");
    const auto macros = parse_spf_domain_spec(spec);
    EXPECT_TRUE(macros);
    return read_all(lookups, zone,
                    [&](auto& missing) { return lookups.target_name(macros, current_domain, missing); });
}

SpfPublished published(test::FakeResolver& zone, const std::string& name = "example.com") {
    SpfLookups lookups(example_identity(), "example.com");
    return read_all(lookups, zone, [&](auto& missing) { return lookups.published(name, missing); });
}

TEST(SpfLookups, BeginsOnlyWithAMultiLabelDomainName) {
    const std::string label63(63, 'a');
    const std::string label64(64, 'a');
    for (const auto& domain :
         {std::string(), std::string("."), std::string("localhost"), std::string("localhost."),
          std::string("a...example.com"), std::string(".example.com"), label64 + ".example.com",
          std::string("[192.0.2.1]"), std::string("[IPv6:2001:db8::1]"), std::string("192.0.2.1"),
          std::string("a b.example"), std::string("a\0b.example", 11), std::string("a\n.example"),
          std::string("\xff\xfe.example")}) {
        EXPECT_FALSE(initial_spf_domain(domain)) << domain;
    }
    EXPECT_EQ(initial_spf_domain("Example.COM."), "example.com");
    EXPECT_EQ(initial_spf_domain(label63 + ".example"), label63 + ".example");
}

TEST(SpfLookups, BeginsWithALabelsOfAnInternationalDomain) {
    EXPECT_EQ(initial_spf_domain("b\xc3\xbc"
                                 "cher.example"),
              "xn--bcher-kva.example");
}

TEST(SpfLookups, BeginsWithNamesThatOnlyDnsAllows) {
    EXPECT_EQ(initial_spf_domain("Foo:Bar/baz.example.com"), "foo:bar/baz.example.com");
    EXPECT_EQ(initial_spf_domain("-a.example.com"), "-a.example.com");
}

TEST(SpfLookups, TellsWhatIsPublishedAtAName) {
    using State = SpfPublished::State;
    test::FakeResolver zone;
    zone.add_txt("found.example", "something else");
    zone.add_txt("found.example", "v=spf1 -all");
    zone.add_txt("several.example", "v=spf1 -all");
    zone.add_txt("several.example", "V=SPF1 moo");
    zone.add_txt("malformed.example", "v=spf1 moo");
    zone.add_txt("other.example", "v=spf10 -all");
    zone.add_name("empty.example");
    zone.set_tempfail("fails.example", RecordType::txt, "SERVFAIL");
    EXPECT_EQ(published(zone, "found.example").state, State::found);
    EXPECT_EQ(published(zone, "several.example").state, State::several);
    EXPECT_EQ(published(zone, "malformed.example").state, State::malformed);
    EXPECT_EQ(published(zone, "malformed.example").problem, "syntax error in term moo");
    EXPECT_EQ(published(zone, "other.example").state, State::none);
    EXPECT_FALSE(published(zone, "other.example").no_answer);
    EXPECT_EQ(published(zone, "empty.example").state, State::none);
    EXPECT_TRUE(published(zone, "empty.example").no_answer);
    EXPECT_TRUE(published(zone, "gone.example").no_answer);
    EXPECT_EQ(published(zone, "fails.example").state, State::tempfail);
    EXPECT_EQ(published(zone, "fails.example").problem, "SERVFAIL asking TXT fails.example");
}

TEST(SpfLookups, DoesNotAskForANameThatCannotBeAskedFor) {
    test::FakeResolver zone;
    EXPECT_TRUE(published(zone, "a..example").no_answer);
    EXPECT_TRUE(published(zone, std::string(64, 'a') + ".example").no_answer);
    EXPECT_TRUE(published(zone, "").no_answer);
    EXPECT_TRUE(zone.asked().empty());
}

TEST(SpfLookups, ValidatesOnlyNamesThatLeadBack) {
    test::FakeResolver zone;
    zone.add_ptr("1.2.0.192.in-addr.arpa", "Good.example.com.");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "other.example.com");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "gone.example.com");
    zone.add_address("good.example.com", "203.0.113.1");
    zone.add_address("good.example.com", "192.0.2.1");
    zone.add_address("other.example.com", "192.0.2.2");
    const auto names = validated(zone);
    EXPECT_EQ(names.names, std::vector<std::string>{"good.example.com"});
    EXPECT_FALSE(names.failed);
}

TEST(SpfLookups, ValidatesIpv6ClientsByAaaa) {
    test::FakeResolver zone;
    zone.add_ptr(IpAddress::parse("2001:db8::1")->reverse_name(), "mail.example.com");
    zone.add_address("mail.example.com", "192.0.2.1");
    EXPECT_TRUE(validated(zone, "2001:db8::1").names.empty());
    zone.add_address("mail.example.com", "2001:db8::1");
    EXPECT_EQ(validated(zone, "2001:db8::1").names.size(), 1U);
}

TEST(SpfLookups, LooksAtNoMoreThanTenNamesOfTheClient) {
    test::FakeResolver zone;
    for (int i = 0; i < 11; ++i) {
        const auto name = "n" + std::to_string(i) + ".example.com";
        zone.add_ptr("1.2.0.192.in-addr.arpa", name);
        zone.add_address(name, "192.0.2.1");
    }
    EXPECT_EQ(validated(zone).names.size(), 10U);
    EXPECT_EQ(zone.asked().size(), 11U);
}

TEST(SpfLookups, PassesOverNamesWhoseLookupFailsAndSaysSo) {
    test::FakeResolver zone;
    zone.add_ptr("1.2.0.192.in-addr.arpa", "bad.example.com");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "good.example.com");
    zone.set_tempfail("bad.example.com", RecordType::a);
    zone.add_address("good.example.com", "192.0.2.1");
    EXPECT_EQ(validated(zone).names, std::vector<std::string>{"good.example.com"});
    EXPECT_TRUE(validated(zone).failed);
    test::FakeResolver failing;
    failing.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    EXPECT_TRUE(validated(failing).names.empty());
    EXPECT_TRUE(validated(failing).failed);
}

TEST(SpfLookups, PrefersTheDomainThenANameBelowItThenAny) {
    test::FakeResolver zone;
    for (const auto* name : {"host.example.net", "mail.example.com", "example.com"}) {
        zone.add_ptr("1.2.0.192.in-addr.arpa", name);
        zone.add_address(name, "192.0.2.1");
    }
    EXPECT_EQ(target(zone, "%{p}.x", "example.com").text, "example.com.x");
    EXPECT_EQ(target(zone, "%{p}.x", "example.net").text, "host.example.net.x");
    EXPECT_EQ(target(zone, "%{p}.x", "example.org").text, "host.example.net.x");
}

TEST(SpfLookups, CallsAClientWithoutAValidatedNameUnknown) {
    test::FakeResolver zone;
    EXPECT_EQ(target(zone, "%{p}.x", "example.com").text, "unknown.x");
    EXPECT_FALSE(target(zone, "%{p}.x", "example.com").failed);
    zone.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    EXPECT_EQ(target(zone, "%{p}.x", "example.com").text, "unknown.x");
    EXPECT_TRUE(target(zone, "%{p}.x", "example.com").failed);
}

TEST(SpfLookups, AsksForTheClientsNameOnlyWhereAMacroNeedsIt) {
    test::FakeResolver zone;
    EXPECT_EQ(target(zone, "%{h}", "example.com").text, "mail.example.com");
    EXPECT_TRUE(zone.asked().empty());
}

TEST(SpfLookups, SaysPostmasterWhereTheSenderHasNoLocalPart) {
    auto identity = example_identity();
    identity.local_part.clear();
    SpfLookups lookups(identity, "example.com");
    MissingQuestions missing;
    EXPECT_EQ(lookups.target_name(parse_spf_domain_spec("%{l}.x.example"), "example.com", missing).text,
              "postmaster.x.example");
}

TEST(SpfLookups, LetsATermWithANonAsciiLocalPartMatchNothing) {
    auto identity = example_identity();
    identity.local_part =
        "b\xc3\xbc"
        "cher";
    const SpfLookups lookups(identity, "example.com");
    EXPECT_TRUE(lookups.never_matches(parse_spf_domain_spec("%{l}.x.example")));
    EXPECT_TRUE(lookups.never_matches(parse_spf_domain_spec("%{s}")));
    EXPECT_FALSE(lookups.never_matches(parse_spf_domain_spec("%{o}")));
    EXPECT_FALSE(lookups.never_matches(std::nullopt));
    EXPECT_FALSE(SpfLookups(example_identity(), "example.com").never_matches(parse_spf_domain_spec("%{s}")));
}

TEST(SpfLookups, KnowsANameAndThoseBelowIt) {
    EXPECT_TRUE(is_same_or_below("example.com", "example.com"));
    EXPECT_TRUE(is_same_or_below("a.example.com", "example.com"));
    EXPECT_FALSE(is_same_or_below("badexample.com", "example.com"));
    EXPECT_FALSE(is_same_or_below("com", "example.com"));
}

}  // namespace
}  // namespace defender::auth
