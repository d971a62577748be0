#include "common/auth/spf_check.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.hpp"
#include "tests/support/spf_checking.hpp"

namespace defender::auth {
namespace {

using dns::RecordType;
using test::check_now;
using test::check_record;
using test::FakeResolver;
using test::spf_identity;
using enum SpfResult;

TEST(SpfCheck, SaysWhichTermMatchedAsPublished) {
    EXPECT_VERDICT(check_record("v=spf1 ip4:192.0.2.0/24 -all"), pass, "ip4:192.0.2.0/24");
    EXPECT_VERDICT(check_record("v=spf1 ip4:198.51.100.0/24 -all"), fail, "all");
    EXPECT_VERDICT(check_record("v=spf1 ~all"), softfail, "all");
    EXPECT_VERDICT(check_record("v=spf1 ?ALL"), neutral, "ALL");
    EXPECT_VERDICT(check_record("v=spf1 -IP4:192.0.2.1 all"), fail, "IP4:192.0.2.1");
    EXPECT_VERDICT(check_record("v=spf1"), neutral, "no term matched");
    EXPECT_VERDICT(check_record("v=spf1 ?ip4:192.0.2.1"), neutral, "ip4:192.0.2.1");
}

TEST(SpfCheck, TellsATermThatMatchedFromTheAllBehindIt) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a all");
    zone.add_address("example.com", "192.0.2.1");
    EXPECT_VERDICT(check_now(zone), pass, "a");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.2")), pass, "all");
}

TEST(SpfCheck, FillsTheEvidence) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a:gone.example mx include:inc.example -all");
    zone.add_txt("inc.example", "v=spf1 exists:there.example");
    zone.add_mx("example.com", 10, "mx.example.com");
    zone.add_address("mx.example.com", "192.0.2.99");
    zone.add_address("there.example", "127.0.0.2");
    auto identity = spf_identity();
    identity.scope = SpfScope::helo;
    identity.domain = "Example.COM.";
    const auto evidence = check_now(zone, identity);
    EXPECT_VERDICT(evidence, pass, "include:inc.example");
    EXPECT_EQ(evidence.scope, SpfScope::helo);
    EXPECT_EQ(evidence.domain, "example.com");
    EXPECT_EQ(evidence.organizational_domain, "");
    EXPECT_EQ(evidence.terms, 4U);
    EXPECT_EQ(evidence.void_lookups, 1U);
}

TEST(SpfCheck, HasNoResultForWhatIsNoDomainAndAsksNothing) {
    FakeResolver zone;
    for (const auto* domain : {"", "localhost", "[192.0.2.1]", "a..example", "a b.example"}) {
        const auto evidence = check_now(zone, spf_identity("192.0.2.1", domain));
        EXPECT_VERDICT(evidence, none, "not a multi-label domain name");
        EXPECT_EQ(evidence.domain, domain);
    }
    EXPECT_TRUE(zone.asked().empty());
}

TEST(SpfCheck, WhatIsNoDomainIsShownPrintableAndCut) {
    FakeResolver zone;
    EXPECT_EQ(check_now(zone, spf_identity("192.0.2.1", "l\x97\r\n.example")).domain, "l???.example");
    const auto longest = check_now(zone, spf_identity("192.0.2.1", std::string(100'000, 'a'))).domain;
    EXPECT_EQ(longest, std::string(252, 'a') + "...");
}

TEST(SpfCheck, ChecksTheALabelsOfAnInternationalSender) {
    FakeResolver zone;
    zone.add_txt("xn--bcher-kva.example", "v=spf1 exists:%{d}.ok.%{o} -all");
    zone.add_address("xn--bcher-kva.example.ok.xn--bcher-kva.example", "127.0.0.2");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.1",
                                                "b\xc3\xbc"
                                                "cher.example")),
                   pass, "exists:%{d}.ok.%{o}");
}

TEST(SpfCheck, HasNoResultWithoutARecord) {
    FakeResolver zone;
    EXPECT_VERDICT(check_now(zone), none, "no record");
    zone.add_name("example.com");
    EXPECT_VERDICT(check_now(zone), none, "no record");
    zone.add_txt("example.com", "v=spf10 all");
    EXPECT_VERDICT(check_now(zone), none, "no record");
}

TEST(SpfCheck, SelectsTheRecordAmongOtherTexts) {
    FakeResolver zone;
    zone.add_txt("example.com", "\x96 not ours");
    zone.add_txt("example.com", "V=SPF1 -all");
    zone.add_txt("example.com", "v=spf2.0/pra +all");
    EXPECT_VERDICT(check_now(zone), fail, "all");
}

TEST(SpfCheck, TwoRecordsArePermerrorAlsoInAnInclude) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 all");
    zone.add_txt("example.com", "v=spf1 all");
    EXPECT_VERDICT(check_now(zone), permerror, "more than one record");
    FakeResolver outer;
    outer.add_txt("example.com", "v=spf1 include:two.example all");
    outer.add_txt("two.example", "v=spf1 all");
    outer.add_txt("two.example", "v=spf1 -all");
    EXPECT_VERDICT(check_now(outer), permerror, "more than one record of two.example");
}

TEST(SpfCheck, SyntaxErrorsArePermerrorWhereverTheyStand) {
    EXPECT_VERDICT(check_record("v=spf1 ip4:192.0.2.1 -all moo"), permerror, "syntax error in term moo");
    EXPECT_VERDICT(check_record("v=spf1 a:\xef\xbb\xbfgarbage.example -all"), permerror,
                   "record not printable ASCII");
    EXPECT_VERDICT(check_record(std::string("v=spf1 -all\0", 12)), permerror, "record not printable ASCII");
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 include:bad.example all");
    zone.add_txt("bad.example", "v=spf1 include all");
    EXPECT_VERDICT(check_now(zone), permerror, "syntax error in term include of bad.example");
}

TEST(SpfCheck, AnErrorBehindTheTermThatMatchesIsNotMet) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ip4:192.0.2.1 include:bad.example");
    zone.add_txt("bad.example", "v=spf1 moo");
    EXPECT_VERDICT(check_now(zone), pass, "ip4:192.0.2.1");
}

TEST(SpfCheck, FailureAtTheDomainIsTemperror) {
    FakeResolver zone;
    zone.set_tempfail("example.com", RecordType::txt, "SERVFAIL");
    EXPECT_VERDICT(check_now(zone), temperror, "SERVFAIL asking TXT example.com");
}

TEST(SpfCheck, FailureAnywhereOnTheWayIsTemperror) {
    const auto with = [](const std::string& record, const std::string& name, RecordType type) {
        FakeResolver zone;
        zone.add_txt("example.com", record);
        zone.add_mx("mx.example", 10, "host.example");
        zone.set_tempfail(name, type);
        return check_now(zone);
    };
    EXPECT_VERDICT(with("v=spf1 a:x.example -all", "x.example", RecordType::a), temperror,
                   "timeout asking A x.example");
    EXPECT_VERDICT(with("v=spf1 a:x.example/0 -all", "x.example", RecordType::a), temperror,
                   "timeout asking A x.example");
    EXPECT_VERDICT(with("v=spf1 mx:x.example -all", "x.example", RecordType::mx), temperror,
                   "timeout asking MX x.example");
    EXPECT_VERDICT(with("v=spf1 mx:mx.example -all", "host.example", RecordType::a), temperror,
                   "timeout asking A host.example");
    EXPECT_VERDICT(with("v=spf1 mx:mx.example/0 -all", "host.example", RecordType::a), temperror,
                   "timeout asking A host.example");
    EXPECT_VERDICT(with("v=spf1 exists:x.example -all", "x.example", RecordType::a), temperror,
                   "timeout asking A x.example");
    EXPECT_VERDICT(with("v=spf1 include:x.example -all", "x.example", RecordType::txt), temperror,
                   "timeout asking TXT x.example");
    EXPECT_VERDICT(with("v=spf1 ?include:x.example -all", "x.example", RecordType::txt), temperror,
                   "timeout asking TXT x.example");
    EXPECT_VERDICT(with("v=spf1 redirect=x.example", "x.example", RecordType::txt), temperror,
                   "timeout asking TXT x.example");
}

TEST(SpfCheck, FailureWithinAnIncludeIsTemperrorOfTheWhole) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ?include:i.example all");
    zone.add_txt("i.example", "v=spf1 a:x.example -all");
    zone.set_tempfail("x.example", RecordType::a);
    EXPECT_VERDICT(check_now(zone), temperror, "timeout asking A x.example");
}

TEST(SpfCheck, FailureBehindTheTermThatMatchesIsNotMet) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a include:x.example -all");
    zone.add_address("example.com", "192.0.2.1");
    zone.set_tempfail("x.example", RecordType::txt);
    EXPECT_VERDICT(check_now(zone), pass, "a");
}

TEST(SpfCheck, AnEarlierExchangeThatMatchesHidesTheFailureOfALaterOne) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 mx -all");
    zone.add_mx("example.com", 10, "good.example");
    zone.add_mx("example.com", 20, "bad.example");
    zone.add_address("good.example", "192.0.2.1");
    zone.set_tempfail("bad.example", RecordType::a);
    EXPECT_VERDICT(check_now(zone), pass, "mx");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.2")), temperror, "timeout asking A bad.example");
}

TEST(SpfCheck, FailureOfAPtrLookupOnlyDoesNotMatch) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ptr -all");
    zone.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    EXPECT_VERDICT(check_now(zone), fail, "all");
    FakeResolver names;
    names.add_txt("example.com", "v=spf1 ptr -all");
    names.add_ptr("1.2.0.192.in-addr.arpa", "bad.example.com");
    names.set_tempfail("bad.example.com", RecordType::a);
    EXPECT_VERDICT(check_now(names), fail, "all");
}

TEST(SpfCheck, FailureOfTheNameForAMacroMakesItUnknown) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 exists:%{p}.x.example -all");
    zone.set_tempfail("1.2.0.192.in-addr.arpa", RecordType::ptr);
    zone.add_address("unknown.x.example", "127.0.0.2");
    EXPECT_VERDICT(check_now(zone), pass, "exists:%{p}.x.example");
}

}  // namespace
}  // namespace defender::auth
