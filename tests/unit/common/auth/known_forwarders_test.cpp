#include "common/auth/known_forwarders.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

using enum ForwarderStatus;

/// "STATUS NETWORK DOMAINS".
std::string found(const std::vector<KnownForwarder>& known, const char* client) {
    const auto evidence = KnownForwarders(known).find(*IpAddress::parse(client));
    return std::string(to_string(evidence.status)) + " " + evidence.network + " " +
           std::to_string(evidence.domains);
}

TEST(KnownForwarders, NothingIsKnownAtFirst) {
    const auto evidence = KnownForwarders().find(*IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(evidence.status, unknown);
    EXPECT_EQ(evidence.network, "");
    EXPECT_EQ(evidence.domains, 0U);
}

TEST(KnownForwarders, ALearnedClientIsFoundWithItsDomains) {
    const std::vector<KnownForwarder> known{{"192.0.2.1", learned, 12}, {"2001:db8:0:1::/64", learned, 30}};
    EXPECT_EQ(found(known, "192.0.2.1"), "learned 192.0.2.1 12");
    EXPECT_EQ(found(known, "192.0.2.2"), "unknown  0");
    EXPECT_EQ(found(known, "2001:db8:0:1::99"), "learned 2001:db8:0:1::/64 30");
    EXPECT_EQ(found(known, "2001:db8:0:2::99"), "unknown  0");
}

TEST(KnownForwarders, TheOperatorsWordComesBeforeWhatWasLearnedAndKeepsItsDomains) {
    const std::vector<KnownForwarder> known{{"192.0.2.1", learned, 12}, {"192.0.2.1", denied, 0}};
    EXPECT_EQ(found(known, "192.0.2.1"), "denied 192.0.2.1 12");
    EXPECT_EQ(found({known[1], known[0]}, "192.0.2.1"), "denied 192.0.2.1 12") << "in any order";
}

TEST(KnownForwarders, AWholeNetworkMayBeConfirmedOrDenied) {
    const std::vector<KnownForwarder> known{
        {"192.0.2.0/24", denied, 0}, {"192.0.2.1", learned, 12}, {"2001:db8::/32", confirmed, 0}};
    EXPECT_EQ(found(known, "192.0.2.1"), "denied 192.0.2.0/24 12") << "denied beats learned";
    EXPECT_EQ(found(known, "192.0.2.2"), "denied 192.0.2.0/24 0");
    EXPECT_EQ(found(known, "192.0.3.1"), "unknown  0");
    EXPECT_EQ(found(known, "2001:db8:9::1"), "confirmed 2001:db8::/32 0");
}

TEST(KnownForwarders, OfSeveralNetworksTheMostSpecificOneCounts) {
    const std::vector<KnownForwarder> known{{"192.0.0.0/16", denied, 0},
                                            {"192.0.2.0/24", confirmed, 0},
                                            {"192.0.2.128/25", denied, 0},
                                            {"192.0.2.129", confirmed, 0},
                                            {"0.0.0.0/0", confirmed, 0}};
    EXPECT_EQ(found(known, "192.0.1.1"), "denied 192.0.0.0/16 0");
    EXPECT_EQ(found(known, "192.0.2.1"), "confirmed 192.0.2.0/24 0");
    EXPECT_EQ(found(known, "192.0.2.130"), "denied 192.0.2.128/25 0");
    EXPECT_EQ(found(known, "192.0.2.129"), "confirmed 192.0.2.129 0");
    EXPECT_EQ(found(known, "10.0.0.1"), "confirmed 0.0.0.0/0 0");
    EXPECT_EQ(found(known, "2001:db8::1"), "unknown  0") << "IPv4 networks hold no IPv6 address";
}

TEST(KnownForwarders, EqualLengthsOfBothFamiliesAreToldApart) {
    const std::vector<KnownForwarder> known{{"32.1.13.184", denied, 0}, {"2001:db8::/32", confirmed, 0}};
    EXPECT_EQ(found(known, "32.1.13.184"), "denied 32.1.13.184 0");
    EXPECT_EQ(found(known, "2001:db8::1"), "confirmed 2001:db8::/32 0");
}

TEST(KnownForwarders, HostBitsAndOtherTextDoNoHarm) {
    const std::vector<KnownForwarder> known{{"192.0.2.77/24", confirmed, 0},
                                            {"", denied, 0},
                                            {"example.org", denied, 0},
                                            {"1.2.3.4/99", learned, 5}};
    EXPECT_EQ(found(known, "192.0.2.1"), "confirmed 192.0.2.0/24 0");
    EXPECT_EQ(found(known, "1.2.3.4"), "unknown  0");
}

TEST(KnownForwarders, ManyAreFoundEach) {
    std::vector<KnownForwarder> known;
    for (unsigned i = 0; i < 5000; ++i) {
        known.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), learned, 10 + i});
    }
    const KnownForwarders forwarders(known);
    for (const auto& one : known)
        EXPECT_EQ(forwarders.find(*IpAddress::parse(one.network)).domains, one.domains) << one.network;
    EXPECT_EQ(forwarders.find(*IpAddress::parse("10.0.0.250")).status, unknown);
}

}  // namespace
}  // namespace defender::auth
