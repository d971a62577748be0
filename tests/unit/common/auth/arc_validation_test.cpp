#include "common/auth/arc_validation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/base/text.hpp"
#include "tests/support/arc_message.hpp"

namespace defender::auth {
namespace {

using test::ArcHop;
using test::ArcMessage;
using test::passed_on;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ArcValidation, AMessageWithoutAChainIsNoneAndAsksNothing) {
    ArcMessage message;
    const auto validating = message.start();
    message.feed(*validating);
    EXPECT_FALSE(validating->message.body.any_wanted());
    EXPECT_FALSE(validating->validation.wants_header());
    const auto arc = message.finish(*validating);
    EXPECT_EQ(arc.result, ArcResult::none);
    EXPECT_EQ(arc.reason, "");
    EXPECT_THAT(arc.sets, IsEmpty());
    EXPECT_THAT(message.resolver.asked(), IsEmpty());
    EXPECT_FALSE(validating->validation.take_message());
}

TEST(ArcValidation, ChainsOfOneToFiftySetsPass) {
    for (const std::size_t hops : {1U, 2U, 3U, 50U}) {
        const auto arc = passed_on(hops)->validate();
        EXPECT_EQ(arc.result, ArcResult::pass) << arc.reason;
        EXPECT_EQ(arc.oldest_pass, 0U);
        ASSERT_EQ(arc.sets.size(), hops);
        for (const auto& set : arc.sets) {
            EXPECT_EQ(set.seal, ArcVerdict::pass);
            EXPECT_EQ(set.signature, ArcVerdict::pass);
            EXPECT_EQ(set.authentication_results, "list.example; dmarc=pass header.from=example.com");
        }
    }
}

TEST(ArcValidation, EveryCanonicalizationAndBothAlgorithmsPass) {
    for (const char* header : {"simple", "relaxed"}) {
        for (const char* body : {"simple", "relaxed"}) {
            for (const auto* key : {&test::rsa_key(), &test::ed25519_key()}) {
                ArcMessage message;
                message.publish("list.example", *key);
                ArcHop hop;
                hop.header = header;
                hop.body = body;
                message.pass_on(hop, *key);
                message.pass_on(hop, *key);
                EXPECT_EQ(message.validate().reason, "") << header << body << key->type();
            }
        }
    }
}

TEST(ArcValidation, AMailingListThatChangesTheBodyBreaksOlderSignaturesAlone) {
    auto message = passed_on(2);
    message->body += "-- \r\nthe list\r\n";
    message->field("Subject").value = " [list] subject";
    message->pass_on();
    message->pass_on();
    const auto arc = message->validate();
    EXPECT_EQ(arc.result, ArcResult::pass) << arc.reason;
    EXPECT_EQ(arc.oldest_pass, 3U);
    EXPECT_EQ(arc.sets[3].signature, ArcVerdict::pass);
    EXPECT_EQ(arc.sets[2].signature, ArcVerdict::pass);
    EXPECT_EQ(arc.sets[1].signature, ArcVerdict::fail);
    EXPECT_EQ(arc.sets[0].signature, ArcVerdict::unchecked);
    for (const auto& set : arc.sets) EXPECT_EQ(set.seal, ArcVerdict::pass);
}

TEST(ArcValidation, AChangedBodyFails) {
    auto message = passed_on(2);
    message->body[0] = 'J';
    const auto arc = message->validate();
    EXPECT_EQ(arc.result, ArcResult::fail);
    EXPECT_EQ(arc.reason, "ARC-Message-Signature 2: the body hash does not fit the body");
    EXPECT_EQ(arc.sets[1].signature, ArcVerdict::fail);
    EXPECT_EQ(arc.sets[1].seal, ArcVerdict::unchecked);
    EXPECT_EQ(arc.sets[1].authentication_results, "");
}

TEST(ArcValidation, AnOctetChangedAnywhereInASetOrASignedFieldFails) {
    const auto whole = passed_on(2);
    for (std::size_t at = 0; at < whole->fields.size(); ++at) {
        const bool is_signed = whole->fields[at].name != "X-Not-Signed";
        const auto& value = whole->fields[at].value;
        for (std::size_t octet = 0; octet < value.size(); octet += 3) {
            if (text::is_space(value[octet])) continue;
            auto message = passed_on(2);
            auto& changed = message->fields[at].value[octet];
            changed = changed == 'x' ? 'y' : 'x';
            const auto arc = message->validate();
            EXPECT_EQ(arc.result == ArcResult::pass, !is_signed)
                << whole->fields[at].name << " at " << octet << ": " << message->fields[at].value;
        }
    }
}

TEST(ArcValidation, ASignedFieldThatIsAddedOrTakenAwayFails) {
    auto message = passed_on(1);
    message->fields.push_back({"Subject", " another"});
    EXPECT_EQ(message->validate().result, ArcResult::fail);
    message = passed_on(1);
    std::erase_if(message->fields, [](const auto& field) { return field.name == "To"; });
    EXPECT_EQ(message->validate().result, ArcResult::fail);
}

TEST(ArcValidation, ASealOfAnotherKeyFails) {
    auto message = passed_on(1);
    message->pass_on({}, test::rsa_key(2048));
    EXPECT_EQ(message->validate().reason, "ARC-Message-Signature 2: the signature does not fit the header");
    ArcHop hop;
    hop.domain = "evil.example";
    message = passed_on(1);
    message->publish("evil.example", test::rsa_key(2048));
    message->pass_on(hop, test::rsa_key(2048));
    EXPECT_EQ(message->validate().result, ArcResult::pass);
    // A set whose seal claims another domain than the key's.
    auto& seal = message->field("ARC-Seal").value;
    seal.replace(seal.find("evil.example"), 12, "list.example");
    EXPECT_EQ(message->validate().reason, "ARC-Seal 2: the signature does not fit the header");
}

TEST(ArcValidation, AllKeysAreAskedForAtOnceAndEachOnce) {
    ArcMessage message;
    for (const char* domain : {"a.example", "b.example", "a.example"}) {
        message.publish(domain);
        ArcHop hop;
        hop.domain = domain;
        message.pass_on(hop);
    }
    message.resolver.hold();
    const auto validating = message.start();
    message.feed(*validating);
    EXPECT_EQ(message.resolver.asked().size(), 2U);
    bool ready = false;
    validating->validation.when_keys_are_in([&] { ready = true; });
    EXPECT_FALSE(ready);
    message.resolver.answer_round();
    EXPECT_TRUE(ready);
    EXPECT_EQ(validating->finish(message.now).result, ArcResult::pass);
}

TEST(ArcValidation, AChainThatIsNotSoundAsksForNoKey) {
    auto message = passed_on(2);
    message->fields.erase(message->fields.begin());
    const auto arc = message->validate();
    EXPECT_EQ(arc.reason, "ARC set 2 is not complete");
    EXPECT_EQ(arc.result, ArcResult::fail);
    EXPECT_EQ(arc.sets.size(), 2U);
    EXPECT_THAT(message->resolver.asked(), IsEmpty());
}

struct KeyCase {
    const char* what;
    std::string record;  ///< empty: none is published
    const char* reason;
};

TEST(ArcValidation, AKeyThatIsNoneFailsTheChain) {
    const KeyCase table[] = {
        {"gone", "", "there is no key"},
        {"revoked", "v=DKIM1; p=", "revoked"},
        {"of another type", "v=DKIM1; k=ed25519; p=" + test::ed25519_key().public_key(), "does not fit a="},
        {"not for mail", test::rsa_key().record() + "; s=other", "email"},
        {"broken", "v=DKIM1; p=AAAA", "no rsa key"},
    };
    for (const auto& row : table) {
        ArcMessage message;
        if (!row.record.empty()) message.resolver.add_txt("s1._domainkey.list.example", row.record);
        message.pass_on();
        const auto arc = message.validate();
        EXPECT_EQ(arc.result, ArcResult::fail) << row.what;
        EXPECT_THAT(arc.reason, HasSubstr(row.reason)) << row.what;
    }
}

TEST(ArcValidation, AShortRsaKeyFails) {
    auto message = passed_on(1);
    message->dkim.min_rsa_bits = 2048;
    EXPECT_THAT(message->validate().reason, HasSubstr("1024 bits"));
}

TEST(ArcValidation, ATemporaryFailureIsToldFromAFailure) {
    ArcHop one;
    one.domain = "one.example";
    ArcHop two;
    two.domain = "two.example";
    const auto chain = [&](const char* failing) {
        auto message = std::make_unique<ArcMessage>();
        for (const auto& hop : {one, two}) {
            if (hop.domain == failing) {
                message->resolver.set_tempfail("s1._domainkey." + hop.domain, dns::RecordType::txt,
                                               "SERVFAIL");
            } else {
                message->publish(hop.domain);
            }
            message->pass_on(hop);
        }
        return message;
    };
    auto arc = chain("two.example")->validate();
    EXPECT_EQ(arc.result, ArcResult::temperror);
    EXPECT_EQ(arc.reason, "ARC-Message-Signature 2: key look-up failed: SERVFAIL");
    EXPECT_EQ(arc.sets[1].signature, ArcVerdict::temperror);
    EXPECT_EQ(arc.sets[0].seal, ArcVerdict::pass);
    arc = chain("one.example")->validate();
    EXPECT_EQ(arc.result, ArcResult::temperror);
    EXPECT_EQ(arc.reason, "ARC-Seal 1: key look-up failed: SERVFAIL");
    EXPECT_EQ(arc.oldest_pass, 2U);
    EXPECT_EQ(arc.sets[1].authentication_results, "");
    // What failed for certain counts.
    auto both = chain("two.example");
    both->field("ARC-Authentication-Results", 1).value += " changed";
    EXPECT_EQ(both->validate().result, ArcResult::fail);
    both = chain("two.example");
    both->body += "more\r\n";
    EXPECT_EQ(both->validate().result, ArcResult::fail);
}

TEST(ArcValidation, AnExpiredSignatureFailsFromTheSecondOn) {
    ArcHop hop;
    hop.more_signature_tags = " t=1; x=" + std::to_string(test::dkim_now) + ";";
    auto message = passed_on(1, hop);
    EXPECT_EQ(message->validate().reason, "ARC-Message-Signature 1: the signature has expired");
    message->now -= 1;
    EXPECT_EQ(message->validate().result, ArcResult::pass);
}

TEST(ArcValidation, ALengthThatLeavesOctetsUnsignedFailsUnlessThatIsAccepted) {
    ArcHop hop;
    hop.length = 5;
    auto message = passed_on(1, hop);
    EXPECT_EQ(message->validate().reason, "ARC-Message-Signature 1: l= leaves octets of the body unsigned");
    message->dkim.partial_body = config::PartialBody::accept;
    EXPECT_EQ(message->validate().result, ArcResult::pass);
    hop.length = test::DkimSigner::canonical_body(test::plain_body, "relaxed").size();
    EXPECT_EQ(passed_on(1, hop)->validate().result, ArcResult::pass);
    message = passed_on(1, hop);
    message->body += "more\r\n";
    EXPECT_EQ(message->validate().result, ArcResult::fail);
    message = passed_on(1, hop);
    message->body.resize(3);
    EXPECT_EQ(message->validate().reason, "ARC-Message-Signature 1: l= is larger than the body");
}

TEST(ArcValidation, SignaturesOverOlderArcFieldsPass) {
    ArcHop hop;
    hop.signed_fields = {"from", "arc-message-signature", "arc-authentication-results", "from"};
    const auto arc = passed_on(3, hop)->validate();
    EXPECT_EQ(arc.result, ArcResult::pass) << arc.reason;
}

TEST(ArcValidation, TheVerdictDoesNotDependOnHowTheBodyIsCut) {
    for (const std::size_t chunk : {1U, 2U, 7U}) {
        auto message = passed_on(2);
        message->chunk = chunk;
        EXPECT_EQ(message->validate().result, ArcResult::pass);
    }
}

TEST(ArcValidation, AnEmptyBodyPasses) {
    for (const char* form : {"simple", "relaxed"}) {
        ArcMessage message;
        message.publish();
        message.body.clear();
        ArcHop hop;
        hop.body = form;
        message.pass_on(hop);
        EXPECT_EQ(message.validate().result, ArcResult::pass);
    }
}

TEST(ArcValidation, MoreSetsThanTheLimitFail) {
    auto message = passed_on(3);
    message->arc.max_sets = 2;
    const auto validating = message->start();
    message->feed(*validating);
    EXPECT_TRUE(validating->validation.too_many_sets());
    EXPECT_EQ(message->finish(*validating).reason, "there are more ARC sets than 2");
    EXPECT_THAT(message->resolver.asked(), IsEmpty());
}

TEST(ArcValidation, LongSealedResultsAreLeftOutOfTheEvidence) {
    ArcHop hop;
    hop.results = " x; none (" + std::string(4096, 'c') + ")";
    EXPECT_EQ(passed_on(1, hop)->validate().sets[0].authentication_results, "");
    hop.results = " x;\r\n\tdmarc=pass\a (\xff)";
    EXPECT_EQ(passed_on(1, hop)->validate().sets[0].authentication_results, "x; dmarc=pass? (?)");
    hop.results = " x; none (\xc3\xbc)";
    EXPECT_EQ(passed_on(1, hop)->validate().sets[0].authentication_results, "x; none (\xc3\xbc)");
    hop.results = " x; none (" + std::string(3900, 'c') + ")";
    const auto arc = passed_on(12, hop)->validate();
    std::size_t octets = 0;
    for (const auto& set : arc.sets) octets += set.authentication_results.size();
    EXPECT_LE(octets, 32768U);
    EXPECT_GT(octets, 30000U);
}

TEST(ArcValidation, DroppingItWhileKeysAreOutstandingIsSafe) {
    auto message = passed_on(1);
    message->resolver.hold();
    bool called = false;
    {
        const auto validating = message->start();
        message->feed(*validating);
        validating->validation.when_keys_are_in([&] { called = true; });
    }
    message->resolver.answer_round();
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace defender::auth
