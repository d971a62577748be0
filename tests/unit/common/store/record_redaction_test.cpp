#include "common/store/record_redaction.hpp"

#include <gtest/gtest.h>

#include <random>

#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::store {
namespace {

using config::StoredAddresses;

TEST(RecordRedaction, FullAddressesStayWhereTheOperatorWantsThem) {
    const auto record = redact(test::sample_record(), StoredAddresses::full);
    EXPECT_EQ(json_text(to_json(record.evidence)), json_text(to_json(test::sample_evidence())));
    EXPECT_EQ(json_text(to_json(record.judgement)), json_text(to_json(test::sample_judgement())));
}

TEST(RecordRedaction, OfEveryAddressOnlyTheDomainStays) {
    auto record = test::sample_record();
    record.evidence.author_reason = "jane@example.org is odd";
    record.evidence.spf[0].reason = "exists:jane@example.org";
    record.evidence.dkim[0].reason = "i=jane@example.org";
    record.judgement.trace[0].text = "from <jane@example.org>";
    record.judgement.overrides[0].comment = "for jane@example.org";
    record.judgement.domains[1].overrides[0].comment = "for jane@example.org";
    record.reply = "550 5.7.1 jane@example.org";
    record.error = "jane@example.org";
    const auto redacted = redact(record, StoredAddresses::domain);
    EXPECT_EQ(redacted.evidence.mail_from, "@bounce.example.org");
    EXPECT_EQ(redacted.evidence.author_addresses, (std::vector<std::string>{"@example.org", "@example.net"}));
    EXPECT_EQ(redacted.evidence.dkim[0].identity, "@example.org");
    EXPECT_EQ(redacted.evidence.dkim[1].identity, "");
    const auto whole = json_text(to_json(redacted.evidence)) + json_text(to_json(redacted.judgement)) +
                       redacted.reply + redacted.error;
    EXPECT_EQ(whole.find("jane"), std::string::npos) << whole;
    EXPECT_EQ(whole.find("joe"), std::string::npos) << whole;
}

TEST(RecordRedaction, SealedResultsStayReadableWithoutTheirLocalParts) {
    auto record = test::sample_record();
    auto& sets = record.evidence.arc.sets;
    sets[0].authentication_results =
        "mx (for jane@example.org); spf=pass reason=\"jane@example.org is known\" "
        "smtp.mailfrom=jane@example.org; dkim=pass header.i=@example.org header.b=\"a/b=\"; "
        "arc=none smtp.remote-ip=192.0.2.1";
    sets[1].authentication_results = "no results of jane@example.org";
    const auto once = redact(record, StoredAddresses::domain);
    EXPECT_EQ(once.evidence.arc.sets[0].authentication_results,
              "mx; spf=pass reason=\"@example.org is known\" smtp.mailfrom=@example.org; "
              "dkim=pass header.i=@example.org header.b=\"a/b=\"; arc=none smtp.remote-ip=192.0.2.1");
    EXPECT_EQ(once.evidence.arc.sets[1].authentication_results, "");
    const auto twice = redact(once, StoredAddresses::domain);
    EXPECT_EQ(json_text(to_json(twice.evidence)), json_text(to_json(once.evidence)));
}

TEST(RecordRedaction, VerdictsAndDomainsAreUntouched) {
    const auto before = test::sample_record();
    const auto after = redact(before, StoredAddresses::domain);
    EXPECT_EQ(after.host, before.host);
    EXPECT_EQ(after.milliseconds, before.milliseconds);
    EXPECT_EQ(after.evidence.policies[0].record, before.evidence.policies[0].record);
    EXPECT_EQ(after.evidence.client.helo, before.evidence.client.helo);
    EXPECT_EQ(after.judgement.trace, before.judgement.trace);
}

struct Address {
    const char* before;
    const char* after;
};

class RedactedSender : public testing::TestWithParam<Address> {};

TEST_P(RedactedSender, KeepsItsDomain) {
    auto record = test::plain_record("Q");
    record.evidence.mail_from = GetParam().before;
    EXPECT_EQ(redact(record, StoredAddresses::domain).evidence.mail_from, GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(Table, RedactedSender,
                         testing::Values(Address{"", ""}, Address{"a@b.example", "@b.example"},
                                         Address{"postmaster", "@"}, Address{"@b.example", "@b.example"},
                                         Address{"\"a@x\"@b.example", "@b.example"},
                                         Address{"a@[192.0.2.1]", "@[192.0.2.1]"}, Address{"a@", "@"}));

class RedactedText : public testing::TestWithParam<Address> {};

TEST_P(RedactedText, HasNoLocalParts) {
    EXPECT_EQ(without_local_parts(GetParam().before), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RedactedText,
    testing::Values(
        Address{"", ""}, Address{"nothing here", "nothing here"}, Address{"@", "@"},
        Address{"mail from jane@a.example, joe.doe@b.example", "mail from @a.example, @b.example"},
        Address{"<jane@a.example>", "<@a.example>"}, Address{"(jane+tag=x@a.example)", "(@a.example)"},
        Address{"\"jane doe\"@a.example", "@a.example"},
        Address{"for jane.\"doe\".x@a.example", "for @a.example"},
        Address{"\"ja\\\"ne\"@a.example", "@a.example"}, Address{"\"a@b\"@c.example", "@c.example"},
        Address{"said \"no\" to j\xC3\xB6rg@a.example", "said \"no\" to @a.example"},
        Address{"SRS0=hash=tt=x.example=jane@fwd.example", "@fwd.example"},
        Address{"header.i=@a.example", "@a.example"}, Address{"unpaired\"@a", "unpaired\"@a"}));

TEST(RecordRedaction, DoingItTwiceChangesNothing) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string_view alphabet = "@@\"\"\\ab.<> ";
    std::uniform_int_distribution<std::size_t> letter(0, alphabet.size() - 1);
    std::uniform_int_distribution<std::size_t> length(0, 40);
    for (int i = 0; i < 20000; ++i) {
        std::string text(length(random), ' ');
        for (char& c : text) c = alphabet[letter(random)];
        const auto once = without_local_parts(text);
        ASSERT_EQ(without_local_parts(once), once) << text;
    }
}

TEST(RecordRedaction, LongTextCostsLinearTime) {
    std::string text;
    for (int i = 0; i < 200000; ++i) text += "\"@";
    EXPECT_LE(without_local_parts(text).size(), text.size());
    EXPECT_EQ(without_local_parts(std::string(1000000, 'a') + "@b"), "@b");
}

}  // namespace
}  // namespace defender::store
