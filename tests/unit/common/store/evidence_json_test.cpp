#include "common/store/evidence_json.hpp"

#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::store {
namespace {

auth::Evidence round_trip(const auth::Evidence& evidence) {
    auto back = evidence_from_json(json_text(to_json(evidence)));
    EXPECT_TRUE(back) << (back ? "" : back.error().message);
    return back ? *back : auth::Evidence{};
}

TEST(EvidenceJson, EveryMemberComesBackAsItWas) {
    const auto before = test::sample_evidence();
    const auto after = round_trip(before);
    EXPECT_EQ(after.queue_id, "4F2A1B");
    EXPECT_EQ(after.received_at, 1777636800);
    EXPECT_EQ(after.draw, 42U);
    EXPECT_EQ(after.client.address.to_string(), "2001:db8::25");
    EXPECT_FALSE(after.client.local);
    EXPECT_EQ(after.client.name, "mail.example.org");
    EXPECT_EQ(after.client.helo, "helo.example.org");
    EXPECT_TRUE(after.client.authenticated);
    EXPECT_EQ(after.mail_from, "jane@bounce.example.org");
    EXPECT_TRUE(after.rewritten_sender);
    EXPECT_EQ(after.author_status, mail::AuthorStatus::ok);
    EXPECT_EQ(after.author_reason, "two authors");
    EXPECT_EQ(after.author_addresses, before.author_addresses);
    EXPECT_EQ(after.list_id, "list.example.org");
    EXPECT_EQ(after.resent_from, "resender.example.org");
    EXPECT_EQ(after.forwarder.status, auth::ForwarderStatus::learned);
    EXPECT_EQ(after.forwarder.network, "2001:db8::/64");
    EXPECT_EQ(after.forwarder.domains, 12U);
    EXPECT_EQ(after.limits_reached, before.limits_reached);
    ASSERT_EQ(after.spf.size(), 2U);
    EXPECT_EQ(after.spf[0].scope, auth::SpfScope::mail_from);
    EXPECT_EQ(after.spf[0].result, auth::SpfResult::softfail);
    EXPECT_EQ(after.spf[0].domain, "bounce.example.org");
    EXPECT_EQ(after.spf[0].organizational_domain, "example.org");
    EXPECT_EQ(after.spf[0].reason, "~all");
    EXPECT_EQ(after.spf[0].terms, 3U);
    EXPECT_EQ(after.spf[0].void_lookups, 1U);
    EXPECT_EQ(after.spf[1].scope, auth::SpfScope::helo);
    EXPECT_EQ(json_text(to_json(after)), json_text(to_json(before)));
}

TEST(EvidenceJson, OwnReportMailComesBackAndIsNotAssumedOfOlderRecords) {
    auto before = test::sample_evidence();
    before.own_report_mail = true;
    EXPECT_TRUE(round_trip(before).own_report_mail);
    auto older = to_json(before);
    older.erase("own_report_mail");
    const auto after = evidence_from_json(json_text(older));
    ASSERT_TRUE(after);
    EXPECT_FALSE(after->own_report_mail);
}

TEST(EvidenceJson, EverySignatureKeepsItsWholeTuple) {
    const auto after = round_trip(test::sample_evidence());
    ASSERT_EQ(after.dkim.size(), 2U);
    const auto& signature = after.dkim[0];
    EXPECT_EQ(signature.result, auth::DkimResult::policy);
    EXPECT_EQ(signature.domain, "example.org");
    EXPECT_EQ(signature.organizational_domain, "example.org");
    EXPECT_EQ(signature.selector, "s1");
    EXPECT_EQ(signature.identity, "jane@example.org");
    EXPECT_EQ(signature.algorithm, "rsa-sha256");
    EXPECT_EQ(signature.signature_prefix, "AbCdEfGh");
    EXPECT_EQ(signature.key_bits, 2048U);
    EXPECT_FALSE(signature.verified);
    EXPECT_TRUE(signature.testing);
    EXPECT_EQ(signature.unsigned_octets, 17U);
    EXPECT_EQ(signature.reason, "the body is signed in part");
    EXPECT_EQ(after.dkim[1].unsigned_octets, std::nullopt);
    EXPECT_TRUE(after.dkim[1].verified);
}

TEST(EvidenceJson, TheArcChainComesBackWhole) {
    const auto after = round_trip(test::sample_evidence()).arc;
    EXPECT_EQ(after.result, auth::ArcResult::pass);
    EXPECT_EQ(after.reason, "none");
    EXPECT_EQ(after.oldest_pass, 2U);
    ASSERT_EQ(after.sets.size(), 2U);
    const auto& set = after.sets[0];
    EXPECT_EQ(set.instance, 1U);
    EXPECT_EQ(set.chain_status, "none");
    EXPECT_EQ(set.seal_domain, "one.example");
    EXPECT_EQ(set.seal_selector, "s1");
    EXPECT_EQ(set.signature_domain, "signs.example");
    EXPECT_EQ(set.signature_selector, "s2");
    EXPECT_EQ(set.seal, auth::ArcVerdict::pass);
    EXPECT_EQ(set.signature, auth::ArcVerdict::fail);
    EXPECT_EQ(set.authentication_results, "mx; spf=pass smtp.mailfrom=jane@example.org");
    EXPECT_EQ(after.sets[1].seal, auth::ArcVerdict::temperror);
    EXPECT_EQ(after.sets[1].signature, auth::ArcVerdict::unchecked);
}

TEST(EvidenceJson, ARecordOlderThanArcHasNoChain) {
    auto older = to_json(test::sample_evidence());
    older.erase("arc");
    const auto after = evidence_from_json(json_text(older));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->arc.result, auth::ArcResult::none);
    EXPECT_TRUE(after->arc.sets.empty());
    EXPECT_EQ(after->list_id, "list.example.org");
}

TEST(EvidenceJson, ARecordOlderThanForwardersKnowsNone) {
    auto older = to_json(test::sample_evidence());
    older.erase("forwarder");
    older.erase("resent_from");
    older.erase("rewritten_sender");
    const auto after = evidence_from_json(json_text(older));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->forwarder.status, auth::ForwarderStatus::unknown);
    EXPECT_EQ(after->resent_from, "");
    EXPECT_FALSE(after->rewritten_sender);
}

TEST(EvidenceJson, TheParsedPolicyRecordComesBackWhole) {
    const auto before = test::sample_evidence();
    const auto after = round_trip(before);
    ASSERT_EQ(after.policies.size(), 2U);
    EXPECT_EQ(after.policies[0].outcome, auth::PolicyOutcome::found);
    EXPECT_EQ(after.policies[0].policy_domain, "example.org");
    EXPECT_EQ(after.policies[0].record_text, before.policies[0].record_text);
    EXPECT_EQ(after.policies[0].record, before.policies[0].record);
    EXPECT_EQ(after.policies[1].outcome, auth::PolicyOutcome::temperror);
    EXPECT_EQ(after.policies[1].author_domain, "example.net");
    EXPECT_EQ(after.policies[1].organizational_domain, "example.net");
    EXPECT_EQ(after.policies[1].failure, "_dmarc.example.net TXT: SERVFAIL");
}

TEST(EvidenceJson, TreeWalksComeBackWhole) {
    auto before = test::sample_evidence();
    before.policies[0].existence = auth::DomainExistence::does_not_exist;
    before.policies[1].existence = auth::DomainExistence::failed;
    auth::WalkedName record;
    record.domain = "example.org";
    record.answer = auth::WalkAnswer::record;
    record.record_text = "v=DMARC1; p=none; np=reject; psd=n; t=y";
    record.record.nonexistent_policy = auth::Policy::reject;
    record.record.public_suffix = auth::PublicSuffixFlag::no;
    record.record.testing = true;
    auto no_policy = record;
    no_policy.domain = "example.net";
    no_policy.answer = auth::WalkAnswer::record_without_policy;
    no_policy.record.public_suffix = auth::PublicSuffixFlag::yes;
    before.walked = {record, no_policy};
    for (const auto answer : {auth::WalkAnswer::nothing, auth::WalkAnswer::discarded,
                              auth::WalkAnswer::failed, auth::WalkAnswer::not_known}) {
        auto& name = before.walked.emplace_back();
        name.domain = "com";
        name.answer = answer;
        if (answer == auth::WalkAnswer::failed) name.failure = "SERVFAIL";
    }
    const auto after = round_trip(before);
    EXPECT_EQ(after.policies[0].existence, auth::DomainExistence::does_not_exist);
    EXPECT_EQ(after.policies[1].existence, auth::DomainExistence::failed);
    ASSERT_EQ(after.walked.size(), before.walked.size());
    for (std::size_t i = 0; i < before.walked.size(); ++i) {
        EXPECT_EQ(after.walked[i].domain, before.walked[i].domain);
        EXPECT_EQ(after.walked[i].answer, before.walked[i].answer);
        EXPECT_EQ(after.walked[i].record_text, before.walked[i].record_text);
        EXPECT_EQ(after.walked[i].record, before.walked[i].record);
        EXPECT_EQ(after.walked[i].failure, before.walked[i].failure);
    }
}

TEST(EvidenceJson, EvidenceFromBeforeTreeWalksIsRead) {
    const auto evidence =
        evidence_from_json(R"({"v":1,"policies":[{"author_domain":"example.org","outcome":"found",)"
                           R"("policy_domain":"example.org","record":{"policy":"reject"}}]})");
    ASSERT_TRUE(evidence) << evidence.error().message;
    EXPECT_TRUE(evidence->walked.empty());
    ASSERT_EQ(evidence->policies.size(), 1U);
    EXPECT_EQ(evidence->policies[0].existence, auth::DomainExistence::not_known);
    EXPECT_EQ(evidence->policies[0].record.policy, auth::Policy::reject);
    EXPECT_EQ(evidence->policies[0].record.public_suffix, auth::PublicSuffixFlag::unknown);
}

TEST(EvidenceJson, OctetsThatAreNotUtf8BecomeTheReplacementCharacter) {
    auth::Evidence evidence;
    evidence.mail_from = "j\xF6rg@example.org";
    evidence.client.helo = std::string("a\0\x1b\"\\b", 6);
    const auto text = json_text(to_json(evidence));
    EXPECT_TRUE(Json::accept(text));
    const auto after = round_trip(evidence);
    EXPECT_EQ(after.mail_from, "j\xEF\xBF\xBDrg@example.org");
    EXPECT_EQ(after.client.helo, evidence.client.helo);
}

TEST(EvidenceJson, Utf8ComesBackAsItWas) {
    auth::Evidence evidence;
    evidence.author_addresses = {"j\xC3\xB6rg@xn--bcher-kva.example"};
    EXPECT_EQ(round_trip(evidence).author_addresses, evidence.author_addresses);
}

TEST(EvidenceJson, UnknownMembersAreIgnoredAndMissingOnesKeepTheirDefaults) {
    const auto evidence = evidence_from_json(
        R"({"v":1,"queue_id":"Q","colour":{"deep":[1]},"client":{"helo":"h","shoe":1},"spf":[{"x":1}],"dkim":null})");
    ASSERT_TRUE(evidence) << evidence.error().message;
    EXPECT_EQ(evidence->queue_id, "Q");
    EXPECT_EQ(evidence->client.helo, "h");
    EXPECT_EQ(evidence->author_status, mail::AuthorStatus::missing);
    ASSERT_EQ(evidence->spf.size(), 1U);
    EXPECT_EQ(evidence->spf[0].result, auth::SpfResult::none);
    EXPECT_TRUE(evidence->dkim.empty());
}

struct Wrong {
    const char* json;
    const char* message;
};

class EvidenceJsonRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(EvidenceJsonRefuses, WhatItWouldHaveToGuess) {
    const auto evidence = evidence_from_json(GetParam().json);
    ASSERT_FALSE(evidence) << GetParam().json;
    EXPECT_EQ(evidence.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EvidenceJsonRefuses,
    testing::Values(
        Wrong{"", "evidence is not JSON"}, Wrong{"{", "evidence is not JSON"},
        Wrong{"[]", "evidence is not an object"}, Wrong{"1", "evidence is not an object"},
        Wrong{"{}", "evidence has version 0, this program reads 1"},
        Wrong{R"({"v":2})", "evidence has version 2, this program reads 1"},
        Wrong{R"({"v":"1"})", "evidence.v is not an integer in range"},
        Wrong{R"({"v":1,"queue_id":7})", "evidence.queue_id is not a string"},
        Wrong{R"({"v":1,"received_at":1.5})", "evidence.received_at is not an integer in range"},
        Wrong{R"({"v":1,"received_at":18446744073709551615})",
              "evidence.received_at is not an integer in range"},
        Wrong{R"({"v":1,"draw":-1})", "evidence.draw is not an integer in range"},
        Wrong{R"({"v":1,"draw":4294967296})", "evidence.draw is not an integer in range"},
        Wrong{R"({"v":1,"client":[]})", "evidence.client is not an object"},
        Wrong{R"({"v":1,"client":{"address":"192.0.2.256"}})",
              "evidence.client.address is not an IP address"},
        Wrong{R"({"v":1,"client":{"local":0}})", "evidence.client.local is not true or false"},
        Wrong{R"({"v":1,"author":{"status":"fine"}})", "evidence.author.status is not a known name"},
        Wrong{R"({"v":1,"author":{"addresses":["a@b",1]}})",
              "evidence.author.addresses is not an array of strings"},
        Wrong{R"({"v":1,"author":{"addresses":"a@b"}})",
              "evidence.author.addresses is not an array of strings"},
        Wrong{R"({"v":1,"spf":{}})", "evidence.spf is not an array"},
        Wrong{R"({"v":1,"spf":[7]})", "evidence.spf is not an object"},
        Wrong{R"({"v":1,"spf":[{"result":"hardfail"}]})", "evidence.spf.result is not a known name"},
        Wrong{R"({"v":1,"dkim":[{"unsigned_octets":-1}]})",
              "evidence.dkim.unsigned_octets is not an integer in range"},
        Wrong{R"({"v":1,"policies":[{"record":{"subdomain_policy":1}}]})",
              "evidence.policies.record.subdomain_policy is not a known name"}));

TEST(EvidenceJson, TheFirstThingWrongIsTheOneReported) {
    const auto evidence = evidence_from_json(R"({"v":1,"queue_id":7,"draw":"x"})");
    ASSERT_FALSE(evidence);
    EXPECT_EQ(evidence.error().message, "evidence.queue_id is not a string");
}

}  // namespace
}  // namespace defender::store
