#include "common/auth/verifying_keys.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace defender::auth {
namespace {

constexpr auto ed25519 = DkimAlgorithm::ed25519_sha256;
constexpr auto rsa = DkimAlgorithm::rsa_sha256;

/// Any 32 octets are read as a key of Ed25519.
std::string octets(char which) {
    return std::string(32, which);
}

TEST(VerifyingKeys, KeepsWhatItHasReadOnce) {
    VerifyingKeys keys;
    EXPECT_TRUE(keys.read(ed25519, octets('a')));
    EXPECT_TRUE(keys.read(ed25519, octets('a')));
    EXPECT_EQ(keys.size(), 1U);
    EXPECT_TRUE(keys.read(ed25519, octets('b')));
    EXPECT_EQ(keys.size(), 2U);
}

TEST(VerifyingKeys, WhatIsNoKeyIsNotKeptAndOctetsAreAKeyOfOneKindOnly) {
    VerifyingKeys keys;
    EXPECT_FALSE(keys.read(ed25519, "short"));
    EXPECT_FALSE(keys.read(rsa, octets('a')));
    EXPECT_EQ(keys.size(), 0U);
    EXPECT_TRUE(keys.read(ed25519, octets('a')));
    EXPECT_FALSE(keys.read(rsa, octets('a')));
    EXPECT_EQ(keys.size(), 1U);
}

TEST(VerifyingKeys, NeverKeepsMoreThanItsBound) {
    VerifyingKeys keys(3);
    for (char which = 'a'; which <= 'z'; ++which) {
        EXPECT_TRUE(keys.read(ed25519, octets(which)));
        EXPECT_TRUE(keys.read(ed25519, octets('a')));  // used all the time
        EXPECT_LE(keys.size(), 3U);
    }
    EXPECT_EQ(keys.size(), 3U);
    VerifyingKeys none(0);
    EXPECT_TRUE(none.read(ed25519, octets('a')));
    EXPECT_EQ(none.size(), 0U);
}

TEST(VerifyingKeys, ManyThreadsMayReadTheSameKeys) {
    VerifyingKeys keys(4);
    std::vector<std::thread> threads;
    for (int each = 0; each < 4; ++each) {
        threads.emplace_back([&keys] {
            for (int round = 0; round < 500; ++round)
                EXPECT_TRUE(keys.read(ed25519, octets(static_cast<char>('a' + round % 8))));
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(keys.size(), 4U);
}

}  // namespace
}  // namespace defender::auth
