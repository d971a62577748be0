#include "common/auth/spf_check.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.hpp"
#include "tests/support/spf_checking.hpp"

namespace defender::auth {
namespace {

using test::check_now;
using test::check_record;
using test::FakeResolver;
using test::spf_identity;
using enum SpfResult;

TEST(SpfMechanisms, MatchesAddressesByPrefix) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a:a.example/24//64 -all");
    zone.add_address("a.example", "192.0.2.200");
    zone.add_address("a.example", "2001:db8:1:2::1");
    EXPECT_EQ(check_now(zone, spf_identity("192.0.2.1")).result, pass);
    EXPECT_EQ(check_now(zone, spf_identity("192.0.3.1")).result, fail);
    EXPECT_EQ(check_now(zone, spf_identity("2001:db8:1:2:ffff::")).result, pass);
    EXPECT_EQ(check_now(zone, spf_identity("2001:db8:1:3::1")).result, fail);
}

TEST(SpfMechanisms, MatchesAllPrefixLengthsAtTheirLastBit) {
    for (unsigned length = 1; length <= 32; ++length) {
        FakeResolver zone;
        zone.add_txt("example.com", "v=spf1 a/" + std::to_string(length) + " -all");
        zone.add_address("example.com", "192.0.2.0");
        const auto client = [&](unsigned bit) {
            const std::uint32_t value = 0xc0000200U ^ (bit < 32 ? 0x80000000U >> bit : 0U);
            const std::uint8_t octets[] = {
                static_cast<std::uint8_t>(value >> 24U), static_cast<std::uint8_t>(value >> 16U),
                static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
            auto identity = spf_identity();
            identity.client = IpAddress::from_octets(octets).value();
            return identity;
        };
        EXPECT_EQ(check_now(zone, client(length)).result, pass) << length;
        EXPECT_EQ(check_now(zone, client(length - 1)).result, fail) << length;
    }
    for (unsigned length = 1; length <= 128; ++length) {
        FakeResolver zone;
        zone.add_txt("example.com", "v=spf1 a//" + std::to_string(length) + " -all");
        zone.add_address("example.com", "2001:db8::");
        const auto client = [&](unsigned bit) {
            auto base = IpAddress::parse("2001:db8::").value();
            std::vector<std::uint8_t> octets(base.octets().begin(), base.octets().end());
            if (bit < 128)
                octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] ^ (0x80U >> (bit % 8)));
            auto identity = spf_identity();
            identity.client = IpAddress::from_octets(octets).value();
            return identity;
        };
        EXPECT_EQ(check_now(zone, client(length)).result, pass) << length;
        EXPECT_EQ(check_now(zone, client(length - 1)).result, fail) << length;
    }
}

TEST(SpfMechanisms, MatchesLengthZeroWhereThereIsAnAddressOfTheClientsFamily) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a/0//0 mx/0//0 -all");
    zone.add_mx("example.com", 1, "mx.example");
    EXPECT_EQ(check_now(zone).result, fail);
    zone.add_address("mx.example", "203.0.113.9");
    EXPECT_VERDICT(check_now(zone), pass, "mx/0//0");
    EXPECT_EQ(check_now(zone, spf_identity("2001:db8::1")).result, fail);
    zone.add_address("example.com", "2001:db8:ffff::9");
    EXPECT_VERDICT(check_now(zone, spf_identity("2001:db8::1")), pass, "a/0//0");
}

TEST(SpfMechanisms, MatchesIp6NetworksOfAnyLength) {
    EXPECT_EQ(check_record("v=spf1 ip6:2001:db8:1234:5678:9abc:def0:1234:5678 -all",
                           "2001:db8:1234:5678:9abc:def0:1234:5678")
                  .result,
              pass);
    EXPECT_EQ(
        check_record("v=spf1 ip6:2001:db8:1234:5678:9abc:def0:1234:5678/64 -all", "2001:db8:1234:5678::1")
            .result,
        pass);
    EXPECT_EQ(check_record("v=spf1 ip6:2001:db8::/32 -all", "192.0.2.1").result, fail);
    EXPECT_EQ(check_record("v=spf1 ip4:0.0.0.0/0 -all", "2001:db8::1").result, fail);
}

TEST(SpfMechanisms, MakesNoExchangeOfADomainWithoutOne) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 mx -all");
    zone.add_address("example.com", "192.0.2.1");
    EXPECT_EQ(check_now(zone).result, fail);
    zone.add_mx("example.com", 0, "");
    EXPECT_EQ(check_now(zone).result, fail);
}

TEST(SpfMechanisms, AsksForAnARecordWithExistsWhateverTheClient) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 exists:four.example -all");
    zone.add_address("four.example", "127.0.0.2");
    EXPECT_EQ(check_now(zone, spf_identity("2001:db8::1")).result, pass);
    FakeResolver six;
    six.add_txt("example.com", "v=spf1 exists:six.example -all");
    six.add_address("six.example", "2001:db8::1");
    EXPECT_EQ(check_now(six, spf_identity("2001:db8::1")).result, fail);
}

TEST(SpfMechanisms, MatchesPtrByTheValidatedNameAndItsParents) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ptr -all");
    zone.add_txt("b.example", "v=spf1 ptr:Mail.example.com -all");
    zone.add_txt("c.example", "v=spf1 ptr:ail.example.com -all");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "mail.Example.com");
    zone.add_address("mail.example.com", "192.0.2.1");
    EXPECT_VERDICT(check_now(zone), pass, "ptr");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.1", "b.example")), pass, "ptr:Mail.example.com");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.1", "c.example")), fail, "all");
}

TEST(SpfMechanisms, TurnsTheResultOfAnIncludeIntoAMatchOrNone) {
    const std::pair<std::string, SpfResult> inner[] = {{"v=spf1 all", softfail},
                                                       {"v=spf1 -all", fail},
                                                       {"v=spf1 ~all", fail},
                                                       {"v=spf1 ?all", fail},
                                                       {"v=spf1", fail}};
    for (const auto& [record, expected] : inner) {
        FakeResolver zone;
        zone.add_txt("example.com", "v=spf1 ~include:i.example -all");
        zone.add_txt("i.example", record);
        EXPECT_EQ(check_now(zone).result, expected) << record;
    }
}

TEST(SpfMechanisms, AnIncludeOrRedirectWithoutARecordIsPermerror) {
    EXPECT_VERDICT(check_record("v=spf1 include:gone.example all"), permerror, "no record of gone.example");
    EXPECT_VERDICT(check_record("v=spf1 include:a..example all"), permerror, "no record of a..example");
    EXPECT_VERDICT(check_record("v=spf1 redirect=gone.example"), permerror, "no record of gone.example");
}

TEST(SpfMechanisms, FollowsARedirectOnlyWhereNothingMatchedAndNoAllStands) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 redirect=r.example ip4:192.0.2.7");
    zone.add_txt("r.example", "v=spf1 a:%{d} -all");
    zone.add_address("r.example", "192.0.2.1");
    EXPECT_VERDICT(check_now(zone), pass, "a:%{d}");
    EXPECT_VERDICT(check_now(zone, spf_identity("192.0.2.7")), pass, "ip4:192.0.2.7");
    EXPECT_VERDICT(check_record("v=spf1 redirect=gone.example ~all"), softfail, "all");
}

TEST(SpfMechanisms, UsesTheIncludedDomainForDAndTheSendersForO) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 include:i.example -all");
    zone.add_txt("i.example", "v=spf1 exists:%{l}.%{d}.%{o}.x.example");
    zone.add_address("user.i.example.example.com.x.example", "127.0.0.2");
    EXPECT_EQ(check_now(zone).result, pass);
}

TEST(SpfMechanisms, ChecksClientsOnLoopbackByTheRecord) {
    EXPECT_VERDICT(check_record("v=spf1 -all", "127.0.0.1"), fail, "all");
    EXPECT_VERDICT(check_record("v=spf1 ip4:127.0.0.0/8 -all", "127.1.2.3"), pass, "ip4:127.0.0.0/8");
    EXPECT_VERDICT(check_record("v=spf1 ip6:::1 -all", "::1"), pass, "ip6:::1");
    EXPECT_VERDICT(check_record("v=spf1 ~all", "::1"), softfail, "all");
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a/31//127 -all");
    zone.add_address("example.com", "127.0.0.2");
    zone.add_address("example.com", "::2");
    EXPECT_EQ(check_now(zone, spf_identity("127.0.0.3")).result, pass);
    EXPECT_EQ(check_now(zone, spf_identity("127.0.0.1")).result, fail);
    EXPECT_EQ(check_now(zone, spf_identity("::3")).result, pass);
    EXPECT_EQ(check_now(zone, spf_identity("::1")).result, fail);
    EXPECT_EQ(check_record("v=spf1 -all", "255.0.0.1").result, fail);
}

TEST(SpfMechanisms, TakesAMappedClientAsIpv4) {
    EXPECT_EQ(check_record("v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1").result, pass);
}

TEST(SpfMechanisms, LetsNoTermMatchThatHoldsANonAsciiLocalPart) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 include:%{l}.example a:%{s} -all");
    auto identity = spf_identity();
    identity.local_part =
        "b\xc3\xbc"
        "cher";
    const auto evidence = check_now(zone, identity);
    EXPECT_VERDICT(evidence, fail, "all");
    EXPECT_EQ(evidence.terms, 2U);
    EXPECT_EQ(zone.asked().size(), 1U);
}

}  // namespace
}  // namespace defender::auth
