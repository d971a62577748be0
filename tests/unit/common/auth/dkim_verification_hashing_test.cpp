// What a signature covers: header fields, the body, and the part of it that l= leaves.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/dkim_message.hpp"
#include "tests/support/dkim_verdict.hpp"

namespace defender::auth {
namespace {

using test::DkimMessage;
using test::DkimSigner;
using test::DkimSigning;
using test::ed25519_key;
using test::expect_verdict;
using test::rsa_key;
using test::signed_message;

TEST(DkimVerification, EveryCanonicalizationPassesWithEitherAlgorithmAndAnyChunkSize) {
    test::for_each_way_to_sign([](const auto& key, const DkimSigning& how) {
        const auto message = signed_message(key, how);
        for (const std::size_t chunk : {1U, 2U, 3U, 7U, 16U, 65535U}) {
            message->chunk = chunk;
            SCOPED_TRACE(chunk);
            expect_verdict(message->verify_one(), DkimResult::pass, "");
        }
    });
}

TEST(DkimVerification, BodiesOfEveryShapePass) {
    const std::string bodies[] = {"",
                                  "\r\n",
                                  "\r\n\r\n",
                                  " \r\n",
                                  "\t \r\n \r\n",
                                  "no line end",
                                  "x\r\n",
                                  "x\r\n\r\n \r\ny",
                                  "ends in blank \t",

                                  std::string(100000, 'x'),
                                  std::string(5000, '\t') + "x\r\n"};
    for (const auto& body : bodies) {
        for (const std::string mode : {"simple", "relaxed"}) {
            for (const std::size_t chunk : {1U, 4095U, 65535U}) {
                DkimMessage message;
                message.body = body;
                message.chunk = chunk;
                message.publish(ed25519_key());
                DkimSigning how;
                how.body = mode;
                message.sign(ed25519_key(), how);
                SCOPED_TRACE(mode + " " + std::to_string(chunk) + " " +
                             testing::PrintToString(body.substr(0, 20)));
                expect_verdict(message.verify_one(), DkimResult::pass, "");
            }
        }
    }
}

TEST(DkimVerification, AlteredBodyFails) {
    for (const std::string mode : {"simple", "relaxed"}) {
        DkimSigning how;
        how.body = mode;
        const auto message = signed_message(rsa_key(), how);
        message->body += "more\r\n";
        expect_verdict(message->verify_one(), DkimResult::fail, "body hash did not verify");
    }
}

TEST(DkimVerification, AlteredSignedFieldFails) {
    const auto message = signed_message(rsa_key());
    message->fields[1].value = " Someone Else <someone@example.com>";
    expect_verdict(message->verify_one(), DkimResult::fail, "signature did not verify");
}

TEST(DkimVerification, AlteredSignatureFieldFails) {
    const auto message = signed_message(rsa_key());
    auto& value = message->fields[0].value;
    value.replace(value.find("v=1;"), 4, "v=1; n=x;");
    expect_verdict(message->verify_one(), DkimResult::fail, "signature did not verify");
}

TEST(DkimVerification, AlteredUnsignedFieldPasses) {
    const auto message = signed_message(rsa_key());
    message->fields.back().value = " something else";
    expect_verdict(message->verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, FieldOfASignedNameAddedAboveIsNotCovered) {
    const auto message = signed_message(rsa_key());
    message->fields.insert(message->fields.begin(), {"From", " intruder@example.org"});
    expect_verdict(message->verify().at(0), DkimResult::pass, "");
}

TEST(DkimVerification, FieldAddedBelowOrToAnOversignedNameFails) {
    const auto below = signed_message(rsa_key());
    below->fields.push_back({"From", " intruder@example.org"});
    expect_verdict(below->verify_one(), DkimResult::fail, "signature did not verify");

    DkimSigning how;
    how.signed_fields = {"From", "From", "To"};
    const auto oversigned = signed_message(rsa_key(), how);
    expect_verdict(oversigned->verify_one(), DkimResult::pass, "");
    oversigned->fields.insert(oversigned->fields.begin(), {"From", " intruder@example.org"});
    expect_verdict(oversigned->verify().at(0), DkimResult::fail, "signature did not verify");
}

TEST(DkimVerification, SignedNamesThatDoNotOccurAreHashedAsNothing) {
    DkimSigning how;
    how.signed_fields = {"From", "Reply-To", "Cc", "X-Missing"};
    expect_verdict(signed_message(rsa_key(), how)->verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, MessageWhoseEveryFieldIsSignedAndMoreIsSafe) {
    for (const std::size_t count : {1U, 2U, 3U, 5U, 7U}) {
        DkimMessage message;
        message.fields = {{"From", " a@example.com"}};
        for (std::size_t at = 1; at < count; ++at) message.fields.push_back({"X", " x"});
        message.publish(ed25519_key());
        DkimSigning how;
        how.signed_fields = {"from"};
        for (std::size_t at = 0; at < 20; ++at) how.signed_fields.push_back("x");
        how.signed_fields.insert(how.signed_fields.end(), {"dkim-signature", "dkim-signature", "y", "z"});
        message.sign(ed25519_key(), how);
        // It is never taken for one of the fields that it covers (RFC 6376 section 5.4.2).
        expect_verdict(message.verify_one(), DkimResult::pass, "");
    }
}

TEST(DkimVerification, SignatureMayCoverOtherSignatures) {
    DkimMessage message;
    message.publish(rsa_key());
    message.publish(ed25519_key(), "s2._domainkey.example.org");
    message.sign(rsa_key());
    message.fields.insert(message.fields.begin() + 1, {"DKIM-Signature", " not even a tag list"});
    DkimSigning how;
    how.domain = "example.org";
    how.selector = "s2";
    how.signed_fields = {"from", "dkim-signature", "dkim-signature"};
    message.sign(ed25519_key(), how);
    const auto evidence = message.verify();
    ASSERT_EQ(evidence.size(), 3U);
    expect_verdict(evidence[0], DkimResult::pass, "");
    expect_verdict(evidence[1], DkimResult::pass, "");
    EXPECT_EQ(evidence[2].result, DkimResult::neutral);

    message.fields[2].value += " altered";
    const auto altered = message.verify();
    expect_verdict(altered[0], DkimResult::fail, "signature did not verify");
    expect_verdict(altered[1], DkimResult::pass, "");
}

struct Partial {
    std::size_t length;
    std::optional<std::uint64_t> left_out;
};
TEST(DkimVerification, LengthThatLeavesOctetsUnsignedPassesAndIsCounted) {
    for (const std::string mode : {"simple", "relaxed"}) {
        const auto all = DkimSigner::canonical_body(test::plain_body, mode).size();
        for (const auto& each :
             {Partial{0, all}, Partial{5, all - 5}, Partial{all - 1, 1}, Partial{all, std::nullopt}}) {
            DkimSigning how;
            how.body = mode;
            how.length = each.length;
            const auto message = signed_message(rsa_key(), how);
            const auto evidence = message->verify_one();
            expect_verdict(evidence, DkimResult::pass, "");
            EXPECT_EQ(evidence.unsigned_octets, each.left_out) << mode << each.length;
        }
    }
}

TEST(DkimVerification, TextAppendedBehindTheSignedPartIsCounted) {
    DkimSigning how;
    how.length = DkimSigner::canonical_body(test::plain_body, "relaxed").size();
    const auto message = signed_message(rsa_key(), how);
    message->body += "\r\n\r\n";
    EXPECT_FALSE(message->verify_one().unsigned_octets.has_value());
    message->body = DkimSigner::canonical_body(test::plain_body, "relaxed") + "spam\r\n";
    const auto evidence = message->verify_one();
    expect_verdict(evidence, DkimResult::pass, "");
    EXPECT_EQ(evidence.unsigned_octets, 6U);
}

TEST(DkimVerification, LengthBeyondTheBodyFails) {
    DkimSigning how;
    how.length = 5000;
    const auto message = signed_message(rsa_key(), how);
    expect_verdict(message->verify_one(), DkimResult::fail, "l= is larger than the body");
}

TEST(DkimVerification, BareLfInTheBodyProvesNothingWhereTheBodyIsSimple) {
    for (const std::string body : {"bare\nline\nfeeds\n", "\n", "a\r\n\nb\r\n"}) {
        for (const std::size_t chunk : {1U, 65535U}) {
            DkimMessage message;
            message.body = body;
            message.chunk = chunk;
            message.publish(ed25519_key());
            message.sign(ed25519_key());
            expect_verdict(message.verify_one(), DkimResult::pass, "");

            DkimSigning how;
            how.body = "simple";
            message.fields = test::plain_fields();
            message.sign(ed25519_key(), how);
            expect_verdict(message.verify_one(), DkimResult::neutral, "the body holds a bare CR or LF");
        }
    }
}

TEST(DkimVerification, BareCrInTheBodyProvesNothing) {
    for (const std::string mode : {"simple", "relaxed"}) {
        DkimSigning how;
        how.body = mode;
        const auto message = signed_message(rsa_key(), how);
        message->body.insert(5, "\r");
        expect_verdict(message->verify_one(), DkimResult::neutral, "the body holds a bare CR or LF");
    }
}

TEST(DkimVerification, SignedFieldThatVerifiersHashDifferentlyProvesNothing) {
    const std::string tails[] = {std::string("\0evil", 5), "\rx", "\nx", "\vx", "\fx"};
    for (const auto& tail : tails) {
        const auto message = signed_message(rsa_key());
        message->fields[2].value += tail;
        EXPECT_EQ(message->verify_one().result, DkimResult::neutral) << testing::PrintToString(tail);
    }
    const auto tab = signed_message(rsa_key());
    tab->fields.push_back({"Subject\t", " x"});
    EXPECT_EQ(tab->verify_one().result, DkimResult::neutral);
    const auto unsigned_field = signed_message(rsa_key());
    unsigned_field->fields.back().value += std::string("\0x", 2);
    expect_verdict(unsigned_field->verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, MissingFromFieldFails) {
    const auto message = signed_message(rsa_key());
    message->fields.erase(message->fields.begin() + 1);
    expect_verdict(message->verify_one(), DkimResult::fail, "signature did not verify");
}

TEST(DkimVerification, FromWithoutAnAddressIsHashedLikeAnyOther) {
    DkimMessage message;
    message.fields[0].value = " ((((\"<@,;:";
    message.publish(rsa_key());
    message.sign(rsa_key());
    expect_verdict(message.verify_one(), DkimResult::pass, "");
}

TEST(DkimVerification, LongFieldsAndManyFieldsAreHashedWhole) {
    DkimMessage message;
    message.fields[2].value = " " + std::string(1000000, 'x') + "\r\n y";
    for (int at = 0; at < 50000; ++at) message.fields.push_back({"X-Many", " " + std::to_string(at)});
    message.publish(rsa_key());
    DkimSigning how;
    how.signed_fields = {"from", "subject", "x-many", "x-many"};
    message.sign(rsa_key(), how);
    expect_verdict(message.verify_one(), DkimResult::pass, "");
    message.fields.back().value += "1";
    expect_verdict(message.verify_one(), DkimResult::fail, "signature did not verify");
}

}  // namespace
}  // namespace defender::auth
