// Every limit that a message can reach: what lies within it leaves no trace, what lies beyond is recorded by
// its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/auth/evidence_collector.hpp"
#include "common/config/settings_reader.hpp"
#include "tests/support/arc_message.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t small = 3;  // of each setting

std::shared_ptr<const config::Settings> small_limits() {
    auto settings = std::make_shared<config::Settings>(*config::default_settings());
    settings->dmarc.max_author_domains = small;
    settings->dkim.max_signatures = small;
    settings->arc.max_sets = small;
    return settings;
}

mail::HeaderFields from(const std::string& value) {
    return {{"From", " " + value}};
}

/// Addresses a0@x.example, a1@x.example, … or a@x0.example, a@x1.example, …
std::string addresses(std::size_t count, bool different_domains) {
    std::string list;
    for (std::size_t at = 0; at < count; ++at) {
        const auto number = std::to_string(at);
        list +=
            (at == 0 ? "" : ", ") + (different_domains ? "a@x" + number : "a" + number + "@x") + ".example";
    }
    return list;
}

const std::string sound_signature =
    " v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA";
const std::string broken_signature = " v=1; d=x.example";

void add(mail::HeaderFields& fields, std::size_t count, const std::string& name, const std::string& value) {
    fields.insert(fields.end(), count, {name, value});
}

mail::HeaderFields with_signatures(std::size_t count, const std::string& value) {
    auto fields = from("a@x.example");
    add(fields, count, "DKIM-Signature", value);
    return fields;
}

mail::HeaderFields arc_sets(std::size_t count) {
    test::ArcMessage message;
    for (std::size_t at = 0; at < count; ++at) message.pass_on();
    return message.fields;
}

/// The From field and one that fills the header up to `octets` in all, names and values.
mail::HeaderFields header_of(std::size_t octets) {
    auto fields = from("a@x.example");
    const auto others = fields[0].name.size() + fields[0].value.size() + 1;
    fields.push_back({"X", std::string(octets - others, 'x')});
    return fields;
}

mail::HeaderFields many_fields(std::size_t count) {
    auto fields = from("a@x.example");
    add(fields, count - 1, "X", " y");
    return fields;
}

struct Limit {
    std::string name;
    std::size_t most;  ///< that leaves no trace
    std::function<mail::HeaderFields(std::size_t)> message;
};

std::vector<Limit> all_limits() {
    const auto defaults = config::default_settings()->limits;
    return {
        {"limits.header_octets", defaults.header_octets, header_of},
        {"limits.header_fields", defaults.header_fields, many_fields},
        {"dmarc.max_author_domains", small, [](std::size_t count) { return from(addresses(count, true)); }},
        {"dkim.max_signatures", small,
         [](std::size_t count) { return with_signatures(count, sound_signature); }},
        {"arc.max_sets", small, arc_sets},
        {"record.author_addresses", 32, [](std::size_t count) { return from(addresses(count, false)); }},
        {"record.signatures", 100,
         [](std::size_t count) { return with_signatures(count, broken_signature); }},
    };
}

Evidence collect(const mail::HeaderFields& fields, std::shared_ptr<const config::Settings> settings,
                 std::shared_ptr<dns::Resolver> resolver = std::make_shared<test::FakeResolver>()) {
    static const auto suffixes = PublicSuffixList::load("").value();
    const auto sources = std::make_shared<const EvidenceSources>(
        EvidenceSources{std::move(settings), std::move(resolver), suffixes});
    ClientEvidence client;
    client.address = IpAddress::parse("192.0.2.1").value();
    EvidenceCollector collector(sources, client);
    collector.mail_from("<a@x.example>", 1'700'000'000);
    for (const auto& field : fields) collector.header(field);
    collector.end_of_headers();
    bool complete = false;
    collector.when_all_is_in([&] { complete = true; });
    EXPECT_TRUE(complete);
    return collector.take("Q", 0);
}

TEST(Limits, WhatLiesWithinLeavesNoTrace) {
    for (const auto& limit : all_limits()) {
        const auto evidence = collect(limit.message(limit.most), small_limits());
        EXPECT_THAT(evidence.limits_reached, IsEmpty()) << limit.name;
    }
}

TEST(Limits, TheFirstThingBeyondIsRecordedByName) {
    for (const auto& limit : all_limits()) {
        const auto evidence = collect(limit.message(limit.most + 1), small_limits());
        EXPECT_THAT(evidence.limits_reached, ElementsAre(limit.name));
    }
}

TEST(Limits, FarBeyondEachIsNamedOnce) {
    for (const auto& limit : all_limits()) {
        if (limit.name == "arc.max_sets") continue;  // RFC 8617 has a limit of its own there
        const auto evidence = collect(limit.message(2 * limit.most + 10), small_limits());
        EXPECT_THAT(evidence.limits_reached, testing::Contains(limit.name).Times(1));
    }
}

TEST(Limits, APolicyWhoseKeptTextSaysLessThanTheRecordIsNamed) {
    const auto with_policy = [](const std::string& record) {
        const auto resolver = std::make_shared<test::FakeResolver>();
        resolver->add_txt("_dmarc.x.example", record);
        return collect(from("a@x.example"), small_limits(), resolver);
    };
    const std::string filler = "; filler=" + std::string(4096, 'x');
    const auto cut = with_policy("v=DMARC1; rua=mailto:r@x.example" + filler + "; p=reject");
    EXPECT_EQ(cut.policies.at(0).record.policy, Policy::reject);
    EXPECT_THAT(cut.limits_reached, ElementsAre("record.policy_text"));
    EXPECT_THAT(with_policy("v=DMARC1; p=reject" + filler).limits_reached, IsEmpty());
}

TEST(Limits, AMessageBeyondAllOfThemIsBoundedInWhatIsKept) {
    auto fields = from(addresses(10'000, false));
    add(fields, 1'000, "DKIM-Signature", sound_signature);
    add(fields, 1'000, "DKIM-Signature", broken_signature);
    add(fields, 100'000, "X-Filler", " " + std::string(30, '('));
    const auto evidence = collect(fields, small_limits());
    EXPECT_EQ(evidence.author_status, mail::AuthorStatus::ok);
    EXPECT_EQ(evidence.author_addresses.size(), 32U);
    EXPECT_LE(evidence.dkim.size(), small + 200);
    EXPECT_EQ(evidence.policies.size(), 1U);
    EXPECT_THAT(
        evidence.limits_reached,
        testing::UnorderedElementsAre("limits.header_octets", "limits.header_fields", "dkim.max_signatures",
                                      "record.author_addresses", "record.signatures"));
}

}  // namespace
}  // namespace defender::auth
