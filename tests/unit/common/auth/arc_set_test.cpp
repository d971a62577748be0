#include "common/auth/arc_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/arc_message.hpp"

namespace defender::auth {
namespace {

using testing::HasSubstr;

TEST(ArcSet, TheThreeFieldNamesAreKnownInAnyCase) {
    EXPECT_EQ(arc_field("ARC-Seal"), ArcField::seal);
    EXPECT_EQ(arc_field("arc-message-signature"), ArcField::message_signature);
    EXPECT_EQ(arc_field("Arc-Authentication-Results \t"), ArcField::authentication_results);
    for (const char* name : {"", "ARC-", "ARC-Seals", "X-ARC-Seal", "Authentication-Results"})
        EXPECT_EQ(arc_field(name), std::nullopt) << name;
}

struct Instance {
    const char* value;
    unsigned instance;  ///< 0: none
};

TEST(ArcSet, AnAuthenticationResultsFieldStartsWithItsInstance) {
    const Instance table[] = {
        {" i=1; x", 1},      {"i=50;x", 50},   {" i = 7 ; x", 7}, {"(a) i (b) = (c) 3 (d) ; x", 3},
        {"\r\n i=02;x", 2},  {" i=99; x", 99}, {" i=0; x", 0},    {" i=100; x", 0},
        {" i=1 x; i=1;", 0}, {" x; i=1;", 0},  {" I=1; x", 0},    {" i=; x", 0},
        {" i=-1; x", 0},     {" i=1", 0},      {"", 0},           {" (i=1; x", 0},
        {" i=1(open; x", 0}, {" i=001; x", 0},
    };
    for (const auto& row : table) {
        const auto instance = arc_instance(ArcField::authentication_results, row.value);
        EXPECT_EQ(instance.value_or(0), row.instance) << row.value;
        EXPECT_EQ(sealed_results(row.value).empty(), row.instance == 0) << row.value;
    }
    EXPECT_EQ(sealed_results(" i=1; mx; spf=pass"), " mx; spf=pass");
    EXPECT_EQ(sealed_results(" (c) i=1 (d);mx; spf=pass"), "mx; spf=pass");
}

TEST(ArcSet, InTheOtherFieldsTheInstanceStandsAnywhereInTheTagList) {
    const Instance table[] = {
        {" i=1; a=b", 1}, {" a=b; i=12", 12}, {" i=51;", 51},   {" i=0;", 0},      {" i=100;", 0},
        {" i=1x;", 0},    {" a=b", 0},        {" i=1; i=2", 0}, {" i=1; junk", 0}, {" i=\r\n 3;", 3},
    };
    for (const auto field : {ArcField::message_signature, ArcField::seal}) {
        for (const auto& row : table)
            EXPECT_EQ(arc_instance(field, row.value).value_or(0), row.instance) << row.value;
    }
}

const std::string hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/// A list of tags with one tag changed, added or, with an empty value, taken out.
std::string with(std::vector<std::pair<std::string, std::string>> tags, const std::string& name,
                 const std::string& value) {
    std::string list;
    bool found = false;
    for (auto& [tag, text] : tags) {
        if (tag == name) text = value;
        found = found || tag == name;
        if (tag != name || !value.empty()) list += " " + tag + "=" + text + ";";
    }
    return found ? list : list + " " + name + "=" + value + ";";
}

struct Change {
    const char* tag;
    std::string value;
    const char* error;  ///< empty: none
};

TEST(ArcSet, AMessageSignatureIsTakenOrRefusedWithTheReason) {
    const std::vector<std::pair<std::string, std::string>> good = {
        {"i", "1"},       {"a", "rsa-sha256"}, {"d", "Example.COM"}, {"s", "S1"},
        {"h", "From:To"}, {"bh", hash},        {"b", "QUJD"},        {"c", "relaxed/simple"}};
    std::string many = "from";
    for (int i = 0; i < 255; ++i) many += ":x";
    const Change table[] = {
        {"v", "2", ""},
        {"unknown", "x", ""},
        {"a", "ed25519-sha256", ""},
        {"a", "RSA-SHA256", ""},
        {"a", "rsa-sha1", "a= is no algorithm"},
        {"a", "", "tag a= is missing"},
        {"d", "", "tag d= is missing"},
        {"d", "exa mple.com", "d= is no domain name"},
        {"d", "a.example'b", "d= is no domain name"},
        {"d",
         "b\xc3\xbc"
         "cher.example",
         ""},
        {"s", "", "tag s= is missing"},
        {"s", "a b", "s= is no selector"},
        {"b", "", "tag b= is missing"},
        {"b", "?", "b= is no base64"},
        {"b", "QUJDRA", ""},
        {"bh", "", "bh= is no SHA-256 hash"},
        {"bh", "QUJD", "bh= is no SHA-256 hash"},
        {"h", "", "tag h= is missing"},
        {"h", "to:subject", "From is not signed"},
        {"h", "from:ARC-Seal", "h= names ARC-Seal"},
        {"h", "from:arc-message-signature:arc-authentication-results", ""},
        {"h", "from::to", "h= is no list of field names"},
        {"h", many, ""},
        {"h", many + ":x", "h= names more fields"},
        {"h", "from:" + std::string(3996, 'x'), "h= is longer"},
        {"c", "relaxed", ""},
        {"c", "", ""},
        {"c", "nofws/simple", "c= is no canonicalization"},
        {"c", "simple/", "c= is no canonicalization"},
        {"l", "0", ""},
        {"l", "x", "l= is no number"},
        {"t", "1", ""},
        {"t", "soon", "t= is no time"},
        {"x", "99", ""},
        {"x", "later", "x= is no time"},
    };
    for (const auto& row : table) {
        const auto value = with(good, row.tag, row.value);
        const auto parsed = parse_arc_message_signature(value);
        EXPECT_EQ(parsed ? "" : "error", std::string(*row.error ? "error" : "")) << value;
        EXPECT_THAT(parsed ? "" : parsed.error().message, HasSubstr(row.error)) << value;
    }
    EXPECT_THAT(parse_arc_message_signature(with(good, "x", "5; t=5")).error().message,
                HasSubstr("x= is not after t="));
    const auto parsed = parse_arc_message_signature(with(good, "l", "7; x=9"));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->key.key_name, "s1._domainkey.example.com");
    EXPECT_EQ(parsed->signed_fields, (std::vector<std::string>{"from", "to"}));
    EXPECT_EQ(parsed->canonicalization.header, Canonicalization::relaxed);
    EXPECT_EQ(parsed->canonicalization.body, Canonicalization::simple);
    EXPECT_EQ(parsed->body_length, 7U);
    EXPECT_EQ(parsed->expires_at, 9);
    EXPECT_EQ(parsed->signature, "ABC");
}

TEST(ArcSet, AMessageSignatureWithoutCanonicalizationIsSimpleAsDkimHasIt) {
    const auto parsed =
        parse_arc_message_signature(" i=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=" + hash + "; b=QUJD");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->canonicalization.header, Canonicalization::simple);
    EXPECT_EQ(parsed->canonicalization.body, Canonicalization::simple);
}

TEST(ArcSet, ASealIsTakenOrRefusedWithTheReason) {
    const std::vector<std::pair<std::string, std::string>> good = {
        {"i", "1"}, {"a", "rsa-sha256"}, {"d", "example.com"}, {"s", "s1"}, {"cv", "none"}, {"b", "QUJD"}};
    const Change table[] = {
        {"t", "junk", ""},         {"unknown", "x", ""},          {"cv", "PASS", ""},
        {"cv", "fail", ""},        {"cv", "", "cv= is no"},       {"cv", "passed", "cv= is no"},
        {"h", "from", "a tag h="}, {"a", "rsa-sha1", "a= is no"}, {"d", "", "tag d= is"},
        {"s", "", "tag s= is"},    {"b", "", "tag b= is"},        {"b", "=", "b= is no"},
        {"d", "a..b", "d= is no"},
    };
    for (const auto& row : table) {
        const auto parsed = parse_arc_seal(with(good, row.tag, row.value));
        EXPECT_EQ(parsed ? "" : "error", std::string(*row.error ? "error" : "")) << row.tag << row.value;
        EXPECT_THAT(parsed ? "" : parsed.error().message, HasSubstr(row.error)) << row.tag << row.value;
    }
    EXPECT_EQ(parse_arc_seal(with(good, "cv", "PASS"))->chain_status, "pass");
}

class ArcChainTest : public testing::Test {
  protected:
    std::unique_ptr<test::ArcMessage> message_ = test::passed_on(3);

    ArcChain chain(unsigned max_sets = 50) { return find_arc_chain(message_->fields, max_sets); }
    void remove(const std::string& name, std::size_t which) {
        auto& fields = message_->fields;
        fields.erase(fields.begin() + (&message_->field(name, which) - fields.data()));
    }
};

TEST_F(ArcChainTest, ASoundChainHasItsSetsInTheOrderOfTheirInstances) {
    std::reverse(message_->fields.begin(), message_->fields.end());
    const auto found = chain();
    EXPECT_TRUE(found.present);
    EXPECT_EQ(found.fault, "");
    EXPECT_EQ(found.highest, 3U);
    ASSERT_EQ(found.sets.size(), 3U);
    ASSERT_EQ(found.evidence.size(), 3U);
    for (unsigned at = 0; at < 3; ++at) {
        const auto instance = at + 1;
        const auto& set = found.sets[at];
        const auto& fields = message_->fields;
        EXPECT_EQ(arc_instance(ArcField::seal, fields[set.seal].value), instance);
        EXPECT_EQ(arc_instance(ArcField::message_signature, fields[set.message_signature].value), instance);
        EXPECT_EQ(arc_instance(ArcField::authentication_results, fields[set.authentication_results].value),
                  instance);
        EXPECT_EQ(found.evidence[at].instance, instance);
        EXPECT_EQ(found.evidence[at].seal_domain, "list.example");
        EXPECT_EQ(found.evidence[at].signature_selector, "s1");
        EXPECT_EQ(found.evidence[at].chain_status, at == 0 ? "none" : "pass");
    }
}

TEST_F(ArcChainTest, AMessageWithoutArcFieldsHasNone) {
    const auto found = find_arc_chain(test::plain_fields(), 50);
    EXPECT_FALSE(found.present);
    EXPECT_EQ(found.fault, "");
    EXPECT_EQ(found.highest, 0U);
}

TEST_F(ArcChainTest, AMissingFieldOfAnySetIsAFault) {
    for (const char* name : {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}) {
        for (std::size_t which = 0; which < 3; ++which) {
            message_ = test::passed_on(3);
            remove(name, which);
            const auto found = chain();
            EXPECT_EQ(found.fault, "ARC set " + std::to_string(3 - which) + " is not complete") << name;
            EXPECT_TRUE(found.sets.empty());
            EXPECT_EQ(found.highest, 3U);
        }
    }
}

TEST_F(ArcChainTest, AFieldTwiceIsAFault) {
    for (const char* name : {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}) {
        message_ = test::passed_on(3);
        const auto copy = message_->field(name, 1);
        message_->fields.push_back(copy);
        EXPECT_EQ(chain().fault, "ARC set 2 has a field twice") << name;
    }
}

TEST_F(ArcChainTest, AGapIsAFault) {
    for (const char* name : {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"})
        remove(name, 1);
    EXPECT_EQ(chain().fault, "ARC set 2 is not complete");
}

TEST_F(ArcChainTest, AnArcFieldWithoutAnInstanceIsAFault) {
    message_->fields.push_back({"ARC-Seal", " junk"});
    EXPECT_THAT(chain().fault, HasSubstr("no instance"));
    EXPECT_EQ(chain().highest, 3U);
}

struct Statuses {
    const char* first;
    const char* second;
    const char* fault;
    bool ended;
};

TEST_F(ArcChainTest, TheFirstSealSaysNoneAndAllOthersPass) {
    const Statuses table[] = {
        {"none", "pass", "", false},
        {"pass", "pass", "ARC-Seal 1 says cv=pass", false},
        {"fail", "pass", "ARC-Seal 1 says cv=fail", false},
        {"none", "none", "ARC-Seal 2 says cv=none", false},
        {"none", "fail", "the newest ARC-Seal says cv=fail", true},
        {"none", "FAIL", "the newest ARC-Seal says cv=fail", true},
    };
    for (const auto& row : table) {
        message_ = test::passed_on(0);
        test::ArcHop hop;
        hop.chain_status = row.first;
        message_->pass_on(hop);
        hop.chain_status = row.second;
        message_->pass_on(hop);
        EXPECT_EQ(chain().fault, row.fault);
        EXPECT_EQ(chain().ended, row.ended);
    }
}

TEST_F(ArcChainTest, AChainMayBeAsLongAsTheLimit) {
    EXPECT_EQ(chain(3).fault, "");
    EXPECT_FALSE(chain(3).too_long);
    EXPECT_EQ(chain(2).fault, "there are more ARC sets than 2");
    EXPECT_TRUE(chain(2).too_long);
    EXPECT_EQ(chain(2).evidence.size(), 3U);
    message_->fields.push_back({"ARC-Seal", " i=51; d=a.example"});
    EXPECT_EQ(chain(50).fault, "there are more ARC sets than 50");
    EXPECT_EQ(chain(50).highest, 51U);
}

TEST_F(ArcChainTest, AnUnreadableOlderSignatureIsNoFaultOfTheChain) {
    auto& older = message_->field("ARC-Message-Signature", 2).value;
    older.replace(older.find("h=from"), 6, "h=nobody");
    const auto found = chain();
    EXPECT_EQ(found.fault, "");
    EXPECT_FALSE(found.sets[0].parsed_signature);
    EXPECT_TRUE(found.sets[1].parsed_signature);
}

TEST_F(ArcChainTest, AnUnreadableSealIsAFaultWhereverItStands) {
    auto& oldest = message_->field("ARC-Seal", 2).value;
    oldest += "; h=from";
    EXPECT_EQ(chain().fault, "ARC-Seal 1: there is a tag h=");
}

TEST_F(ArcChainTest, TenThousandArcFieldsLeaveFiftyAndNoMore) {
    message_->fields.clear();
    for (unsigned i = 0; i < 10000; ++i)
        message_->fields.push_back({"ARC-Seal", " i=" + std::to_string(i % 99 + 1) + "; d=a.example"});
    const auto found = chain();
    EXPECT_EQ(found.evidence.size(), 50U);
    EXPECT_TRUE(found.too_long);
    EXPECT_TRUE(found.sets.empty());
}

}  // namespace
}  // namespace defender::auth
