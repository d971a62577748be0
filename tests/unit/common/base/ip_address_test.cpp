#include "common/base/ip_address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace defender {
namespace {

using namespace std::string_view_literals;

std::string canonical(std::string_view text) {
    const auto address = IpAddress::parse(text);
    return address ? address->to_string() : "none";
}

TEST(IpAddress, DottedDecimalStaysAsItIs) {
    for (const auto text : {"0.0.0.0", "192.0.2.1", "255.255.255.255"}) {
        EXPECT_EQ(canonical(text), text);
        EXPECT_TRUE(IpAddress::parse(text)->is_v4());
        EXPECT_FALSE(IpAddress::parse(text)->is_v6());
    }
}

TEST(IpAddress, Ipv6TextIsThatOfRfc5952) {
    EXPECT_EQ(canonical("2001:0DB8:0000:0000:0000:0000:0000:0001"), "2001:db8::1");
    EXPECT_EQ(canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
    EXPECT_EQ(canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
    EXPECT_EQ(canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
    EXPECT_EQ(canonical("0:0:0:0:0:0:0:0"), "::");
    EXPECT_EQ(canonical("0:0:0:0:0:0:0:1"), "::1");
    EXPECT_EQ(canonical("1:0:0:0:0:0:0:0"), "1::");
    EXPECT_EQ(canonical("ABCD:EF01::"), "abcd:ef01::");
    EXPECT_EQ(canonical("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
}

TEST(IpAddress, AddressesInTheDeprecatedCompatibleRangeAreHexadecimalToo) {
    EXPECT_EQ(canonical("::1.2.3.4"), "::102:304");
    EXPECT_EQ(canonical("::1:2"), "::1:2");
    EXPECT_EQ(canonical("::1:0"), "::1:0");
    EXPECT_EQ(canonical("::ffff"), "::ffff");
    EXPECT_EQ(canonical("::ffff:0"), "::ffff:0");
    EXPECT_EQ(canonical("::1:0:0"), "::1:0:0");
    EXPECT_EQ(canonical("::ffff:0:1.2.3.4"), "::ffff:0:102:304");
}

TEST(IpAddress, MappedAddressesBecomeIpv4) {
    for (const auto text : {"::ffff:192.0.2.1", "::FFFF:c000:0201", "0:0:0:0:0:ffff:192.0.2.1"}) {
        EXPECT_EQ(canonical(text), "192.0.2.1") << text;
        EXPECT_EQ(IpAddress::parse(text), IpAddress::parse("192.0.2.1"));
        EXPECT_EQ(IpAddress::parse(text)->octets().size(), 4U);
    }
}

TEST(IpAddress, WhatIsNoAddressIsNothing) {
    for (const auto text : {""sv,
                            " "sv,
                            "1.2.3"sv,
                            "1.2.3.4.5"sv,
                            "1.2.3.256"sv,
                            "01.2.3.4"sv,
                            "1.2.3.4 "sv,
                            " 1.2.3.4"sv,
                            "1.2.3.4/8"sv,
                            "0x1.2.3.4"sv,
                            "1.2.3.-4"sv,
                            "16909060"sv,
                            "1.2.3.4\0"sv,
                            ":::"sv,
                            ":1"sv,
                            "1:2:3:4:5:6:7"sv,
                            "1:2:3:4:5:6:7:8:9"sv,
                            "1::2::3"sv,
                            "12345::"sv,
                            "g::"sv,
                            "fe80::1%eth0"sv,
                            "[::1]"sv,
                            "::1\0"sv,
                            "::1/64"sv,
                            "::ffff:1.2.3"sv,
                            "::1.2.3.4.5"sv,
                            "1:2:3:4:5:6:7:8::"sv,
                            "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
        EXPECT_EQ(canonical(text), "none") << text;
    }
}

TEST(IpAddress, TheLongestTextIsRead) {
    EXPECT_EQ(canonical("1111:2222:3333:4444:5555:6666:123.123.123.123"),
              "1111:2222:3333:4444:5555:6666:7b7b:7b7b");
}

TEST(IpAddress, OctetsAre4Or16) {
    const std::array<std::uint8_t, 17> octets{192, 0, 2, 1};
    EXPECT_EQ(IpAddress::from_octets({octets.data(), 4})->to_string(), "192.0.2.1");
    EXPECT_EQ(IpAddress::from_octets({octets.data(), 16})->to_string(), "c000:201::");
    for (const std::size_t size : {0U, 1U, 3U, 5U, 15U, 17U}) {
        EXPECT_FALSE(IpAddress::from_octets({octets.data(), size})) << size;
    }
}

TEST(IpAddress, EqualOctetsOfDifferentFamiliesAreDifferent) {
    EXPECT_NE(IpAddress::parse("0.0.0.0"), IpAddress::parse("::"));
    EXPECT_NE(IpAddress::parse("1.2.3.4"), IpAddress::parse("102:304::"));
    EXPECT_EQ(IpAddress(), IpAddress::parse("0.0.0.0"));
}

TEST(IpAddress, LoopbackIs127AndColonColonOne) {
    for (const auto text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(IpAddress::parse(text)->is_loopback()) << text;
    }
    for (const auto text : {"126.255.255.255", "128.0.0.0", "::", "::2", "1::1", "0.0.0.1", "7f00::"}) {
        EXPECT_FALSE(IpAddress::parse(text)->is_loopback()) << text;
    }
}

TEST(IpAddress, ReverseNamesAreThoseOfPtrRecords) {
    EXPECT_EQ(IpAddress::parse("192.0.2.1")->reverse_name(), "1.2.0.192.in-addr.arpa");
    EXPECT_EQ(IpAddress::parse("2001:db8::567:89ab")->reverse_name(),
              "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

bool contains(std::string_view network, std::string_view address) {
    return IpNetwork::parse(network)->contains(*IpAddress::parse(address));
}

TEST(IpNetwork, ContainsByItsPrefix) {
    EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
    EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
    EXPECT_TRUE(contains("192.0.2.0/23", "192.0.3.0"));
    EXPECT_TRUE(contains("10.0.0.0/9", "10.127.255.255"));
    EXPECT_FALSE(contains("10.0.0.0/9", "10.128.0.0"));
    EXPECT_TRUE(contains("0.0.0.0/0", "255.1.2.3"));
    EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(contains("192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(contains("2001:db8::/32", "2001:db8:ffff::1"));
    EXPECT_FALSE(contains("2001:db8::/32", "2001:db9::"));
    EXPECT_TRUE(contains("2001:db8::/127", "2001:db8::1"));
    EXPECT_FALSE(contains("2001:db8::/128", "2001:db8::1"));
    EXPECT_TRUE(contains("::/0", "2001:db8::1"));
}

TEST(IpNetwork, EveryPrefixLengthSplitsAtItsBit) {
    for (unsigned length = 1; length <= 128; ++length) {
        std::array<std::uint8_t, 16> octets{};
        const auto network = IpNetwork::parse("::/" + std::to_string(length));
        ASSERT_TRUE(network);
        const unsigned last = length - 1;
        octets[last / 8] = static_cast<std::uint8_t>(0x80U >> (last % 8));
        EXPECT_FALSE(network->contains(*IpAddress::from_octets(octets))) << length;
        if (length == 128) continue;
        octets.fill(0);
        octets[length / 8] = static_cast<std::uint8_t>(0x80U >> (length % 8));
        EXPECT_TRUE(network->contains(*IpAddress::from_octets(octets))) << length;
    }
}

TEST(IpNetwork, HostBitsAreIgnored) {
    EXPECT_TRUE(contains("192.0.2.77/24", "192.0.2.1"));
}

TEST(IpNetwork, NeverContainsTheOtherFamily) {
    EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
    EXPECT_FALSE(contains("::/0", "192.0.2.1"));
}

TEST(IpNetwork, MappedNetworksAreIpv4Networks) {
    EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_FALSE(contains("::ffff:10.0.0.0/104", "11.1.2.3"));
    EXPECT_TRUE(contains("::ffff:0:0/96", "203.0.113.9"));
    EXPECT_TRUE(contains("::ffff:10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(IpNetwork::parse("::ffff:10.0.0.0/95"));
    EXPECT_FALSE(IpNetwork::parse("::ffff:10.0.0.0/8"));
    EXPECT_FALSE(IpNetwork::parse("::ffff:10.0.0.0/129"));
}

TEST(IpNetwork, WhatIsNoNetworkIsNothing) {
    for (const auto text :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8",
          "10.0.0.0 /8", "10.0.0.0/ 8", "::/129", "::/x", "example.com/8"}) {
        EXPECT_FALSE(IpNetwork::parse(text)) << text;
    }
}

TEST(IpNetwork, TextHasTheLengthAlways) {
    EXPECT_EQ(IpNetwork::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
    EXPECT_EQ(IpNetwork::parse("2001:DB8::/32")->to_string(), "2001:db8::/32");
    EXPECT_EQ(IpNetwork::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
}

}  // namespace
}  // namespace defender
