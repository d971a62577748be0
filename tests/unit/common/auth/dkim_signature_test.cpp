#include "common/auth/dkim_signature.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

const std::string body_hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

/// A sound field with one tag set otherwise; "" for the value leaves the tag out.
std::string field_with(const std::string& name = "", const std::string& value = "") {
    std::vector<std::pair<std::string, std::string>> tags = {
        {"v", "1"},       {"a", "rsa-sha256"}, {"d", "example.com"},     {"s", "s1"},
        {"h", "from:to"}, {"bh", body_hash},   {"b", "AAECAwQFBgcICQ=="}};
    bool known = false;
    for (auto& tag : tags) {
        if (tag.first != name) continue;
        tag.second = value;
        known = true;
    }
    if (!known && !name.empty()) tags.emplace_back(name, value);
    std::string text;
    for (const auto& tag : tags) {
        if (!tag.second.empty()) text += " " + tag.first + "=" + tag.second + ";";
    }
    return text;
}

TEST(DkimSignature, SoundFieldIsReadWithItsDefaults) {
    const auto parsed = parse_dkim_signature(field_with());
    ASSERT_TRUE(parsed.signature) << parsed.evidence.reason;
    const auto& signature = *parsed.signature;
    EXPECT_EQ(signature.algorithm, DkimAlgorithm::rsa_sha256);
    EXPECT_EQ(signature.domain.text(), "example.com");
    EXPECT_EQ(signature.identity_domain, signature.domain);
    EXPECT_EQ(signature.key_name, "s1._domainkey.example.com");
    EXPECT_EQ(signature.signed_fields, (std::vector<std::string>{"from", "to"}));
    EXPECT_FALSE(signature.relaxed_header);
    EXPECT_FALSE(signature.relaxed_body);
    EXPECT_FALSE(signature.body_length || signature.signed_at || signature.expires_at);
    EXPECT_EQ(parsed.evidence.identity, "@example.com");
    EXPECT_EQ(parsed.evidence.signature_prefix, "AAECAwQF");
    EXPECT_EQ(parsed.evidence.algorithm, "rsa-sha256");
    EXPECT_EQ(signature.signature, std::string("\0\1\2\3\4\5\6\7\x08\x09", 10));
    EXPECT_EQ(signature.body_hash.size(), 32U);
}

struct Accepted {
    std::string name;
    std::string value;
};
TEST(DkimSignature, FormsThatTheGrammarAllowsAreAccepted) {
    const Accepted cases[] = {{"a", "RSA-SHA256"},
                              {"a", "ed25519-sha256"},
                              {"c", "relaxed"},
                              {"c", "Simple/Relaxed"},
                              {"d", "EXAMPLE.com"},
                              {"d", "b\xc3\xbc\x63her.example"},
                              {"s", "20260101"},
                              {"s", "a.b-c._x"},
                              {"h", "From : To:\r\n\tSubject"},
                              {"h", "from:from:dkim-signature"},
                              {"i", "@example.com"},
                              {"i", "a@sub.example.com"},
                              {"i", "a=3Bb=20@example.com"},
                              {"i", "\"a@b\"@example.com"},
                              {"l", "0"},
                              {"l", "00012"},
                              {"l", "9223372036854775807"},
                              {"q", "dns/txt"},
                              {"q", "http/x : DNS/TXT"},
                              {"t", "1767225600"},
                              {"x", "999999999999"},
                              {"x", "0"},
                              {"z", "From:a@example.com|To:b"},
                              {"unknown", "what ever"},
                              {"b", "AAEC\r\n\tAwQF BgcICQ"}};
    for (const auto& each : cases) {
        const auto parsed = parse_dkim_signature(field_with(each.name, each.value));
        EXPECT_TRUE(parsed.signature) << each.name << "=" << each.value << ": " << parsed.evidence.reason;
    }
}

struct Refused {
    std::string name;
    std::string value;
    DkimResult result;
    std::string reason;
};
TEST(DkimSignature, EveryFaultHasItsResultAndReason) {
    constexpr auto perm = DkimResult::permerror;
    constexpr auto neutral = DkimResult::neutral;
    std::string many_names = "from";
    for (int at = 0; at < 256; ++at) many_names += ":x";
    std::string many_signatures = "from";
    for (int at = 0; at < 11; ++at) many_signatures += ":DKIM-Signature";
    const Refused cases[] = {
        {"v", "", perm, "tag v= is missing"},
        {"a", "", perm, "tag a= is missing"},
        {"b", "", perm, "tag b= is missing"},
        {"bh", "", perm, "tag bh= is missing"},
        {"d", "", perm, "tag d= is missing"},
        {"h", "", perm, "tag h= is missing"},
        {"s", "", perm, "tag s= is missing"},
        {"v", "2", perm, "v= is not 1"},
        {"v", "0.5", perm, "v= is not 1"},
        {"v", "1 1", perm, "v= is not 1"},
        {"a", "rsa-sha1", DkimResult::policy, "rsa-sha1 is not accepted"},
        {"a", "rsa-sha512", perm, "a= is no algorithm that is known"},
        {"a", "rsa", perm, "a= is no algorithm that is known"},
        {"d", "exa mple.com", perm, "d= is no domain name"},
        {"d", "example.com\"", perm, "d= is no domain name"},
        {"d", "example'a.example.org", perm, "d= is no domain name"},
        {"d", "example(a.example.org", perm, "d= is no domain name"},
        {"d", "example..com", perm, "d= is no domain name"},
        {"d", "[192.0.2.1]", perm, "d= is no domain name"},
        {"d", std::string("example.com\0.example.org", 24), perm, "the field holds a NUL"},
        {"s", std::string("s\0x", 3), perm, "the field holds a NUL"},
        {"s", "s 1", perm, "s= is no selector"},
        {"s", "s(1)", perm, "s= is no selector"},
        {"s", "s1.", perm, "s= is no selector"},
        {"s", ".s1", perm, "s= is no selector"},
        {"s", std::string(64, 'x'), perm, "s= is no selector"},
        {"i", "a@example.org", perm, "i= is outside d="},
        {"i", "a@xexample.com", perm, "i= is outside d="},
        {"i", "a@com", perm, "i= is outside d="},
        {"i", "a@", perm, "i= is outside d="},
        {"i", "@exam(ple.com", perm, "i= is outside d="},
        {"i", "example.com", neutral, "i= is no identity"},
        {"i", "a@b@example.com", perm, "i= has a bare @ in its local part"},
        {"i", "a=40b@example.com", perm, "i= has a bare @ in its local part"},
        {"i", "\"a@example.com", neutral, "i= is no identity"},
        {"i", "a=zz@example.com", neutral, "i= is no identity"},
        {"i", "a@example.com=4", neutral, "i= is no identity"},
        {"h", "to:subject", perm, "From is not signed"},
        {"h", "x-from:fromx", perm, "From is not signed"},
        {"h", "from::to", neutral, "h= is no list of field names"},
        {"h", "from:", neutral, "h= is no list of field names"},
        {"h", "from:t o", neutral, "h= is no list of field names"},
        {"h", "from:\xc3\xa4", neutral, "h= is no list of field names"},
        {"h", many_names, perm, "h= names more fields than are verified"},
        {"h", "from:" + std::string(4000, 'x'), perm, "h= is longer than is verified"},
        {"h", many_signatures, perm, "h= names more DKIM-Signature fields than are verified"},
        {"q", "http/x", perm, "q= names no query method that is known"},
        {"q", "dns", perm, "q= names no query method that is known"},
        {"b", "A", neutral, "b= is no base64"},
        {"b", "AA_A", neutral, "b= is no base64"},
        {"b", "=", neutral, "b= is no base64"},
        {"bh", "AAAA", neutral, "bh= is no SHA-256 hash in base64"},
        {"bh", body_hash.substr(0, 43), neutral, "bh= is no SHA-256 hash in base64"},
        {"c", "nofws", neutral, "c= is no canonicalization that is known"},
        {"c", "relaxed/", neutral, "c= is no canonicalization that is known"},
        {"c", "relaxed / simple", neutral, "c= is no canonicalization that is known"},
        {"l", "-1", neutral, "l= is no number"},
        {"l", "1x", neutral, "l= is no number"},
        {"l", std::string(77, '1'), neutral, "l= is no number"},
        {"l", "9223372036854775808", DkimResult::fail, "l= is larger than the body"},
        {"l", std::string(76, '9'), DkimResult::fail, "l= is larger than the body"},
        {"t", "yesterday", neutral, "t= is no time"},
        {"t", "-5", neutral, "t= is no time"},
        {"t", "1234567890123", neutral, "t= is no time"},
        {"x", "never", neutral, "x= is no time"},
        {"t", "1000; x=1000", perm, "x= is not after t="},
        {"t", "1700000000; x=1600000000", perm, "x= is not after t="},
        {"t", "999999999", perm, "t= is a time before DKIM"},
        {"b ", "AAAA; unknown=", neutral, "tag b= occurs twice"},
        {"xb", "1", neutral, "tag xb= is written in a way that cannot be verified"},
        {"d ", "example.com", neutral, "tag d= occurs twice"},
        {"n", "\x01", neutral, "the tag list holds a control character"},
    };
    for (const auto& each : cases) {
        const auto parsed = parse_dkim_signature(field_with(each.name, each.value));
        EXPECT_FALSE(parsed.signature) << each.name << "=" << each.value;
        EXPECT_EQ(parsed.evidence.result, each.result) << each.name << "=" << each.value;
        EXPECT_EQ(parsed.evidence.reason, each.reason) << each.name << "=" << each.value;
    }
}

TEST(DkimSignature, BlankBeforeTheEqualsSignOfBIsRefused) {
    auto text = field_with();
    text.replace(text.find(" b="), 3, " b =");
    const auto parsed = parse_dkim_signature(text);
    EXPECT_EQ(parsed.evidence.result, DkimResult::neutral);
    EXPECT_EQ(parsed.evidence.reason, "tag b= is written in a way that cannot be verified");
}

TEST(DkimSignature, RefusedFieldShowsWhatItClaimsInPrintableForm) {
    const auto parsed = parse_dkim_signature(field_with("d", "ex\xc3\xa4 (mple"));
    EXPECT_EQ(parsed.evidence.domain, "ex?? (mple");
    EXPECT_EQ(parsed.evidence.selector, "s1");
}

TEST(DkimSignature, FieldLongerThanIsReadIsPermerror) {
    const auto parsed = parse_dkim_signature(field_with("z", std::string(70000, 'z')));
    EXPECT_EQ(parsed.evidence.result, DkimResult::permerror);
    EXPECT_EQ(parsed.evidence.reason, "the field is longer than 65536 octets");
}

TEST(DkimSignature, ULabelsBecomeALabels) {
    const auto parsed = parse_dkim_signature(field_with("d", "b\xc3\xbc\x63her.example"));
    ASSERT_TRUE(parsed.signature);
    EXPECT_EQ(parsed.signature->key_name, "s1._domainkey.xn--bcher-kva.example");
}

TEST(DkimSignature, TimesAreHeldAgainstTheTimeOfReceipt) {
    const auto fault = [](const std::string& tags, UtcSeconds now) {
        const auto parsed = parse_dkim_signature(field_with() + tags);
        const auto found = time_fault(parsed.signature.value(), now);
        return found ? found->reason : "";
    };
    EXPECT_EQ(fault("", 0), "");
    EXPECT_EQ(fault("x=2000000000", 1999999999), "");
    EXPECT_EQ(fault("x=2000000000", 2000000000), "the signature has expired");
    EXPECT_EQ(fault("t=2000000000", 1000000000), "");
    EXPECT_EQ(fault("t=2000000001", 1000000000), "t= is too far in the future");
}

}  // namespace
}  // namespace defender::auth
