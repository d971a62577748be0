#include "common/auth/digital_signature.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "common/auth/dkim_key.hpp"
#include "tests/support/dkim_message.hpp"

namespace defender::auth {
namespace {

std::string hex(const std::string& octets) {
    std::string out;
    for (const char c : octets) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 0xfU];
    }
    return out;
}

std::string digest_of(std::string_view octets) {
    Sha256 hash;
    hash.add(octets);
    return hash.digest();
}

/// The octets of a published key as the verifier takes them.
std::string key_octets(const test::DkimSigningKey& key, DkimAlgorithm algorithm) {
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    answer.texts = {key.record()};
    const auto domain = *DomainName::parse("example.com");
    const DkimSignature signature{
        .algorithm = algorithm, .domain = domain, .identity_domain = domain, .key_name = ""};
    return choose_dkim_key(answer, signature, 1024).octets;
}

bool verify_signature(DkimAlgorithm algorithm, std::string_view key, std::string_view digest,
                      std::string_view signature) {
    const auto read = VerifyingKey::read(algorithm, key);
    return read && read->verifies(digest, signature);
}

TEST(DigitalSignature, Sha256IsAsItsStandardHasIt) {
    EXPECT_EQ(hex(digest_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(digest_of("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(DigitalSignature, ADigestCanBeTakenOnTheWayAndACopyGoesItsOwnWay) {
    Sha256 hash;
    hash.add("ab");
    EXPECT_EQ(hash.digest(), digest_of("ab"));
    auto copy = hash;
    copy.add("x");
    hash.add("c");
    EXPECT_EQ(hash.digest(), digest_of("abc"));
    EXPECT_EQ(copy.digest(), digest_of("abx"));
    copy = hash;
    EXPECT_EQ(copy.digest(), digest_of("abc"));
}

struct Kind {
    const test::DkimSigningKey& key;
    DkimAlgorithm algorithm;
};

TEST(DigitalSignature, WhatAKeySignsItsPublicKeyVerifiesAndNothingElse) {
    const Kind kinds[] = {{test::rsa_key(), DkimAlgorithm::rsa_sha256},
                          {test::rsa_key(2048), DkimAlgorithm::rsa_sha256},
                          {test::ed25519_key(), DkimAlgorithm::ed25519_sha256}};
    for (const auto& kind : kinds) {
        const auto key = SigningKey::parse(kind.key.pem());
        ASSERT_TRUE(key) << key.error().message;
        EXPECT_EQ(key->algorithm(), kind.algorithm);
        const auto octets = key_octets(kind.key, kind.algorithm);
        const auto digest = digest_of("text");
        const auto signature = key->sign(digest);
        EXPECT_TRUE(verify_signature(kind.algorithm, octets, digest, signature));
        EXPECT_FALSE(verify_signature(kind.algorithm, octets, digest_of("texT"), signature));
        for (std::size_t at = 0; at < signature.size(); at += 7) {
            auto changed = signature;
            changed[at] = static_cast<char>(changed[at] ^ 1);
            EXPECT_FALSE(verify_signature(kind.algorithm, octets, digest, changed)) << at;
        }
        EXPECT_FALSE(verify_signature(kind.algorithm, octets, digest, ""));
        EXPECT_FALSE(verify_signature(kind.algorithm, octets, digest, signature + "x"));
        EXPECT_FALSE(verify_signature(kind.algorithm, "", digest, signature));
        EXPECT_FALSE(verify_signature(kind.algorithm, "no key", digest, signature));
    }
}

TEST(DigitalSignature, OneKeyVerifiesAgainAndAgainOnSeveralThreadsWhateverItVerifiedBefore) {
    const Kind kinds[] = {{test::rsa_key(), DkimAlgorithm::rsa_sha256},
                          {test::ed25519_key(), DkimAlgorithm::ed25519_sha256}};
    for (const auto& kind : kinds) {
        const auto signing = SigningKey::parse(kind.key.pem());
        ASSERT_TRUE(signing);
        const auto key = VerifyingKey::read(kind.algorithm, key_octets(kind.key, kind.algorithm));
        ASSERT_TRUE(key);
        const auto digest = digest_of("text");
        const auto other = digest_of("other text");
        const auto signature = signing->sign(digest);
        const auto of_other = signing->sign(other);
        const auto verify = [&] {
            for (int round = 0; round < 50; ++round) {
                EXPECT_TRUE(key->verifies(digest, signature));
                EXPECT_FALSE(key->verifies(digest, of_other));
                EXPECT_TRUE(key->verifies(other, of_other));
                EXPECT_FALSE(key->verifies(other, "no signature"));
            }
        };
        std::vector<std::thread> threads;
        for (int count = 0; count < 4; ++count) threads.emplace_back(verify);
        for (auto& thread : threads) thread.join();
    }
}

TEST(DigitalSignature, ASignatureIsMadeAsDkimSignaturesAre) {
    const auto key = SigningKey::parse(test::rsa_key().pem());
    ASSERT_TRUE(key);
    EXPECT_EQ(key->sign(digest_of("text")), test::rsa_key().sign("text", EVP_sha256()));
    const auto ed25519 = SigningKey::parse(test::ed25519_key().pem());
    ASSERT_TRUE(ed25519);
    EXPECT_EQ(ed25519->sign(digest_of("text")), test::ed25519_key().sign("text", EVP_sha256()));
}

TEST(DigitalSignature, AKeyOfTheOtherKindDoesNotVerify) {
    const auto digest = digest_of("text");
    const auto key = SigningKey::parse(test::rsa_key().pem());
    const auto ed25519 = key_octets(test::ed25519_key(), DkimAlgorithm::ed25519_sha256);
    const auto rsa = key_octets(test::rsa_key(), DkimAlgorithm::rsa_sha256);
    EXPECT_FALSE(verify_signature(DkimAlgorithm::rsa_sha256, ed25519, digest, key->sign(digest)));
    EXPECT_FALSE(verify_signature(DkimAlgorithm::ed25519_sha256, rsa, digest, key->sign(digest)));
}

TEST(DigitalSignature, WhatIsNoUsablePrivateKeyIsRefusedWithTheReason) {
    const auto error_of = [](const std::string& pem) {
        const auto key = SigningKey::parse(pem);
        return key ? std::string("none") : key.error().message;
    };
    EXPECT_EQ(error_of(""), "it holds no private key in PEM, or one with a password");
    EXPECT_EQ(error_of("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
              "it holds no private key in PEM, or one with a password");
    EXPECT_EQ(error_of(test::DkimSigningKey::rsa(768).pem()), "its RSA key has fewer than 1024 bits");
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> curve(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(out.get(), curve.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* octets = nullptr;
    const long length = BIO_get_mem_data(out.get(), &octets);
    EXPECT_EQ(error_of({octets, static_cast<std::size_t>(length)}), "its key is neither RSA nor Ed25519");
}

}  // namespace
}  // namespace defender::auth
