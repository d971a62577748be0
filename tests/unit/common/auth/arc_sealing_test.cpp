#include "common/auth/arc_sealing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "common/base/text.hpp"
#include "tests/support/arc_message.hpp"
#include "tests/support/commands.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::auth {
namespace {

using test::ArcMessage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const mail::AuthenticationResults results{"mx.example.net",
                                          {{"spf", "pass", "", {{"smtp", "mailfrom", "example.com"}}},
                                           {"arc", "none", "", {{"smtp", "remote-ip", "192.0.2.1"}}},
                                           {"dmarc", "pass", "", {{"header", "from", "example.com"}}}}};

ArcSealer sealer(const test::DkimSigningKey& key = test::rsa_key()) {
    return {"mx.example", "s1", SigningKey::parse(key.pem()).value()};
}

/// Validates the message, and puts our set on top as a filter that seals does.
mail::HeaderFields seal(ArcMessage& message, const ArcSealer& with = sealer()) {
    message.arc.domain = "mx.example";
    const auto validating = message.start();
    message.feed(*validating);
    static_cast<void>(message.finish(*validating));
    const auto sealable = validating->validation.take_message();
    if (!sealable) throw std::runtime_error("there is nothing to seal");
    auto fields = with.seal(*sealable, results, 1'700'000'000);
    message.fields.insert(message.fields.begin(), fields.begin(), fields.end());
    return fields;
}

TEST(ArcSealing, TheFirstSetHasTheFormOfTheStandard) {
    ArcMessage message;
    const auto fields = seal(message);
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_EQ(fields[0].name, "ARC-Seal");
    EXPECT_THAT(fields[0].value,
                StartsWith(" i=1; a=rsa-sha256; d=mx.example; s=s1; t=1700000000; cv=none;\r\n\tb="));
    EXPECT_EQ(fields[1].name, "ARC-Message-Signature");
    EXPECT_THAT(fields[1].value, StartsWith(" i=1; a=rsa-sha256; d=mx.example; s=s1; t=1700000000;\r\n"
                                            "\tc=relaxed/relaxed; h=from:from:subject:date:to;\r\n\tbh="));
    EXPECT_EQ(fields[2].name, "ARC-Authentication-Results");
    EXPECT_EQ(fields[2].value,
              " i=1; mx.example.net;\r\n\tspf=pass smtp.mailfrom=example.com;\r\n"
              "\tarc=none smtp.remote-ip=192.0.2.1;\r\n\tdmarc=pass header.from=example.com");
}

TEST(ArcSealing, OurOwnSetsValidateAndFollowOnThoseOfOthers) {
    for (const std::size_t hops : {0U, 1U, 4U, 49U}) {
        for (const auto* key : {&test::rsa_key(), &test::ed25519_key()}) {
            auto message = test::passed_on(hops);
            message->publish("mx.example", *key);
            ASSERT_EQ(seal(*message, sealer(*key)).size(), 3U);
            const auto arc = message->validate();
            EXPECT_EQ(arc.result, ArcResult::pass) << arc.reason;
            EXPECT_EQ(arc.oldest_pass, 0U);
            ASSERT_EQ(arc.sets.size(), hops + 1);
            EXPECT_EQ(arc.sets.back().seal_domain, "mx.example");
            EXPECT_EQ(arc.sets.back().chain_status, hops == 0 ? "none" : "pass");
        }
    }
}

TEST(ArcSealing, WhatReadersSeeCannotBeChangedAfterwards) {
    const auto sealed = [] {
        auto message = test::passed_on(1);
        message->publish("mx.example");
        message->fields.push_back({"Message-ID", " <1@example.com>"});
        message->fields.push_back({"DKIM-Signature", " v=1; first"});
        message->fields.push_back({"DKIM-Signature", " v=1; second"});
        seal(*message);
        return message;
    };
    EXPECT_EQ(sealed()->validate().result, ArcResult::pass);
    for (const char* name : {"From", "To", "Subject", "Date", "Message-ID", "DKIM-Signature"}) {
        auto message = sealed();
        message->field(name).value += "x";
        EXPECT_EQ(message->validate().result, ArcResult::fail) << name;
    }
    auto message = sealed();
    message->field("DKIM-Signature", 1).value += "x";
    EXPECT_EQ(message->validate().result, ArcResult::fail);
    message = sealed();
    message->fields.insert(message->fields.begin(), {"From", " other@example.org"});
    EXPECT_EQ(message->validate().result, ArcResult::fail);
    message = sealed();
    message->body += "more\r\n";
    EXPECT_EQ(message->validate().result, ArcResult::fail);
    // Trace fields come and go.
    message = sealed();
    message->fields.insert(message->fields.begin(), {"Received", " from a by b"});
    message->fields.insert(message->fields.begin(), {"Authentication-Results", " mx.example.net; none"});
    EXPECT_EQ(message->validate().result, ArcResult::pass);
}

TEST(ArcSealing, AChainThatFailsIsSealedAsFailedAndOnlyOurSetIsCovered) {
    auto message = test::passed_on(2);
    message->publish("mx.example");
    message->body += "changed\r\n";
    const auto fields = seal(*message);
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_THAT(fields[0].value, HasSubstr(" i=3;"));
    EXPECT_THAT(fields[0].value, HasSubstr(" cv=fail;"));
    const auto arc = message->validate();
    EXPECT_EQ(arc.result, ArcResult::fail);
    EXPECT_EQ(arc.reason, "the newest ARC-Seal says cv=fail");
    // Section 5.1.2: the seal is made as if its set were the only one.
    const auto canonical = [](const mail::HeaderField& field) {
        return test::DkimSigner::canonical_field(field, "relaxed");
    };
    const auto unsigned_seal =
        canonical({"ARC-Seal", fields[0].value.substr(0, fields[0].value.find("\tb=") + 3)});
    const auto text = canonical(fields[2]) + "\r\n" + canonical(fields[1]) + "\r\n" + unsigned_seal;
    auto signature = fields[0].value.substr(fields[0].value.find("\tb=") + 3);
    std::erase_if(signature, text::is_space);
    EXPECT_EQ(signature, test::base64_of(test::rsa_key().sign(text, EVP_sha256())));
}

TEST(ArcSealing, AnEndedChainIsNotSealedAgain) {
    auto message = test::passed_on(1);
    message->publish("mx.example");
    message->body += "changed\r\n";
    ASSERT_EQ(seal(*message).size(), 3U);
    EXPECT_THAT(seal(*message), IsEmpty());
}

TEST(ArcSealing, AChainOfFiftySetsHasNoRoomForAnother) {
    auto message = test::passed_on(50);
    EXPECT_THAT(seal(*message), IsEmpty());
}

TEST(ArcSealing, AMalformedChainIsSealedBehindItsHighestInstance) {
    auto message = test::passed_on(2);
    message->fields.erase(message->fields.begin());
    EXPECT_THAT(seal(*message)[0].value, testing::AllOf(HasSubstr(" i=3;"), HasSubstr(" cv=fail;")));
    ArcMessage junk;
    junk.fields.push_back({"ARC-Seal", " junk"});
    EXPECT_THAT(seal(junk)[0].value, testing::AllOf(HasSubstr(" i=1;"), HasSubstr(" cv=fail;")));
}

TEST(ArcSealing, AfterATemporaryFailureTheChainIsLeftAsItIs) {
    ArcMessage message;
    message.resolver.set_tempfail("s1._domainkey.list.example", dns::RecordType::txt);
    message.pass_on();
    EXPECT_THAT(seal(message), IsEmpty());
}

TEST(ArcSealing, ThousandsOfFieldsOfOneNameMakeNoEndlessList) {
    ArcMessage message;
    message.publish("mx.example");
    for (int i = 0; i < 5000; ++i) message.fields.push_back({"DKIM-Signature", " v=1"});
    const auto fields = seal(message);
    EXPECT_LT(fields[1].value.size(), 2000U);
    EXPECT_EQ(message.validate().result, ArcResult::pass);
}

TEST(ArcSealing, NoLineIsTooLongForMail) {
    ArcMessage message;
    for (int i = 0; i < 10; ++i) message.fields.push_back({"List-Unsubscribe-Post", " x"});
    for (const auto& field : seal(message, sealer(test::rsa_key(2048)))) {
        for (const auto line : text::split(field.value, '\n')) EXPECT_LE(line.size(), 180U) << line;
    }
}

class ArcSealerFile : public testing::Test {
  protected:
    std::string file(const std::string& text) {
        test::write_file(folder_.file("key"), text);
        return folder_.file("key");
    }
    test::TemporaryFolder folder_;
};

TEST_F(ArcSealerFile, WithoutADomainThereIsNoSealer) {
    const auto loaded = ArcSealer::load({50, "", "", ""});
    ASSERT_TRUE(loaded);
    EXPECT_EQ(*loaded, nullptr);
}

TEST_F(ArcSealerFile, AKeyFileIsReadAndABadOneNamed) {
    const auto good = ArcSealer::load({50, "mx.example", "s1", file(test::ed25519_key().pem())});
    ASSERT_TRUE(good);
    EXPECT_NE(*good, nullptr);
    const auto bad = ArcSealer::load({50, "mx.example", "s1", file("junk")});
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, HasSubstr(folder_.file("key") + " (arc.key_file): it holds no private"));
    const auto missing = ArcSealer::load({50, "mx.example", "s1", folder_.file("nowhere")});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("cannot read " + folder_.file("nowhere")));
}

/// dkimpy, which shares nothing with us, at the other end.
class ArcByDkimpy : public ArcSealerFile {
  protected:
    std::string dkimpy(const std::string& arguments) {
        return test::run_command("/usr/bin/python3 " + std::string(DEFENDER_SOURCE_DIR) +
                                 "/tests/unit/common/auth/arc_by_dkimpy.py " + arguments)
            .text;
    }
    static std::string text_of(const ArcMessage& message) {
        std::string text;
        for (const auto& field : message.fields) text += field.name + ":" + field.value + "\r\n";
        return text + "\r\n" + message.body;
    }
    static mail::HeaderFields fields_of(const std::string& text) {
        mail::HeaderFields fields;
        const auto head =
            std::regex_replace(text.substr(0, text.find("\r\n\r\n") + 2), std::regex("\r\n(?=[ \t])"), "\n");
        for (auto line : text::split(head, '\n')) {
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.empty()) continue;
            if (text::is_blank(line.front())) {
                fields.back().value.append("\r\n").append(line);
            } else {
                const auto colon = line.find(':');
                fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
            }
        }
        return fields;
    }
    std::string verify(const ArcMessage& message) {
        test::write_file(folder_.file("mail"), text_of(message));
        test::write_file(folder_.file("zone"), "s1._domainkey.mx.example\t" + test::rsa_key().record() +
                                                   "\n" + "s1._domainkey.list.example\t" +
                                                   test::rsa_key().record() + "\n");
        return dkimpy("verify " + folder_.file("mail") + " " + folder_.file("zone"));
    }
    /// One more set, made by dkimpy.
    void pass_on(ArcMessage& message, const std::string& status) {
        message.fields.insert(message.fields.begin(),
                              {"Authentication-Results", " list.example; arc=" + status +
                                                             " smtp.remote-ip=192.0.2.9; dmarc=pass"
                                                             " header.from=example.com"});
        test::write_file(folder_.file("mail"), text_of(message));
        const auto sealed = dkimpy("sign " + folder_.file("mail") + " " + file(test::rsa_key().pem()) +
                                   " list.example s1 list.example");
        message.fields = fields_of(sealed);
        // The next hop takes away what it believes nothing of.
        std::erase_if(message.fields,
                      [](const auto& field) { return field.name == "Authentication-Results"; });
    }
};

TEST_F(ArcByDkimpy, OurSetsVerifyThere) {
    ArcMessage message;
    EXPECT_EQ(verify(message), "none\n");
    ASSERT_EQ(seal(message).size(), 3U);
    EXPECT_EQ(verify(message), "pass\n");
    message.publish("mx.example");
    ASSERT_EQ(seal(message).size(), 3U);
    EXPECT_EQ(verify(message), "pass\n");
    message.field("Subject").value += " changed";
    EXPECT_EQ(verify(message), "fail\n");
}

TEST_F(ArcByDkimpy, ItsSetsVerifyHereAndBothMakeOneChain) {
    ArcMessage message;
    message.publish("mx.example");
    message.publish("list.example");
    pass_on(message, "none");
    EXPECT_EQ(message.validate().result, ArcResult::pass);
    seal(message);
    pass_on(message, "pass");
    pass_on(message, "pass");
    message.body += "-- \r\na list\r\n";
    seal(message);
    const auto status = message.field("ARC-Seal").value;
    EXPECT_THAT(status, HasSubstr("cv=fail"));
    // Without the change after its last hop the chain is whole.
    message.fields.erase(message.fields.begin(), message.fields.begin() + 3);
    message.body = test::plain_body;
    seal(message);
    const auto arc = message.validate();
    EXPECT_EQ(arc.result, ArcResult::pass) << arc.reason;
    ASSERT_EQ(arc.sets.size(), 5U);
    EXPECT_THAT((std::vector{arc.sets[0].seal_domain, arc.sets[1].seal_domain, arc.sets[2].seal_domain,
                             arc.sets[4].seal_domain}),
                ElementsAre("list.example", "mx.example", "list.example", "mx.example"));
    EXPECT_THAT(arc.sets[0].authentication_results, HasSubstr("smtp.remote-ip=192.0.2.9"));
    EXPECT_EQ(verify(message), "pass\n");
}

TEST_F(ArcByDkimpy, OurWordOnAFailedChainIsUnderstoodThere) {
    auto message = test::passed_on(1);
    message->body += "changed\r\n";
    seal(*message);
    EXPECT_NE(verify(*message), "pass\n");
}

}  // namespace
}  // namespace defender::auth
