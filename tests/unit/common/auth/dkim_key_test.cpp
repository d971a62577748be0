#include "common/auth/dkim_key.hpp"

#include <gtest/gtest.h>

#include "tests/support/dkim_message.hpp"

namespace defender::auth {
namespace {

DkimSignature signature_with(const std::string& algorithm, const std::string& identity = "@example.com") {
    return parse_dkim_signature("v=1; a=" + algorithm + "; d=example.com; s=s; h=from; i=" + identity +
                                "; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA")
        .signature.value();
}

dns::Answer found(std::vector<std::string> texts) {
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    answer.texts = std::move(texts);
    return answer;
}

const std::string& rsa() {
    static const std::string key = test::rsa_key().public_key();
    return key;
}
const std::string& ed25519() {
    static const std::string key = test::ed25519_key().public_key();
    return key;
}

struct Case {
    std::vector<std::string> records;
    std::string algorithm;
    std::string reason;  ///< empty: the key can be used
    DkimResult result = DkimResult::permerror;
};

TEST(DkimKey, RecordsAreObeyed) {
    const std::string a_rsa = "rsa-sha256";
    const std::string a_ed = "ed25519-sha256";
    const Case cases[] = {
        {{"v=DKIM1; k=rsa; p=" + rsa()}, a_rsa, ""},
        {{"p=" + rsa()}, a_rsa, ""},
        {{"k=RSA; p=" + rsa()}, a_rsa, ""},
        {{"v=DKIM1; p=" + rsa() + "; unknown=x; n=note"}, a_rsa, ""},
        {{"v=DKIM1; p=" + rsa().substr(0, 40) + " \r\n\t" + rsa().substr(40)}, a_rsa, ""},
        {{"v=DKIM1; k=ed25519; p=" + ed25519()}, a_ed, ""},
        {{"v=DKIM1; k=ed25519; p=" + ed25519().substr(0, 43)}, a_ed, ""},
        {{"h=sha1:sha256; p=" + rsa()}, a_rsa, ""},
        {{"h=sha256:future; p=" + rsa()}, a_rsa, ""},
        {{"s=*; p=" + rsa()}, a_rsa, ""},
        {{"s=email:other; p=" + rsa()}, a_rsa, ""},
        {{"t=y:s:future; p=" + rsa()}, a_rsa, ""},
        {{"h=sha1; p=" + rsa()}, a_rsa, "h= of the key does not allow sha256"},
        {{"h=; p=" + rsa()}, a_rsa, "h= of the key does not allow sha256"},
        {{"s=other; p=" + rsa()}, a_rsa, "s= of the key does not allow email"},
        {{"k=ed25519; p=" + ed25519()}, a_rsa, "k= of the key does not fit a="},
        {{"k=rsa; p=" + rsa()}, a_ed, "k= of the key does not fit a="},
        {{"p=" + rsa()}, a_ed, "k= of the key does not fit a="},
        {{"k=future; p=" + rsa()}, a_rsa, "k= of the key does not fit a="},
        {{"v=DKIM1; p="}, a_rsa, "the key is revoked"},
        {{"v=DKIM1; k=ed25519; p= "}, a_rsa, "the key is revoked"},
        {{"v=DKIM1; k=rsa"}, a_rsa, "no key record: tag p= is missing"},
        {{"v=DKIM2; p=" + rsa()}, a_rsa, "no key record: v= is not DKIM1"},
        {{"v=dkim1; p=" + rsa()}, a_rsa, "no key record: v= is not DKIM1"},
        {{"p=" + rsa() + "; v=DKIM1"}, a_rsa, "no key record: v= is not the first tag"},
        {{"v=spf1 -all"}, a_rsa, "no key record: v= is not DKIM1"},
        {{""}, a_rsa, "no key record: a tag without \"=\""},
        {{std::string("p=\0", 3) + rsa()}, a_rsa, "no key record: the tag list holds a control character"},
        {{"p=!!!!"}, a_rsa, "p= of the key is no rsa key"},
        {{"p=AAAA"}, a_rsa, "p= of the key is no rsa key"},
        {{"p=" + ed25519()}, a_rsa, "p= of the key is no rsa key"},
        {{"k=ed25519; p=" + rsa()}, a_ed, "p= of the key is no ed25519 key"},
        {{"k=ed25519; p=AAAA"}, a_ed, "p= of the key is no ed25519 key"},
        {{"v=spf1 -all", "v=DKIM1; p=" + rsa(), "junk"}, a_rsa, ""},
        {{"v=DKIM1; p=" + rsa(), "k=rsa; p=" + rsa()}, a_rsa, ""},
        {{"p=" + rsa(), "k=ed25519; p=" + ed25519()}, a_rsa, ""},
        {{"p=" + rsa(), "k=ed25519; p=" + ed25519()}, a_ed, ""},
        {{"p=" + rsa(), "p="}, a_rsa, "there are several key records"},
        {{"p=" + rsa(), "t=y; p=" + rsa()}, a_rsa, "there are several key records"},
        {{}, a_rsa, "there is no key: no TXT record"},
    };
    for (const auto& each : cases) {
        const auto key = choose_dkim_key(found(each.records), signature_with(each.algorithm), 1024);
        const auto shown = testing::PrintToString(each.records);
        EXPECT_EQ(key.fault ? key.fault->reason : "", each.reason) << shown;
        EXPECT_EQ(key.fault ? key.fault->result : DkimResult::permerror, each.result) << shown;
        EXPECT_EQ(key.octets.empty(), key.fault.has_value()) << shown;
    }
}

TEST(DkimKey, WhatItIsComesOfTheRecordHoweverThatIsWritten) {
    const auto key = choose_dkim_key(found({" v = DKIM1 ; n=x; t=y:s; h=sha256; s=email; p= " + rsa()}),
                                     signature_with("rsa-sha256"), 1024);
    EXPECT_EQ(test::base64_of(key.octets), test::rsa_key().bare_rsa_public_key());
    EXPECT_EQ(key.bits, 1024U);
    EXPECT_TRUE(key.testing);
}

TEST(DkimKey, BothFormsOfAnRsaKeyAreTheSameKey) {
    for (const unsigned bits : {512U, 1024U, 4096U}) {
        const auto& signing = test::rsa_key(bits);
        for (const auto& published : {signing.bare_rsa_public_key(), signing.public_key()}) {
            const auto key = choose_dkim_key(found({"p=" + published}), signature_with("rsa-sha256"), 512);
            EXPECT_EQ(test::base64_of(key.octets), signing.bare_rsa_public_key());
            EXPECT_EQ(key.bits, bits);
        }
    }
}

TEST(DkimKey, BitsOfAnRsaKeyAreCountedExactly) {
    const auto key =
        choose_dkim_key(found({test::rsa_key(1016).record()}), signature_with("rsa-sha256"), 1017);
    EXPECT_EQ(key.bits, 1016U);
    ASSERT_TRUE(key.fault);
    EXPECT_EQ(key.fault->result, DkimResult::policy);
    EXPECT_EQ(key.fault->reason, "an RSA key of 1016 bits; at least 1017 are needed");
    EXPECT_FALSE(
        choose_dkim_key(found({test::rsa_key(1016).record()}), signature_with("rsa-sha256"), 1016).fault);
}

TEST(DkimKey, SameDomainFlagLooksAtTheIdentity) {
    const auto answer = found({"t=s; p=" + rsa()});
    EXPECT_FALSE(choose_dkim_key(answer, signature_with("rsa-sha256", "a@example.com"), 1024).fault);
    EXPECT_TRUE(choose_dkim_key(answer, signature_with("rsa-sha256", "a@b.example.com"), 1024).fault);
}

TEST(DkimKey, OutcomesOfTheQuestionStayApart) {
    const auto signature = signature_with("rsa-sha256");
    dns::Answer answer;
    answer.outcome = dns::Outcome::nxdomain;
    EXPECT_EQ(choose_dkim_key(answer, signature, 1024).fault->reason, "there is no key: NXDOMAIN");
    answer.outcome = dns::Outcome::nodata;
    EXPECT_EQ(choose_dkim_key(answer, signature, 1024).fault->result, DkimResult::permerror);
    const auto failed = choose_dkim_key(*dns::tempfail("timeout"), signature, 1024);
    EXPECT_EQ(failed.fault->result, DkimResult::temperror);
    EXPECT_EQ(failed.fault->reason, "key look-up failed: timeout");
}

/// SEQUENCE { INTEGER of so many octets, INTEGER 3 }: an RSAPublicKey, 11 octets longer than its modulus.
std::string rsa_key_of(std::size_t modulus_octets) {
    const auto length = [](std::size_t octets) {
        return std::string("\x82") + static_cast<char>(octets >> 8U) + static_cast<char>(octets & 0xffU);
    };
    return "\x30" + length(modulus_octets + 7) + "\x02" + length(modulus_octets) + "\x7f" +
           std::string(modulus_octets - 1, '\x55') + "\x02\x01\x03";
}

TEST(DkimKey, KeyOfMoreThan729OctetsIsPermerror) {
    const auto key_of = [](std::size_t modulus_octets) {
        return choose_dkim_key(found({"p=" + test::base64_of(rsa_key_of(modulus_octets))}),
                               signature_with("rsa-sha256"), 1024);
    };
    EXPECT_FALSE(key_of(718).fault);
    EXPECT_EQ(key_of(718).octets.size(), 729U);
    const auto key = key_of(719);
    ASSERT_TRUE(key.fault);
    EXPECT_EQ(key.fault->result, DkimResult::permerror);
    EXPECT_EQ(key.fault->reason, "the key is too long to be verified with");
    EXPECT_EQ(key.bits, 5751U);
    EXPECT_TRUE(key.octets.empty());
}

TEST(DkimKey, EveryCutOfAKeyIsRefused) {
    const auto& text = rsa();
    for (std::size_t at = 1; at < text.size(); at += 4) {
        const auto key =
            choose_dkim_key(found({"p=" + text.substr(0, at)}), signature_with("rsa-sha256"), 1024);
        EXPECT_TRUE(key.fault) << at;
    }
}

}  // namespace
}  // namespace defender::auth
