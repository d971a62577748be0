#include "common/dns/server_address.hpp"

#include <gtest/gtest.h>

namespace defender::dns {
namespace {

TEST(ServerAddress, IsReadWithAndWithoutAPort) {
    struct Case {
        const char* text;
        const char* expected;
    };
    for (const auto& c : {Case{"192.0.2.1", "192.0.2.1:53"}, Case{"192.0.2.1:5353", "192.0.2.1:5353"},
                          Case{"2001:db8::1", "[2001:db8::1]:53"}, Case{"[2001:db8::1]", "[2001:db8::1]:53"},
                          Case{"[2001:db8::1]:65535", "[2001:db8::1]:65535"}, Case{"::1", "[::1]:53"}}) {
        const auto server = ServerAddress::parse(c.text);
        ASSERT_TRUE(server) << c.text;
        EXPECT_EQ(server->to_string(), c.expected);
        EXPECT_EQ(ServerAddress::parse(server->to_string()), server);
    }
}

TEST(ServerAddress, WhatIsNoAddressOrNoPortIsRefused) {
    for (const auto* text : {"", ":", "ns.example", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
                             "192.0.2.1:5x", "192.0.2.256", "[2001:db8::1", "[2001:db8::1]53",
                             "[2001:db8::1]:", "[192.0.2.1]:53", "[]:53", "2001:db8::1]:53", " 192.0.2.1"}) {
        EXPECT_FALSE(ServerAddress::parse(text)) << text;
    }
}

}  // namespace
}  // namespace defender::dns
