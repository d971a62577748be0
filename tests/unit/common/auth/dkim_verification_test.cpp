#include "common/auth/dkim_verification.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/support/dkim_message.hpp"
#include "tests/support/dkim_verdict.hpp"

namespace defender::auth {
namespace {

using test::DkimMessage;
using test::DkimSigning;
using test::ed25519_key;
using test::expect_verdict;
using test::rsa_key;
using test::signed_message;

TEST(DkimVerification, MessageWithoutSignatureHasNoEvidenceAndWantsNoBody) {
    DkimMessage message;
    const auto verifying = message.start();
    for (const auto& field : message.fields) verifying->header(field);
    verifying->verification.end_of_headers(message.aligned);
    EXPECT_FALSE(verifying->message.body.any_wanted());
    EXPECT_TRUE(verifying->finish(message.now).empty());
    EXPECT_TRUE(message.resolver.asked().empty());
}

TEST(DkimVerification, SoundSignaturePassesWithItsTuple) {
    const auto message = signed_message(rsa_key());
    const auto evidence = message->verify_one();
    expect_verdict(evidence, DkimResult::pass, "");
    EXPECT_EQ(evidence.domain, "example.com");
    EXPECT_EQ(evidence.selector, "s1");
    EXPECT_EQ(evidence.identity, "@example.com");
    EXPECT_EQ(evidence.algorithm, "rsa-sha256");
    EXPECT_EQ(evidence.signature_prefix.size(), 8U);
    EXPECT_EQ(evidence.key_bits, 1024U);
    EXPECT_TRUE(evidence.verified);
    EXPECT_FALSE(evidence.testing);
    EXPECT_FALSE(evidence.unsigned_octets.has_value());
    EXPECT_EQ(message->resolver.asked().size(), 1U);
}

TEST(DkimVerification, OneGoodSignatureAmongBadOnesKeepsItsOwnTuple) {
    DkimMessage message;
    message.publish(rsa_key(), "good._domainkey.example.com");
    message.publish(ed25519_key(), "other._domainkey.example.org");
    message.resolver.set_tempfail("slow._domainkey.example.net", dns::RecordType::txt, "SERVFAIL");
    const auto sign = [&](const test::DkimSigningKey& key, const std::string& selector,
                          const std::string& domain) {
        DkimSigning how;
        how.domain = domain;
        how.selector = selector;
        message.sign(key, how);
    };
    sign(rsa_key(), "good", "example.com");
    sign(rsa_key(2048), "other", "example.org");
    sign(rsa_key(), "slow", "example.net");
    sign(rsa_key(), "gone", "example.com");
    const auto evidence = message.verify();
    ASSERT_EQ(evidence.size(), 4U);
    EXPECT_EQ(evidence[0].selector, "gone");
    expect_verdict(evidence[0], DkimResult::permerror, "there is no key: NXDOMAIN");
    EXPECT_EQ(evidence[1].selector, "slow");
    expect_verdict(evidence[1], DkimResult::temperror, "key look-up failed: SERVFAIL");
    EXPECT_EQ(evidence[2].selector, "other");
    expect_verdict(evidence[2], DkimResult::permerror, "k= of the key does not fit a=");
    EXPECT_EQ(evidence[3].selector, "good");
    expect_verdict(evidence[3], DkimResult::pass, "");
}

TEST(DkimVerification, SameSignatureTwiceAsksOnceAndPassesTwice) {
    const auto message = signed_message(rsa_key());
    message->fields.insert(message->fields.begin(), message->fields.front());
    const auto evidence = message->verify();
    ASSERT_EQ(evidence.size(), 2U);
    for (const auto& each : evidence) expect_verdict(each, DkimResult::pass, "");
    EXPECT_EQ(message->resolver.asked().size(), 1U);
}

TEST(DkimVerification, AlignedSignatureIsNotLeftOutThoughItIsTheLastOfAHundred) {
    DkimMessage message;
    message.publish(rsa_key(), "s1._domainkey.example.com");
    message.sign(rsa_key());
    for (int at = 0; at < 99; ++at) {
        DkimSigning how;
        how.domain = "list" + std::to_string(at) + ".example.org";
        message.sign(ed25519_key(), how);
    }
    const auto example = DomainName::parse("example.com").value();
    message.aligned = [&](const DomainName& domain) { return domain == example; };
    const auto evidence = message.verify();
    ASSERT_EQ(evidence.size(), 100U);
    expect_verdict(evidence.back(), DkimResult::pass, "");
    EXPECT_EQ(std::count_if(evidence.begin(), evidence.end(), [](const auto& each) { return each.verified; }),
              10);
    EXPECT_FALSE(evidence[9].verified);
    expect_verdict(evidence[9], DkimResult::policy, "more signatures than the limit of 10");
    EXPECT_LE(message.resolver.asked().size(), 11U);
}

TEST(DkimVerification, ThousandsOfSignaturesLeaveBoundedEvidence) {
    const auto message = signed_message(rsa_key());
    const auto good = message->fields.front();
    for (int at = 0; at < 2000; ++at) {
        message->fields.push_back(good);
        message->fields.push_back({"DKIM-Signature", " junk"});
    }
    const auto evidence = message->verify();
    EXPECT_EQ(evidence.size(), 210U);
    expect_verdict(evidence.front(), DkimResult::pass, "");
}

TEST(DkimVerification, NoSignatureIsVerifiedWhereTheLimitIsNone) {
    const auto message = signed_message(rsa_key());
    message->settings.max_signatures = 0;
    expect_verdict(message->verify_one(), DkimResult::policy, "more signatures than the limit of 0");
    EXPECT_TRUE(message->resolver.asked().empty());
}

TEST(DkimVerification, KeyIsAskedForAsSoonAsTheFieldIsKnown) {
    const auto message = signed_message(rsa_key());
    const auto verifying = message->start();
    verifying->header(message->fields[0]);
    ASSERT_EQ(message->resolver.asked().size(), 1U);
    EXPECT_EQ(message->resolver.asked()[0].name, "s1._domainkey.example.com");
    EXPECT_EQ(message->resolver.asked()[0].type, dns::RecordType::txt);
}

TEST(DkimVerification, RefusedSignatureIsNeverAskedFor) {
    for (const std::string bad :
         {"d=exa mple.com;", "d=example.com'x.example.org;", "d=legit.example(a.example.org;"}) {
        const auto message = signed_message(rsa_key());
        auto& value = message->fields[0].value;
        value.replace(value.find("d=example.com;"), 14, bad);
        expect_verdict(message->verify_one(), DkimResult::permerror, "d= is no domain name");
        EXPECT_TRUE(message->resolver.asked().empty());
    }
}

struct KeySize {
    unsigned bits;
    unsigned minimum;
    DkimResult result;
};
TEST(DkimVerification, RsaKeysPassFromTheLeastSizeOn) {
    const KeySize cases[] = {{512, 1024, DkimResult::policy}, {1016, 1024, DkimResult::policy},
                             {1024, 1024, DkimResult::pass},  {1024, 2048, DkimResult::policy},
                             {2048, 2048, DkimResult::pass},  {4096, 1024, DkimResult::pass},
                             {512, 512, DkimResult::pass}};
    for (const auto& each : cases) {
        const auto message = signed_message(rsa_key(each.bits));
        message->settings.min_rsa_bits = each.minimum;
        const auto evidence = message->verify_one();
        EXPECT_EQ(evidence.result, each.result) << each.bits << " " << evidence.reason;
        EXPECT_EQ(evidence.key_bits, each.bits);
    }
}

TEST(DkimVerification, RsaSha1NeverPasses) {
    DkimSigning how;
    how.algorithm = "rsa-sha1";
    const auto message = signed_message(rsa_key(), how);
    expect_verdict(message->verify_one(), DkimResult::policy, "rsa-sha1 is not accepted");
    EXPECT_TRUE(message->resolver.asked().empty());
}

TEST(DkimVerification, BareRsaPublicKeyIsReadAsWell) {
    DkimMessage message;
    message.resolver.add_txt("s1._domainkey.example.com", "p=" + rsa_key().bare_rsa_public_key());
    message.sign(rsa_key());
    expect_verdict(message.verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, WrongKeyFails) {
    DkimMessage message;
    message.publish(rsa_key(2048));
    message.sign(rsa_key(1024));
    expect_verdict(message.verify_one(), DkimResult::fail, "signature did not verify");
}

TEST(DkimVerification, KeyInTestModeIsRecordedAsTesting) {
    DkimMessage message;
    message.resolver.add_txt("s1._domainkey.example.com", rsa_key().record() + "; t=y:x");
    message.sign(rsa_key());
    const auto evidence = message.verify_one();
    expect_verdict(evidence, DkimResult::pass, "");
    EXPECT_TRUE(evidence.testing);
}

TEST(DkimVerification, KeyForTheSameDomainOnlyRefusesASubdomainIdentity) {
    const auto verify = [](const std::string& identity) {
        DkimMessage message;
        message.resolver.add_txt("s1._domainkey.example.com", rsa_key().record() + "; t=s");
        DkimSigning how;
        how.more_tags = " i=" + identity + ";";
        message.sign(rsa_key(), how);
        return message.verify_one();
    };
    expect_verdict(verify("a@example.com"), DkimResult::pass, "");
    expect_verdict(verify("a@sub.example.com"), DkimResult::permerror,
                   "t=s of the key does not allow i= in a subdomain");
}

TEST(DkimVerification, OurTimeDecidesWhateverTheClockSays) {
    DkimSigning how;
    how.more_tags = " t=1400000000; x=1400000100;";
    const auto message = signed_message(rsa_key(), how);
    message->now = 1400000099;
    expect_verdict(message->verify_one(), DkimResult::pass, "");
    message->now = 1400000100;
    expect_verdict(message->verify_one(), DkimResult::permerror, "the signature has expired");
    message->now = 1300000000;
    expect_verdict(message->verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, SignatureFromTheFuturePasses) {
    DkimSigning how;
    how.more_tags = " t=2500000000;";
    expect_verdict(signed_message(rsa_key(), how)->verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, KeysThatComeLateOnAnotherThreadAreWaitedFor) {
    const auto message = signed_message(rsa_key());
    DkimSigning how;
    how.selector = "s2";
    message->sign(ed25519_key(), how);
    message->publish(ed25519_key(), "s2._domainkey.example.com");
    message->resolver.hold();
    const auto verifying = message->start();
    message->feed(*verifying);
    std::promise<void> ready;
    verifying->verification.when_keys_are_in([&ready] { ready.set_value(); });
    std::thread answering([&] { EXPECT_TRUE(message->resolver.answer_round()); });
    ready.get_future().wait();
    const auto evidence = verifying->finish(message->now);
    answering.join();
    ASSERT_EQ(evidence.size(), 2U);
    for (const auto& each : evidence) expect_verdict(each, DkimResult::pass, "");
}

TEST(DkimVerification, AnswersAfterAnAbortedMessageAreHarmlessAndCallNobody) {
    const auto message = signed_message(rsa_key());
    message->resolver.hold();
    bool called = false;
    {
        const auto verifying = message->start();
        message->feed(*verifying);
        verifying->verification.when_keys_are_in([&called] { called = true; });
    }
    std::thread answering([&] { message->resolver.answer_round(); });
    answering.join();
    EXPECT_FALSE(called);
}

TEST(DkimVerification, KeptKeysServeManyThreads) {
    std::vector<std::unique_ptr<DkimMessage>> messages;
    for (int at = 0; at < 4; ++at)
        messages.push_back(signed_message(at % 2 == 0 ? rsa_key() : ed25519_key()));
    std::vector<std::thread> threads;
    for (auto& message : messages) {
        threads.emplace_back([&message] {
            for (int at = 0; at < 20; ++at) expect_verdict(message->verify_one(), DkimResult::pass, "");
        });
    }
    for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace defender::auth
