#include "common/dns/zone_resolver.hpp"

#include <gtest/gtest.h>

#include "tests/support/answers.hpp"

namespace defender::dns {
namespace {

const char* const example = R"zone(; a zone with a bit of everything
$ORIGIN example.com.
$TTL 1h
@       IN SOA ns hostmaster\.one.example.com. (
            1      ; serial
            1h 15m ; refresh, retry
            1w
            300 )  ; minimum
        IN NS  ns
        60 IN TXT "v=spf1 " "mx -all"
        TXT plain
ns      A   192.0.2.53
        AAAA 2001:db8::53
MAIL    600 A 192.0.2.1
        A 192.0.2.2
@       MX  10 mail
        MX  20 Backup.Example.NET.
null    MX  0 .
alias   30 CNAME mail
loop1   CNAME loop2
loop2   CNAME loop1
out     CNAME elsewhere.example.org.
tofail  CNAME slow
slow    TEMPFAIL
odd     TXT "semi;colon \"quoted\" \065\\ \000end" un\032quoted
a.b.c   TXT deep
*.wild  TXT "wild"
exists.wild A 192.0.2.7
below.ent.wild A 192.0.2.8
*.walias CNAME mail
_svc._tcp SRV 0 0 25 mail
1.2.0.192.in-addr.arpa. PTR Mail
in\ side TXT blank
)zone";

class ZoneResolverTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto made = make_zone_resolver(example);
        ASSERT_TRUE(made) << made.error().message;
        resolver = std::move(made.value());
    }
    AnswerPtr ask(std::string_view name, RecordType type = RecordType::txt) {
        return testing::ask(*resolver, name, type);
    }
    std::unique_ptr<Resolver> resolver;
};
using ZoneResolver = ZoneResolverTest;

TEST_F(ZoneResolver, JoinsStringsAndKeepsRecordsApart) {
    const auto answer = ask("example.com");
    EXPECT_EQ(answer->texts, (std::vector<std::string>{"v=spf1 mx -all", "plain"}));
    EXPECT_EQ(answer->ttl_seconds, 60U);
}

TEST_F(ZoneResolver, ComparesNamesWithoutCaseAndTrailingDot) {
    EXPECT_EQ(ask("EXAMPLE.com.")->outcome, Outcome::found);
    const auto answer = ask("Mail.example.COM", RecordType::a);
    EXPECT_EQ(answer->addresses.size(), 2U);
    EXPECT_EQ(answer->ttl_seconds, 600U);
}

TEST_F(ZoneResolver, ReadsAddressesExchangesAndPointers) {
    EXPECT_EQ(ask("ns.example.com", RecordType::aaaa)->addresses.at(0).to_string(), "2001:db8::53");
    EXPECT_EQ(ask("example.com", RecordType::mx)->exchanges,
              (std::vector<Exchange>{{10, "mail.example.com"}, {20, "backup.example.net"}}));
    EXPECT_EQ(ask("null.example.com", RecordType::mx)->exchanges, (std::vector<Exchange>{{0, ""}}));
    EXPECT_EQ(ask("1.2.0.192.in-addr.arpa", RecordType::ptr)->names,
              std::vector<std::string>{"mail.example.com"});
}

TEST_F(ZoneResolver, ResolvesEscapesInStringsAndNames) {
    EXPECT_EQ(ask("odd.example.com")->texts.at(0),
              std::string("semi;colon \"quoted\" A\\ \0endun quoted", 36));
    EXPECT_EQ(ask("in side.example.com")->texts.at(0), "blank");
}

TEST_F(ZoneResolver, FollowsCnamesWithTheLeastTtl) {
    const auto answer = ask("alias.example.com", RecordType::a);
    EXPECT_EQ(answer->addresses.size(), 2U);
    EXPECT_EQ(answer->ttl_seconds, 30U);
    EXPECT_EQ(ask("alias.example.com")->outcome, Outcome::nodata);
    EXPECT_EQ(ask("out.example.com")->outcome, Outcome::nxdomain);
}

TEST_F(ZoneResolver, ACnameLoopIsTempfail) {
    EXPECT_EQ(ask("loop1.example.com")->failure, "CNAME loop");
}

TEST_F(ZoneResolver, TempfailNamesFailForEveryTypeAndThroughCnames) {
    for (const auto type :
         {RecordType::a, RecordType::txt, RecordType::mx, RecordType::ptr, RecordType::aaaa}) {
        EXPECT_EQ(ask("slow.example.com", type)->outcome, Outcome::tempfail);
        EXPECT_EQ(ask("tofail.example.com", type)->outcome, Outcome::tempfail);
    }
    EXPECT_EQ(ask("below.slow.example.com")->outcome, Outcome::nxdomain);
}

TEST_F(ZoneResolver, ANameWithOtherTypesIsNodataAndSoIsAnEmptyNonTerminal) {
    for (const auto* name : {"ns.example.com", "b.c.example.com", "c.example.com", "_tcp.example.com",
                             "_svc._tcp.example.com", "com", "arpa", "2.0.192.in-addr.arpa"}) {
        EXPECT_EQ(ask(name)->outcome, Outcome::nodata) << name;
    }
}

TEST_F(ZoneResolver, NegativeAnswersLiveAsTheSoaSays) {
    EXPECT_EQ(ask("nobody.example.com")->ttl_seconds, 300U);
    EXPECT_EQ(ask("nobody.example.com")->outcome, Outcome::nxdomain);
    EXPECT_EQ(ask("ns.example.com")->ttl_seconds, 300U);
    EXPECT_EQ(ask("nobody.example.org")->ttl_seconds, 0U);
}

TEST_F(ZoneResolver, WildcardsAreExpandedAtTheClosestEncloserOnly) {
    EXPECT_EQ(ask("x.wild.example.com")->texts.at(0), "wild");
    EXPECT_EQ(ask("y.x.wild.example.com")->texts.at(0), "wild");
    EXPECT_EQ(ask("*.wild.example.com")->texts.at(0), "wild");
    EXPECT_EQ(ask("x.wild.example.com", RecordType::a)->outcome, Outcome::nodata);
    EXPECT_EQ(ask("wild.example.com")->outcome, Outcome::nodata);
    EXPECT_EQ(ask("exists.wild.example.com")->outcome, Outcome::nodata);
    EXPECT_EQ(ask("x.exists.wild.example.com")->outcome, Outcome::nxdomain);
    EXPECT_EQ(ask("ent.wild.example.com")->outcome, Outcome::nodata);
    EXPECT_EQ(ask("x.ent.wild.example.com")->outcome, Outcome::nxdomain);
    EXPECT_EQ(ask("any.walias.example.com", RecordType::a)->outcome, Outcome::found);
}

TEST_F(ZoneResolver, WhatCannotBeAskedIsNxdomain) {
    for (const std::string& name :
         {std::string(), std::string("."), std::string("a..b"), std::string(300, 'a')}) {
        EXPECT_EQ(ask(name)->outcome, Outcome::nxdomain);
    }
}

TEST(Zone, EightCnamesAreFollowedAndNineAreNot) {
    for (const int length : {8, 9}) {
        std::string text;
        for (int i = 0; i < length; ++i) {
            text += "n" + std::to_string(i) + ".x. CNAME n" + std::to_string(i + 1) + ".x.\n";
        }
        text += "n" + std::to_string(length) + ".x. TXT end\n";
        const auto resolver = make_zone_resolver(text);
        ASSERT_TRUE(resolver);
        const auto answer = testing::ask(**resolver, "n0.x", RecordType::txt);
        EXPECT_EQ(answer->outcome, length == 8 ? Outcome::found : Outcome::tempfail);
    }
}

TEST(Zone, ARootWildcardAnswersForEverything) {
    const auto resolver = make_zone_resolver("* TXT all\n");
    ASSERT_TRUE(resolver);
    EXPECT_EQ(testing::ask(**resolver, "any.thing", RecordType::txt)->texts.at(0), "all");
}

TEST(Zone, PlainNamesAreAbsoluteBeforeAnyOrigin) {
    const auto resolver =
        make_zone_resolver("example.net A 192.0.2.9\r\n$ORIGIN sub.example.net.\r\nx A 192.0.2.10");
    ASSERT_TRUE(resolver);
    EXPECT_EQ(testing::ask(**resolver, "example.net", RecordType::a)->outcome, Outcome::found);
    EXPECT_EQ(testing::ask(**resolver, "x.sub.example.net", RecordType::a)->outcome, Outcome::found);
}

TEST(Zone, TtlsTakeUnitsAndTheLastOneGivenGoesOn) {
    const auto resolver = make_zone_resolver("a.x. IN 1h30m TXT t\nb.x. TXT t\n$TTL 2d\nc.x. TXT t\n");
    ASSERT_TRUE(resolver);
    EXPECT_EQ(testing::ask(**resolver, "a.x", RecordType::txt)->ttl_seconds, 5400U);
    EXPECT_EQ(testing::ask(**resolver, "b.x", RecordType::txt)->ttl_seconds, 5400U);
    EXPECT_EQ(testing::ask(**resolver, "c.x", RecordType::txt)->ttl_seconds, 172800U);
}

TEST(Zone, AnEmptyTextIsAnEmptyZone) {
    for (const auto* text : {"", "\n\n", "; nothing", "  \n\t;x\n", "()"}) {
        const auto resolver = make_zone_resolver(text);
        ASSERT_TRUE(resolver) << text;
        EXPECT_EQ(testing::ask(**resolver, "a.x", RecordType::txt)->outcome, Outcome::nxdomain);
    }
}

TEST(Zone, ErrorsNameTheLine) {
    struct Case {
        std::string text;
        std::string error;
    };
    const std::vector<Case> cases = {
        {"a.x. A 192.0.2.256", "line 1: an A record takes one IPv4 address"},
        {"\n\na.x. A", "line 3: an A record takes one IPv4 address"},
        {"a.x. AAAA 192.0.2.1", "line 1: an AAAA record takes one IPv6 address"},
        {"a.x. TXT", "line 1: a TXT record takes at least one string"},
        {"a.x. TXT \"" + std::string(256, 'a') + "\"", "line 1: a string is longer than 255 octets"},
        {"a.x. MX 65536 b.x.", "line 1: an MX preference goes from 0 to 65535"},
        {"a.x. MX 10", "line 1: an MX record takes a preference and a host"},
        {"a.x. CNAME", "line 1: the record takes one name"},
        {"a.x. CNAME .", "line 1: the root is no name to point to"},
        {"a.x. CNAME b.x.\na.x. CNAME c.x.", "line 2: a CNAME stands beside other data"},
        {"a.x. CNAME b.x.\na.x. TXT t", "line 2: a CNAME stands beside other data"},
        {"a.x. TXT t\na.x. CNAME b.x.", "line 2: a CNAME stands beside other data"},
        {"a.x. TEMPFAIL now", "line 1: TEMPFAIL takes no data"},
        {"a.x. NS", "line 1: the record has no data"},
        {"a.x. SOA ns.x. h.x. 1 2 3 4", "line 1: a SOA record takes two names and five numbers"},
        {"a.x. SOA ns.x. h.x. 1 2 x 4 5", "line 1: a SOA record takes two names and five numbers"},
        {"a.x. SOA ns.x. h.x. 1 2 3 4 x", "line 1: the MINIMUM of the SOA record is no number of seconds"},
        {"a.x. FROB x", "line 1: unknown type FROB"},
        {"a.x. CH A 192.0.2.1", "line 1: unknown type CH"},
        {"a.x. 60 IN", "line 1: a record has no type"},
        {"a.x.", "line 1: a record has no type"},
        {"  TXT t", "line 1: the first record has no owner"},
        {"a..x. TXT t", "line 1: no domain name: a..x."},
        {"a\\.b.x. TXT t", "line 1: a label holds a dot"},
        {"$TTL never", "line 1: the TTL is no number of seconds"},
        {"$TTL 99999999999", "line 1: the TTL is no number of seconds"},
        {"$ORIGIN", "line 1: a directive takes one argument"},
        {"$INCLUDE /etc/passwd", "line 1: unknown directive $INCLUDE"},
        {"a.x. TXT \"open", "line 1: a quoted string does not end"},
        {"a.x. TXT \"open\n\"", "line 1: a quoted string does not end on its line"},
        {"a.x. TXT ( t\n", "line 2: a parenthesis is not closed"},
        {"a.x. TXT ( ( t ) )", "line 1: parentheses do not match"},
        {"a.x. TXT t )", "line 1: parentheses do not match"},
        {"a.x. TXT \\25", "line 1: a backslash and a digit must be followed by two more, up to \\255"},
        {"a.x. TXT \\256", "line 1: a backslash and a digit must be followed by two more, up to \\255"},
        {"a.x. TXT a\\", "line 1: a backslash stands at the end of a line"},
    };
    for (const auto& c : cases) {
        const auto resolver = make_zone_resolver(c.text);
        ASSERT_FALSE(resolver) << c.text;
        EXPECT_EQ(resolver.error().message, c.error) << c.text;
    }
}

}  // namespace
}  // namespace defender::dns
