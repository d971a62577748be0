#include "common/auth/judgement.hpp"

#include <gtest/gtest.h>

#include "common/base/text.hpp"
#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using tests::enforcing;
using tests::MessageEvidence;
using tests::trace_holds;

const std::string reject_record = "v=DMARC1; p=reject";

struct ResultRow {
    std::string name;
    MessageEvidence message;
    DmarcResult result;
};

void expect_results(const std::vector<ResultRow>& table) {
    for (const auto& row : table) {
        const auto judgement = judge(row.message, enforcing());
        EXPECT_EQ(judgement.result, row.result) << row.name;
        ASSERT_EQ(judgement.domains.size(), 1U) << row.name;
        EXPECT_EQ(judgement.domains[0].result, row.result) << row.name;
        const bool pass = row.result == DmarcResult::pass;
        EXPECT_EQ(judgement.domains[0].spf_aligned || judgement.domains[0].dkim_aligned, pass) << row.name;
    }
}

TEST(Judgement, OneAlignedPassIsAPass) {
    const auto with = [] { return MessageEvidence().policy(reject_record); };
    expect_results({
        {"aligned SPF", with().spf(SpfResult::pass, "example.com"), DmarcResult::pass},
        {"aligned SPF of a subdomain", with().spf(SpfResult::pass, "bounce.example.com"), DmarcResult::pass},
        {"aligned DKIM", with().dkim(DkimResult::pass, "example.com"), DmarcResult::pass},
        {"aligned DKIM of a subdomain", with().dkim(DkimResult::pass, "news.example.com"), DmarcResult::pass},
        {"pass beside failures",
         with()
             .spf(SpfResult::fail, "example.com")
             .dkim(DkimResult::fail, "example.com")
             .dkim(DkimResult::pass, "example.com"),
         DmarcResult::pass},
        {"pass beside a SPF temperror",
         with().spf(SpfResult::temperror, "example.com").dkim(DkimResult::pass, "example.com"),
         DmarcResult::pass},
        {"pass beside a DKIM temperror",
         with().spf(SpfResult::pass, "example.com").dkim(DkimResult::temperror, "example.com"),
         DmarcResult::pass},
    });
}

TEST(Judgement, WithoutAnAlignedPassItIsAFailure) {
    const auto with = [] { return MessageEvidence().policy(reject_record); };
    expect_results({
        {"nothing at all", with(), DmarcResult::fail},
        {"SPF pass of another domain", with().spf(SpfResult::pass, "example.org"), DmarcResult::fail},
        {"DKIM pass of another domain", with().dkim(DkimResult::pass, "example.org"), DmarcResult::fail},
        {"a failed aligned signature beside a passing foreign one",
         with().dkim(DkimResult::fail, "example.com").dkim(DkimResult::pass, "example.org"),
         DmarcResult::fail},
        {"HELO pass", with().spf(SpfResult::pass, "example.com", SpfScope::helo), DmarcResult::fail},
        {"SPF none", with().spf(SpfResult::none, "example.com"), DmarcResult::fail},
        {"SPF neutral", with().spf(SpfResult::neutral, "example.com"), DmarcResult::fail},
        {"SPF softfail", with().spf(SpfResult::softfail, "example.com"), DmarcResult::fail},
        {"SPF permerror", with().spf(SpfResult::permerror, "example.com"), DmarcResult::fail},
        {"SPF pass without a domain", with().spf(SpfResult::pass, ""), DmarcResult::fail},
        {"DKIM neutral", with().dkim(DkimResult::neutral, "example.com"), DmarcResult::fail},
        {"DKIM policy", with().dkim(DkimResult::policy, "example.com"), DmarcResult::fail},
        {"DKIM permerror", with().dkim(DkimResult::permerror, "example.com"), DmarcResult::fail},
        {"DKIM pass without a domain", with().dkim(DkimResult::pass, ""), DmarcResult::fail},
    });
}

TEST(Judgement, TemperrorThatCouldHaveGivenAPassIsATemperror) {
    const auto with = [] { return MessageEvidence().policy(reject_record); };
    expect_results({
        {"SPF", with().spf(SpfResult::temperror, "example.com"), DmarcResult::temperror},
        {"SPF of a subdomain", with().spf(SpfResult::temperror, "a.example.com"), DmarcResult::temperror},
        {"DKIM", with().dkim(DkimResult::temperror, "example.com"), DmarcResult::temperror},
        {"DKIM beside failures",
         with().spf(SpfResult::fail, "example.com").dkim(DkimResult::temperror, "example.com"),
         DmarcResult::temperror},
        {"foreign SPF", with().spf(SpfResult::temperror, "example.org"), DmarcResult::fail},
        {"foreign DKIM", with().dkim(DkimResult::temperror, "example.org"), DmarcResult::fail},
        {"HELO", with().spf(SpfResult::temperror, "example.com", SpfScope::helo), DmarcResult::fail},
        {"policy look-up", MessageEvidence().policy_temperror(), DmarcResult::temperror},
        {"policy look-up with an identifier that would align",
         MessageEvidence().policy_temperror().spf(SpfResult::pass, "x.example.com"), DmarcResult::temperror},
        {"policy look-up with failures",
         MessageEvidence().policy_temperror().spf(SpfResult::fail, "example.com"), DmarcResult::temperror},
        {"strict alignment makes a subdomain's temperror irrelevant",
         MessageEvidence().policy("v=DMARC1; p=reject; aspf=s").spf(SpfResult::temperror, "a.example.com"),
         DmarcResult::fail},
    });
}

TEST(Judgement, NoPolicyIsNoneWhateverAligns) {
    expect_results({
        {"nothing", MessageEvidence().no_policy(), DmarcResult::none},
        {"aligned", MessageEvidence().no_policy().spf(SpfResult::pass, "example.com"), DmarcResult::none},
        {"temperror", MessageEvidence().no_policy().spf(SpfResult::temperror, "example.com"),
         DmarcResult::none},
    });
}

TEST(Judgement, EachMethodHasItsOwnAlignmentMode) {
    const std::string strict_spf = "v=DMARC1; p=reject; aspf=s";
    const std::string strict_dkim = "v=DMARC1; p=reject; adkim=s";
    const auto with = [](const std::string& record) { return MessageEvidence().policy(record); };
    expect_results({
        {"strict SPF, subdomain", with(strict_spf).spf(SpfResult::pass, "a.example.com"), DmarcResult::fail},
        {"strict SPF, same", with(strict_spf).spf(SpfResult::pass, "example.com"), DmarcResult::pass},
        {"strict SPF, DKIM subdomain", with(strict_spf).dkim(DkimResult::pass, "a.example.com"),
         DmarcResult::pass},
        {"strict DKIM, subdomain", with(strict_dkim).dkim(DkimResult::pass, "a.example.com"),
         DmarcResult::fail},
        {"strict DKIM, same", with(strict_dkim).dkim(DkimResult::pass, "example.com"), DmarcResult::pass},
        {"strict DKIM, SPF subdomain", with(strict_dkim).spf(SpfResult::pass, "a.example.com"),
         DmarcResult::pass},
    });
}

TEST(Judgement, TestingKeysAndPartialBodiesMakeNoIdentifier) {
    auto testing = MessageEvidence().policy(reject_record).dkim(DkimResult::pass, "example.com");
    testing.get().dkim[0].testing = true;
    auto partial = MessageEvidence().policy(reject_record).dkim(DkimResult::pass, "example.com");
    partial.get().dkim[0].unsigned_octets = 7;
    auto left_out = MessageEvidence().policy(reject_record).dkim(DkimResult::pass, "example.com");
    left_out.get().dkim[0].verified = false;
    expect_results({{"testing", testing, DmarcResult::fail},
                    {"partial", partial, DmarcResult::fail},
                    {"over the limit", left_out, DmarcResult::fail}});
    auto settings = enforcing();
    settings.partial_body = config::PartialBody::accept;
    EXPECT_EQ(judge(partial, settings).result, DmarcResult::pass);
    EXPECT_EQ(judge(testing, settings).result, DmarcResult::fail);
    EXPECT_TRUE(trace_holds(judge(testing, enforcing()), "RFC 7489 3.1.1", "the key is in testing"));
    EXPECT_TRUE(
        trace_holds(judge(partial, enforcing()), "RFC 7489 3.1.1", "7 octets of the body are not signed"));
    EXPECT_TRUE(trace_holds(judge(left_out, enforcing()), "dkim.max_signatures", "1 more"));
}

TEST(Judgement, SubdomainPolicyIsForDomainsBelowTheOneThatPublishes) {
    struct Row {
        std::string record;
        std::string author;
        Policy requested;
    };
    const std::vector<Row> table = {
        {"v=DMARC1; p=reject; sp=none", "example.com", Policy::reject},
        {"v=DMARC1; p=reject; sp=none", "mail.example.com", Policy::none},
        {"v=DMARC1; p=none; sp=quarantine", "example.com", Policy::none},
        {"v=DMARC1; p=none; sp=quarantine", "a.b.example.com", Policy::quarantine},
        {"v=DMARC1; p=quarantine", "mail.example.com", Policy::quarantine},
    };
    for (const auto& row : table) {
        const auto judgement =
            judge(MessageEvidence().policy(row.record, row.author, "example.com"), enforcing());
        EXPECT_EQ(judgement.requested, row.requested) << row.record << " for " << row.author;
        EXPECT_EQ(judgement.domains[0].requested, row.requested);
        EXPECT_EQ(judgement.domains[0].policy_domain, "example.com");
        EXPECT_EQ(judgement.domains[0].author_domain, row.author);
    }
    EXPECT_EQ(judge(MessageEvidence().policy("v=DMARC1; p=reject; sp=none", "mail.example.com"), enforcing())
                  .requested,
              Policy::reject)
        << "sp of a subdomain's own record is not for that subdomain";
}

TEST(Judgement, PassIsAcceptedAndKeepsThePolicyAskedFor) {
    const auto judgement = judge(
        MessageEvidence().policy(reject_record).spf(SpfResult::pass, "example.com").draw(99), enforcing());
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.disposition, Disposition::none);
    EXPECT_EQ(judgement.requested, Policy::reject);
    EXPECT_TRUE(judgement.overrides.empty());
    EXPECT_TRUE(judgement.domains[0].spf_aligned);
    EXPECT_FALSE(judgement.domains[0].dkim_aligned);
}

TEST(Judgement, TemperrorAppliesNoPolicyAndFollowsItsOwnSetting) {
    auto settings = enforcing();
    for (const auto& message :
         {MessageEvidence().policy_temperror(),
          MessageEvidence().policy(reject_record).spf(SpfResult::temperror, "example.com")}) {
        settings.policy.on_temperror = config::OnTemperror::accept;
        auto judgement = judge(message, settings);
        EXPECT_EQ(judgement.action, Action::accept);
        EXPECT_EQ(judgement.disposition, Disposition::none);
        settings.policy.on_temperror = config::OnTemperror::tempfail;
        judgement = judge(message, settings);
        EXPECT_EQ(judgement.action, Action::tempfail);
        EXPECT_EQ(judgement.disposition, Disposition::none);
        EXPECT_TRUE(judgement.overrides.empty());
        EXPECT_TRUE(trace_holds(judgement, "policy.on_temperror", "tempfail"));
    }
}

TEST(Judgement, NoLookUpAtAllIsATemperrorNotNone) {
    auto settings = enforcing();
    settings.policy.on_temperror = config::OnTemperror::tempfail;
    const auto judgement = judge(MessageEvidence(), settings);
    EXPECT_EQ(judgement.result, DmarcResult::temperror);
    EXPECT_EQ(judgement.action, Action::tempfail);
    EXPECT_TRUE(judgement.domains.empty());
}

TEST(Judgement, TrustedClientsAreNotJudged) {
    config::TrustSettings trust;
    trust.networks = {IpNetwork::parse("127.0.0.0/8").value(), IpNetwork::parse("2001:db8::/32").value()};
    trust.authenticated = true;
    ClientEvidence client;
    client.address = IpAddress::parse("198.51.100.1").value();
    EXPECT_EQ(exemption_of(client, trust), Exemption::no);
    client.authenticated = true;
    EXPECT_EQ(exemption_of(client, trust), Exemption::authenticated);
    trust.authenticated = false;
    EXPECT_EQ(exemption_of(client, trust), Exemption::no);
    client.address = IpAddress::parse("127.255.0.1").value();
    EXPECT_EQ(exemption_of(client, trust), Exemption::trusted_network);
    client.address = IpAddress::parse("2001:db8::25").value();
    EXPECT_EQ(exemption_of(client, trust), Exemption::trusted_network);
    client.local = true;
    EXPECT_EQ(exemption_of(client, trust), Exemption::local_client);
    client = {};
    client.address = IpAddress::parse("::ffff:127.0.0.1").value();
    EXPECT_EQ(exemption_of(client, trust), Exemption::trusted_network);
}

TEST(Judgement, ExemptMessageIsAcceptedWithoutResultEvenIfItsAuthorIsUnusable) {
    auto settings = enforcing();
    settings.trust.networks = {IpNetwork::parse("192.0.2.0/24").value()};
    MessageEvidence message;
    message.policy(reject_record).get().author_status = mail::AuthorStatus::missing;
    const auto judgement = judge(message, settings);
    EXPECT_EQ(judgement.exemption, Exemption::trusted_network);
    EXPECT_EQ(judgement.result, DmarcResult::none);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_TRUE(judgement.domains.empty());
    EXPECT_TRUE(judgement.overrides.empty());
    EXPECT_TRUE(trace_holds(judgement, "trust.networks", "client 192.0.2.1: not judged"));
}

TEST(Judgement, TraceTellsWhoAskedWhatAlignedWhichPolicyAndWhy) {
    const auto judgement =
        judge(MessageEvidence()
                  .policy("v=DMARC1; p=none; sp=reject; pct=30", "mail.example.com", "example.com")
                  .spf(SpfResult::pass, "example.org")
                  .spf(SpfResult::pass, "mx.example.com", SpfScope::helo)
                  .dkim(DkimResult::fail, "example.com")
                  .draw(42),
              enforcing());
    const std::vector<TraceStep> expected = {
        {"RFC 7489 6.6.1", "author domain mail.example.com"},
        {"RFC 7489 6.6.3", "policy found at _dmarc.example.com: v=DMARC1; p=none; sp=reject; pct=30"},
        {"RFC 7489 6.3", "sp asks for reject where a message fails"},
        {"RFC 7489 3.1.2", "SPF pass for MAIL FROM example.org: not aligned (relaxed alignment)"},
        {"RFC 7489 4.1", "SPF pass for HELO mx.example.com: a HELO identity never aligns"},
        {"RFC 7489 3.1.1",
         "DKIM fail for example.com, selector s1: aligned: the same organizational domain example.com "
         "(relaxed "
         "alignment)"},
        {"RFC 7489 6.6.2", "dmarc=fail: no aligned identifier passed"},
        {"RFC 7489 6.6.4", "draw 42 of 0..99, pct=30: not sampled, quarantine instead of reject"},
        {"policy.on_quarantine", "policy.on_quarantine = tag: tag, disposition quarantine"},
    };
    EXPECT_EQ(judgement.trace, expected);
}

TEST(Judgement, TraceIsPrintableAndBoundedWhateverTheEvidenceHolds) {
    auto message =
        MessageEvidence().policy_temperror().spf(SpfResult::none, std::string(100000, 'x') + "\r\n\x01");
    message.get().policies[0].failure = "\xff\n";
    message.get().spf[0].reason = "\0\r\n";
    for (int i = 0; i < 1000; ++i)
        message.dkim(DkimResult::neutral, "a\r\nb").get().dkim.back().verified = i == 0;
    const auto judgement = judge(message, enforcing());
    EXPECT_LT(judgement.trace.size(), 10U);
    for (const auto& step : judgement.trace) {
        EXPECT_LT(step.text.size(), 1000U);
        EXPECT_EQ(step.text, text::printable(step.text, 1000));
    }
}

TEST(Judgement, NamesAreThoseOfTheRfcs) {
    EXPECT_EQ(to_string(DmarcResult::none), "none");
    EXPECT_EQ(to_string(DmarcResult::pass), "pass");
    EXPECT_EQ(to_string(DmarcResult::fail), "fail");
    EXPECT_EQ(to_string(DmarcResult::temperror), "temperror");
    EXPECT_EQ(to_string(DmarcResult::permerror), "permerror");
    EXPECT_EQ(to_string(Disposition::none), "none");
    EXPECT_EQ(to_string(Disposition::quarantine), "quarantine");
    EXPECT_EQ(to_string(Disposition::reject), "reject");
    EXPECT_EQ(to_string(Action::accept), "accept");
    EXPECT_EQ(to_string(Action::tag), "tag");
    EXPECT_EQ(to_string(Action::hold), "hold");
    EXPECT_EQ(to_string(Action::reject), "reject");
    EXPECT_EQ(to_string(Action::tempfail), "tempfail");
    EXPECT_EQ(to_string(Exemption::no), "no");
    EXPECT_EQ(to_string(Exemption::trusted_network), "trusted_network");
    EXPECT_EQ(to_string(Exemption::authenticated), "authenticated");
    EXPECT_EQ(to_string(Exemption::local_client), "local_client");
    EXPECT_EQ(to_string(OverrideType::sampled_out), "sampled_out");
}

TEST(Judgement, SettingsAreTakenFromTheirSections) {
    config::Settings settings;
    settings.dkim.partial_body = config::PartialBody::accept;
    settings.policy.mode = config::PolicyMode::enforce;
    settings.policy.on_reject = config::OnReject::tag;
    settings.trust.authenticated = true;
    const auto judged_by = judge_settings(settings);
    EXPECT_EQ(judged_by.partial_body, config::PartialBody::accept);
    EXPECT_EQ(judged_by.policy.mode, config::PolicyMode::enforce);
    EXPECT_EQ(judged_by.policy.on_reject, config::OnReject::tag);
    EXPECT_TRUE(judged_by.trust.authenticated);
}

}  // namespace
}  // namespace defender::auth
