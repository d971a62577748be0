#include "common/base/ip_prefix.hpp"

#include <gtest/gtest.h>

#include <array>

namespace defender {
namespace {

IpPrefix around(const char* address, unsigned length) {
    return IpPrefix::around(*IpAddress::parse(address), length);
}

TEST(IpPrefix, ClearsTheHostBits) {
    struct Case {
        const char* address;
        unsigned length;
        const char* text;
    };
    constexpr std::array cases{
        Case{"192.0.2.77", 32, "192.0.2.77"},
        Case{"192.0.2.77", 31, "192.0.2.76/31"},
        Case{"192.0.2.77", 24, "192.0.2.0/24"},
        Case{"192.0.2.77", 7, "192.0.0.0/7"},
        Case{"192.0.2.77", 1, "128.0.0.0/1"},
        Case{"192.0.2.77", 0, "0.0.0.0/0"},
        Case{"2001:db8:1:2:ffff::9", 64, "2001:db8:1:2::/64"},
        Case{"2001:db8:1:2:ffff::9", 65, "2001:db8:1:2:8000::/65"},
        Case{"2001:db8::9", 128, "2001:db8::9"},
        Case{"2001:db8::9", 0, "::/0"},
        Case{"::ffff:192.0.2.77", 24, "192.0.2.0/24"},
    };
    for (const auto& [address, length, text] : cases) {
        EXPECT_EQ(around(address, length).to_string(), text);
        EXPECT_EQ(around(address, length).length(), length);
    }
}

TEST(IpPrefix, HasNoMoreBitsThanTheAddress) {
    EXPECT_EQ(around("192.0.2.77", 64), around("192.0.2.77", 32));
    EXPECT_EQ(around("2001:db8::9", 200), around("2001:db8::9", 128));
}

TEST(IpPrefix, EqualNetworksAreEqualHoweverTheyAreWritten) {
    EXPECT_EQ(IpPrefix::parse("192.0.2.0/24"), IpPrefix::parse("192.0.2.99/24"));
    EXPECT_EQ(IpPrefix::parse("192.0.2.1"), IpPrefix::parse("192.0.2.1/32"));
    EXPECT_EQ(IpPrefix::parse("2001:DB8:0::/64"), IpPrefix::parse("2001:db8::1/64"));
    EXPECT_EQ(IpPrefix::parse("::ffff:192.0.2.0/120"), IpPrefix::parse("192.0.2.0/24"));
    EXPECT_NE(IpPrefix::parse("192.0.2.0/24"), IpPrefix::parse("192.0.2.0/25"));
    EXPECT_NE(IpPrefix::parse("0.0.0.0/0"), IpPrefix::parse("::/0"));
}

TEST(IpPrefix, ItsTextParsesToItself) {
    for (const auto* text : {"192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::1", "2001:db8::/64", "::/0"})
        EXPECT_EQ(IpPrefix::parse(text)->to_string(), text);
}

TEST(IpPrefix, WhatIsNoNetworkIsNothing) {
    for (const auto* text :
         {"", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "/24", "2001:db8::/129", "example.org"})
        EXPECT_FALSE(IpPrefix::parse(text)) << text;
}

}  // namespace
}  // namespace defender
