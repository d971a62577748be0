#include "common/auth/alignment.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::auth {
namespace {

struct Row {
    Identifier authenticated;
    Identifier author;
    bool relaxed;
    bool strict;
};

TEST(Alignment, StrictIsEqualityAndRelaxedTheSameOrganization) {
    const Identifier top{"example.com", "example.com"};
    const Identifier mail{"mail.example.com", "example.com"};
    const Identifier news{"news.example.com", "example.com"};
    const Identifier other{"example.org", "example.org"};
    const Identifier lookalike{"notexample.com", "notexample.com"};
    const Identifier suffix{"co.example", "co.example"};
    const Identifier below_suffix{"shop.co.example", "shop.co.example"};
    const Identifier beside_it{"bank.co.example", "bank.co.example"};
    const Identifier none{"", ""};
    const Identifier no_name{"[192.0.2.1]", ""};
    const std::vector<Row> table = {
        {top, top, true, true},
        {mail, mail, true, true},
        {mail, top, true, false},
        {top, mail, true, false},
        {news, mail, true, false},
        {other, top, false, false},
        {lookalike, top, false, false},
        {suffix, suffix, true, true},
        {below_suffix, suffix, false, false},
        {suffix, below_suffix, false, false},
        {below_suffix, beside_it, false, false},
        {none, top, false, false},
        {top, none, false, false},
        {none, none, false, false},
        {no_name, top, false, false},
        {no_name, {"x.example", ""}, false, false},
    };
    for (const auto& row : table) {
        const auto name = std::string(row.authenticated.domain) + " for " + std::string(row.author.domain);
        EXPECT_EQ(aligned(row.authenticated, row.author, AlignmentMode::relaxed), row.relaxed) << name;
        EXPECT_EQ(aligned(row.authenticated, row.author, AlignmentMode::strict), row.strict) << name;
    }
}

TEST(Alignment, IdentifiersAreTakenWholeFromTheirEvidence) {
    SpfEvidence spf;
    spf.domain = "a.example.com";
    spf.organizational_domain = "example.com";
    DkimEvidence dkim;
    dkim.domain = "b.example.org";
    dkim.organizational_domain = "example.org";
    PolicyEvidence policy;
    policy.author_domain = "c.example.net";
    policy.organizational_domain = "example.net";
    EXPECT_EQ(identifier(spf).domain, "a.example.com");
    EXPECT_EQ(identifier(spf).organizational_domain, "example.com");
    EXPECT_EQ(identifier(dkim).domain, "b.example.org");
    EXPECT_EQ(identifier(dkim).organizational_domain, "example.org");
    EXPECT_EQ(identifier(policy).domain, "c.example.net");
    EXPECT_EQ(identifier(policy).organizational_domain, "example.net");
}

TEST(Alignment, OnlyASpfPassOfMailFromAuthenticates) {
    for (const auto result : {SpfResult::none, SpfResult::neutral, SpfResult::pass, SpfResult::fail,
                              SpfResult::softfail, SpfResult::temperror, SpfResult::permerror}) {
        for (const auto scope : {SpfScope::mail_from, SpfScope::helo}) {
            SpfEvidence spf;
            spf.scope = scope;
            spf.result = result;
            const bool mail_from = scope == SpfScope::mail_from;
            EXPECT_EQ(authenticates(spf), mail_from && result == SpfResult::pass) << to_string(result);
            EXPECT_EQ(might_authenticate(spf), mail_from && result == SpfResult::temperror)
                << to_string(result);
        }
    }
}

TEST(Alignment, OnlyADkimPassAuthenticates) {
    for (const auto result : {DkimResult::pass, DkimResult::fail, DkimResult::neutral, DkimResult::policy,
                              DkimResult::temperror, DkimResult::permerror}) {
        DkimEvidence dkim;
        dkim.result = result;
        EXPECT_EQ(authenticates(dkim, config::PartialBody::policy), result == DkimResult::pass);
        EXPECT_EQ(might_authenticate(dkim, config::PartialBody::policy), result == DkimResult::temperror);
    }
}

TEST(Alignment, TestingKeyNeverAuthenticates) {
    DkimEvidence dkim;
    dkim.testing = true;
    dkim.result = DkimResult::pass;
    EXPECT_FALSE(authenticates(dkim, config::PartialBody::accept));
    dkim.result = DkimResult::temperror;
    EXPECT_FALSE(might_authenticate(dkim, config::PartialBody::accept));
}

TEST(Alignment, SignatureNotLookedAtNeverAuthenticates) {
    DkimEvidence dkim;
    dkim.result = DkimResult::pass;
    dkim.verified = false;
    EXPECT_FALSE(authenticates(dkim, config::PartialBody::accept));
}

TEST(Alignment, PartialBodyAuthenticatesOnlyWhereAccepted) {
    DkimEvidence dkim;
    dkim.result = DkimResult::pass;
    dkim.unsigned_octets = 1;
    EXPECT_FALSE(authenticates(dkim, config::PartialBody::policy));
    EXPECT_TRUE(authenticates(dkim, config::PartialBody::accept));
    dkim.unsigned_octets = 0;
    EXPECT_TRUE(authenticates(dkim, config::PartialBody::policy))
        << "l= over the whole body leaves nothing out";
}

}  // namespace
}  // namespace defender::auth
