#include <gtest/gtest.h>

#include "tests/support/dkim_message.hpp"
#include "tests/support/dkim_verdict.hpp"

namespace defender::auth {
namespace {

using test::DkimMessage;
using test::DkimSigning;
using test::ed25519_key;
using test::expect_verdict;
using test::rsa_key;

constexpr auto u_label = "b\xc3\xbc\x63her.example";
constexpr auto key_name = "s1._domainkey.xn--bcher-kva.example";

DkimSigning international(DkimSigning how = {}) {
    how.domain = u_label;
    return how;
}

std::unique_ptr<DkimMessage> international_message(const test::DkimSigningKey& key, DkimSigning how = {}) {
    auto message = std::make_unique<DkimMessage>();
    message->publish(key, key_name);
    message->sign(key, international(std::move(how)));
    return message;
}

TEST(DkimInternational, ULabelsInTheDomainPassInEveryFormWithEitherAlgorithm) {
    test::for_each_way_to_sign([](const auto& key, const DkimSigning& how) {
        const auto message = international_message(key, how);
        for (const std::size_t chunk : {1U, 7U, 65535U}) {
            message->chunk = chunk;
            SCOPED_TRACE(chunk);
            const auto evidence = message->verify_one();
            expect_verdict(evidence, DkimResult::pass, "");
            EXPECT_EQ(evidence.domain, "xn--bcher-kva.example");
        }
    });
}

TEST(DkimInternational, Utf8InTheIdentityPasses) {
    DkimSigning how;
    how.more_tags = " i=m\xc3\xbcller@b\xc3\xbc\x63her.example;";
    expect_verdict(international_message(rsa_key(), how)->verify_one(), DkimResult::pass, "");
}

TEST(DkimInternational, ASignatureWithoutItsPaddingPassesAsOthersDo) {
    for (const auto& message : {test::signed_message(rsa_key()), international_message(rsa_key())}) {
        auto& value = message->fields[0].value;
        ASSERT_EQ(value.back(), '=');
        while (value.back() == '=') value.pop_back();
        expect_verdict(message->verify_one(), DkimResult::pass, "");
    }
}

TEST(DkimInternational, AChangedBodyOrFieldFails) {
    const auto body = international_message(rsa_key());
    body->body += "more\r\n";
    expect_verdict(body->verify_one(), DkimResult::fail, "body hash did not verify");

    const auto subject = international_message(rsa_key());
    for (auto& field : subject->fields) {
        if (field.name == "Subject") field.value = " Another";
    }
    expect_verdict(subject->verify_one(), DkimResult::fail, "signature did not verify");

    const auto domain = international_message(rsa_key());
    domain->fields[0].value.replace(domain->fields[0].value.find(u_label), std::string(u_label).size(),
                                    "B\xc3\xbc\x63her.example");
    expect_verdict(domain->verify_one(), DkimResult::fail, "signature did not verify");
}

TEST(DkimInternational, AnotherKeyFailsAndNoKeyIsPermerror) {
    const auto other = std::make_unique<DkimMessage>();
    other->publish(rsa_key(2048), key_name);
    other->sign(rsa_key(), international());
    expect_verdict(other->verify_one(), DkimResult::fail, "signature did not verify");

    const auto none = std::make_unique<DkimMessage>();
    none->sign(rsa_key(), international());
    EXPECT_EQ(none->verify_one().result, DkimResult::permerror);
}

TEST(DkimInternational, LengthCountsWhatItLeavesAndFailsWhereItIsLargerThanTheBody) {
    DkimSigning how;
    how.length = 5;
    const auto part = international_message(rsa_key(), how)->verify_one();
    expect_verdict(part, DkimResult::pass, "");
    EXPECT_GT(part.unsigned_octets.value_or(0), 0U);

    const auto message = international_message(rsa_key(), how);
    message->body = "x";
    expect_verdict(message->verify_one(), DkimResult::fail, "l= is larger than the body");
}

TEST(DkimInternational, StandBesideOthersEachWithItsOwnVerdict) {
    const auto message = international_message(rsa_key());
    message->publish(rsa_key());
    message->sign(rsa_key());
    message->sign(ed25519_key(), international());  // the key published is another one
    const auto evidence = message->verify();
    ASSERT_EQ(evidence.size(), 3U);
    EXPECT_EQ(evidence[0].result, DkimResult::permerror) << evidence[0].reason;
    EXPECT_EQ(evidence[0].domain, "xn--bcher-kva.example");
    expect_verdict(evidence[1], DkimResult::pass, "");
    EXPECT_EQ(evidence[1].domain, "example.com");
    expect_verdict(evidence[2], DkimResult::pass, "");
    EXPECT_EQ(evidence[2].domain, "xn--bcher-kva.example");
}

}  // namespace
}  // namespace defender::auth
