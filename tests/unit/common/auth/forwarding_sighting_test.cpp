#include "common/auth/forwarding_sighting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/support/forwarded_message.hpp"

namespace defender::auth {
namespace {

using test::forwarded_evidence;
using test::learning_settings;

TEST(ForwarderNetwork, IsTheAddressOrTheSubnetOfAnIpv6Host) {
    EXPECT_EQ(forwarder_network(*IpAddress::parse("192.0.2.25")).to_string(), "192.0.2.25");
    EXPECT_EQ(forwarder_network(*IpAddress::parse("2001:db8:1:2:3:4:5:6")).to_string(), "2001:db8:1:2::/64");
    EXPECT_EQ(forwarder_network(*IpAddress::parse("::ffff:192.0.2.25")).to_string(), "192.0.2.25");
}

TEST(ForwardingSighting, IsAMessageWhoseSpfFailsAndWhoseAlignedSignatureHolds) {
    const auto sighting = forwarding_sighting(forwarded_evidence(), learning_settings());
    ASSERT_TRUE(sighting);
    EXPECT_EQ(*sighting, (ForwardingSighting{"192.0.2.25", "example.org", UtcDay{20574}}));
}

TEST(ForwardingSighting, NamesTheOrganizationalDomainOfTheAuthor) {
    auto evidence = forwarded_evidence();
    evidence.policies[0].author_domain = "news.example.org";
    evidence.spf[0].domain = "bounces.example.org";
    evidence.dkim[0].domain = "mail.example.org";
    const auto sighting = forwarding_sighting(evidence, learning_settings());
    ASSERT_TRUE(sighting) << "aligned in relaxed mode";
    EXPECT_EQ(sighting->domain, "example.org");
}

TEST(ForwardingSighting, AlignsInRelaxedModeWhateverThePolicyAsksFor) {
    auto evidence = forwarded_evidence();
    evidence.policies[0].outcome = PolicyOutcome::found;
    evidence.policies[0].record.spf_alignment = AlignmentMode::strict;
    evidence.policies[0].record.dkim_alignment = AlignmentMode::strict;
    evidence.dkim[0].domain = "mail.example.org";
    EXPECT_TRUE(forwarding_sighting(evidence, learning_settings()));
}

TEST(ForwardingSighting, OfAnIpv6ClientIsOfItsSubnet) {
    auto evidence = forwarded_evidence();
    evidence.client.address = *IpAddress::parse("2001:db8::25");
    EXPECT_EQ(forwarding_sighting(evidence, learning_settings())->network, "2001:db8::/64");
}

TEST(ForwardingSighting, NeedsSpfOfMailFromToFailForTheClient) {
    const std::vector<std::pair<SpfResult, bool>> cases{
        {SpfResult::fail, true},      {SpfResult::softfail, true}, {SpfResult::none, false},
        {SpfResult::neutral, false},  {SpfResult::pass, false},    {SpfResult::temperror, false},
        {SpfResult::permerror, false}};
    for (const auto& [result, sighted] : cases) {
        auto evidence = forwarded_evidence();
        evidence.spf[0].result = result;
        EXPECT_EQ(forwarding_sighting(evidence, learning_settings()).has_value(), sighted)
            << to_string(result);
    }
}

TEST(ForwardingSighting, NeedsTheSignatureToPass) {
    const std::vector<std::pair<DkimResult, bool>> cases{
        {DkimResult::pass, true},    {DkimResult::fail, false},      {DkimResult::neutral, false},
        {DkimResult::policy, false}, {DkimResult::temperror, false}, {DkimResult::permerror, false}};
    for (const auto& [result, sighted] : cases) {
        auto evidence = forwarded_evidence();
        evidence.dkim[0].result = result;
        EXPECT_EQ(forwarding_sighting(evidence, learning_settings()).has_value(), sighted)
            << to_string(result);
    }
}

TEST(ForwardingSighting, IsNothingElse) {
    struct Case {
        const char* what;
        std::function<void(Evidence&)> change;
    };
    const std::vector<Case> cases{
        {"a rewritten envelope",
         [](Evidence& e) { e.spf[0].domain = e.spf[0].organizational_domain = "lists.example"; }},
        {"a null sender", [](Evidence& e) { e.mail_from.clear(); }},
        {"the HELO identity alone", [](Evidence& e) { e.spf[0].scope = SpfScope::helo; }},
        {"no SPF result", [](Evidence& e) { e.spf.clear(); }},
        {"no signature", [](Evidence& e) { e.dkim.clear(); }},
        {"a signature of somebody else",
         [](Evidence& e) { e.dkim[0].domain = e.dkim[0].organizational_domain = "esp.example"; }},
        {"a key in testing", [](Evidence& e) { e.dkim[0].testing = true; }},
        {"a signature that was not looked at", [](Evidence& e) { e.dkim[0].verified = false; }},
        {"a body that is signed in part", [](Evidence& e) { e.dkim[0].unsigned_octets = 5; }},
        {"a From field that cannot be used",
         [](Evidence& e) { e.author_status = mail::AuthorStatus::missing; }},
        {"no author domain", [](Evidence& e) { e.policies.clear(); }},
        {"an author domain without an organizational domain",
         [](Evidence& e) { e.policies[0].organizational_domain.clear(); }},
        {"a client that has logged in", [](Evidence& e) { e.client.authenticated = true; }},
        {"a client on no IP socket", [](Evidence& e) { e.client.local = true; }},
    };
    for (const auto& [what, change] : cases) {
        auto evidence = forwarded_evidence();
        change(evidence);
        EXPECT_FALSE(forwarding_sighting(evidence, learning_settings())) << what;
    }
}

TEST(ForwardingSighting, FollowsTheSettings) {
    auto settings = learning_settings();
    settings.indirect.enabled = false;
    EXPECT_FALSE(forwarding_sighting(forwarded_evidence(), settings));
    settings = learning_settings();
    settings.trust.networks = {*IpNetwork::parse("192.0.2.0/24")};
    EXPECT_FALSE(forwarding_sighting(forwarded_evidence(), settings)) << "not judged";
    settings = learning_settings();
    settings.partial_body = config::PartialBody::accept;
    auto evidence = forwarded_evidence();
    evidence.dkim[0].unsigned_octets = 5;
    EXPECT_TRUE(forwarding_sighting(evidence, settings));
}

TEST(ForwardingSighting, OfSeveralAuthorsIsOfTheFirstThatTheMessageShowsIt) {
    auto evidence = forwarded_evidence("example.net");
    auto other = evidence.policies[0];
    other.author_domain = other.organizational_domain = "example.org";
    evidence.policies.insert(evidence.policies.begin(), other);
    EXPECT_EQ(forwarding_sighting(evidence, learning_settings())->domain, "example.net");
}

TEST(ForwardingSighting, NeverPutsTogetherTheSpfOfOneAuthorAndTheSignatureOfAnother) {
    auto evidence = forwarded_evidence("example.net");
    auto other = evidence.policies[0];
    other.author_domain = other.organizational_domain = "example.org";
    evidence.policies.push_back(other);
    evidence.dkim[0].domain = evidence.dkim[0].organizational_domain = "example.org";
    EXPECT_FALSE(forwarding_sighting(evidence, learning_settings()));
}

}  // namespace
}  // namespace defender::auth
