#include "common/auth/body_hashes.hpp"

#include <gtest/gtest.h>

#include "tests/support/dkim_signer.hpp"

namespace defender::auth {
namespace {

constexpr auto simple = Canonicalization::simple;
constexpr auto relaxed = Canonicalization::relaxed;

std::string sha256(const std::string& octets) {
    return test::digest_of(octets, EVP_sha256());
}

TEST(BodyHashes, EveryDigestThatIsWantedComesOfOnePass) {
    const std::string body = "one  two \r\n\r\nthree\r\n\r\n";
    for (const std::size_t piece : {1U, 3U, 100U}) {
        BodyHashes hashes;
        EXPECT_FALSE(hashes.any_wanted());
        hashes.want(relaxed, std::nullopt);
        for (const std::uint64_t length : {7U, 0U, 18U, 19U, 3U}) hashes.want(relaxed, length);
        hashes.want(simple, 5);
        EXPECT_TRUE(hashes.any_wanted());
        for (std::size_t at = 0; at < body.size(); at += piece)
            hashes.add(std::span(body).subspan(at, std::min(piece, body.size() - at)));
        hashes.finish();
        const std::string canonical = "one two\r\n\r\nthree\r\n";
        EXPECT_EQ(hashes.octets(relaxed), 18U);
        EXPECT_EQ(hashes.digest(relaxed, std::nullopt), sha256(canonical));
        EXPECT_EQ(hashes.digest(relaxed, 18), sha256(canonical));
        EXPECT_EQ(hashes.digest(relaxed, 7), sha256("one two"));
        EXPECT_EQ(hashes.digest(relaxed, 3), sha256("one"));
        EXPECT_EQ(hashes.digest(relaxed, 0), sha256(""));
        EXPECT_EQ(hashes.digest(relaxed, 19), std::nullopt);
        EXPECT_EQ(hashes.digest(simple, 5), sha256("one  "));
    }
}

TEST(BodyHashes, AnEmptyBodyHasADigestInBothForms) {
    BodyHashes hashes;
    hashes.want(simple, std::nullopt);
    hashes.want(relaxed, 0);
    hashes.finish();
    EXPECT_EQ(hashes.digest(simple, std::nullopt), sha256("\r\n"));
    EXPECT_EQ(hashes.digest(relaxed, 0), sha256(""));
    EXPECT_EQ(hashes.octets(simple), 2U);
    EXPECT_EQ(hashes.octets(relaxed), 0U);
}

TEST(BodyHashes, OctetsBehindTheLastLengthAreCountedThoughNobodyHashesThem) {
    for (const std::size_t piece : {1U, 100U}) {
        const std::string body = "one two\r\nthree\r\n";
        BodyHashes hashes;
        hashes.want(relaxed, 3);
        for (std::size_t at = 0; at < body.size(); at += piece)
            hashes.add(std::span(body).subspan(at, std::min(piece, body.size() - at)));
        hashes.finish();
        EXPECT_EQ(hashes.digest(relaxed, 3), sha256("one"));
        EXPECT_EQ(hashes.octets(relaxed), body.size());
    }
}

TEST(BodyHashes, BareLineEndsOfTheBodyAreSeen) {
    BodyHashes hashes;
    hashes.want(simple, std::nullopt);
    hashes.add(std::string_view("a\r"));
    EXPECT_TRUE(hashes.bare_line_ends().has_cr());
    hashes.add(std::string_view("\n\n"));
    EXPECT_FALSE(hashes.bare_line_ends().has_cr());
    EXPECT_TRUE(hashes.bare_line_ends().has_lf());
}

TEST(BodyHashes, AFormThatNobodyWantsHasNone) {
    BodyHashes hashes;
    hashes.want(simple, std::nullopt);
    hashes.add(std::string_view("x"));
    hashes.finish();
    EXPECT_EQ(hashes.digest(relaxed, std::nullopt), std::nullopt);
    EXPECT_EQ(hashes.octets(relaxed), 0U);
}

}  // namespace
}  // namespace defender::auth
