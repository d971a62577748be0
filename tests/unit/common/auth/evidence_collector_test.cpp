#include "common/auth/evidence_collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/config/settings_reader.hpp"
#include "tests/support/arc_message.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::auth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

dns::Question txt(const std::string& name) {
    return dns::question(name, dns::RecordType::txt);
}

class EvidenceCollectorTest : public testing::Test {
  protected:
    EvidenceCollectorTest() {
        resolver_->add_txt("example.com", "v=spf1 ip4:192.0.2.1 -all");
        resolver_->add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
        auto settings = std::make_shared<config::Settings>(*config::default_settings());
        settings->limits.header_fields = 100;
        sources_->settings = settings;
        sources_->resolver = resolver_;
        sources_->suffixes = PublicSuffixList::load("").value();
    }

    static ClientEvidence client(const std::string& address = "192.0.2.1") {
        ClientEvidence client;
        client.address = *IpAddress::parse(address);
        client.helo = "mail.example.com";
        return client;
    }

    std::unique_ptr<EvidenceCollector> collector(ClientEvidence who = client()) {
        return std::make_unique<EvidenceCollector>(sources_, std::move(who));
    }

    /// Everything from MAIL FROM to the evidence.
    Evidence collect(const std::string& mail_from, const std::vector<mail::HeaderField>& fields,
                     ClientEvidence who = client()) {
        auto made = collector(std::move(who));
        made->mail_from(mail_from, 1'700'000'000);
        for (const auto& field : fields) made->header(field);
        made->end_of_headers();
        bool complete = false;
        made->when_all_is_in([&] { complete = true; });
        EXPECT_TRUE(complete);
        return made->take("4F2", 42);
    }

    static mail::HeaderField signature(const std::string& domain) {
        return {"DKIM-Signature",
                " v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + domain +
                    "; s=s1; h=from:to; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"};
    }

    std::shared_ptr<test::FakeResolver> resolver_ = std::make_shared<test::FakeResolver>();
    std::shared_ptr<EvidenceSources> sources_ = std::make_shared<EvidenceSources>();
};

TEST_F(EvidenceCollectorTest, AsksEverythingAsSoonAsItIsKnownAndAtOnce) {
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    EXPECT_THAT(resolver_->asked(), IsSupersetOf({txt("example.com"), txt("mail.example.com")}));
    made->header({"From", " user@news.example.com"});
    EXPECT_THAT(resolver_->asked(),
                IsSupersetOf({txt("_dmarc.news.example.com"), txt("_dmarc.example.com")}));
    made->header(signature("example.com"));
    EXPECT_THAT(resolver_->asked(), Contains(txt("s1._domainkey.example.com")));
}

TEST_F(EvidenceCollectorTest, WaitsForTheLongestChainOfLookUpsAndNotForTheirSum) {
    std::string record = "v=spf1";
    for (int i = 0; i < 8; ++i) {
        const auto name = "i" + std::to_string(i) + ".example";
        record += " include:" + name;
        resolver_->add_txt(name, "v=spf1 ip4:198.51.100." + std::to_string(i));
    }
    resolver_->add_txt("bounce.example.com", record + " -all");
    for (const auto standard : {config::DmarcStandard::rfc7489, config::DmarcStandard::rfc9989}) {
        auto settings = std::make_shared<config::Settings>(*sources_->settings);
        settings->dmarc.standard = standard;
        sources_->settings = settings;
        resolver_->hold();
        auto made = collector();
        made->mail_from("<user@bounce.example.com>", 1'700'000'000);
        made->header({"From", " user@news.example.com"});
        for (const char* signer : {"example.com", "mail.example.com", "list.example"})
            made->header(signature(signer));
        made->end_of_headers();
        bool complete = false;
        made->when_all_is_in([&] { complete = true; });
        unsigned rounds = 0;
        while (!complete && resolver_->answer_round()) ++rounds;
        EXPECT_TRUE(complete);
        EXPECT_EQ(rounds, 2U);  // the eight includes are asked for by one answer
        const auto evidence = made->take("4F2", 0);
        EXPECT_EQ(evidence.spf.at(0).result, SpfResult::fail);
        EXPECT_EQ(evidence.policies.at(0).policy_domain, "example.com");
    }
}

TEST_F(EvidenceCollectorTest, IsCompleteOnlyWhenTheLastAnswerIsIn) {
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    made->header({"From", " user@example.com"});
    made->end_of_headers();
    bool complete = false;
    made->when_all_is_in([&] { complete = true; });
    resolver_->answer_round(
        [](const dns::Question& question) { return question.name.starts_with("_dmarc"); });
    EXPECT_FALSE(complete);
    while (resolver_->answer_round()) {
    }
    EXPECT_TRUE(complete);
}

TEST_F(EvidenceCollectorTest, ASenderThatAForwarderRewroteIsTold) {
    EXPECT_TRUE(
        collect("<SRS0=HHH=TT=example.com=u@fwd.example>", {{"From", " u@example.com"}}).rewritten_sender);
    EXPECT_FALSE(collect("<user@example.com>", {{"From", " u@example.com"}}).rewritten_sender);
}

TEST_F(EvidenceCollectorTest, PutsTheEvidenceTogether) {
    const auto evidence = collect("<user@example.com>", {{"From", " User <user@news.example.com>"},
                                                         {"Resent-From", " Helper <h@Helper.example>"},
                                                         {"Resent-From", " older@other.example"},
                                                         {"List-Id", " The list <list.example.org>"}});
    EXPECT_EQ(evidence.queue_id, "4F2");
    EXPECT_EQ(evidence.draw, 42U);
    EXPECT_EQ(evidence.received_at, 1'700'000'000);
    EXPECT_EQ(evidence.mail_from, "user@example.com");
    EXPECT_EQ(evidence.author_status, mail::AuthorStatus::ok);
    EXPECT_THAT(evidence.author_addresses, ElementsAre("user@news.example.com"));
    EXPECT_EQ(evidence.list_id, "list.example.org");
    EXPECT_EQ(evidence.resent_from, "helper.example");
    ASSERT_EQ(evidence.spf.size(), 2U);
    EXPECT_EQ(evidence.spf[0].scope, SpfScope::mail_from);
    EXPECT_EQ(evidence.spf[0].result, SpfResult::pass);
    EXPECT_EQ(evidence.spf[0].organizational_domain, "example.com");
    EXPECT_EQ(evidence.spf[1].scope, SpfScope::helo);
    EXPECT_EQ(evidence.spf[1].result, SpfResult::none);
    ASSERT_EQ(evidence.policies.size(), 1U);
    EXPECT_EQ(evidence.policies[0].policy_domain, "example.com");
}

TEST_F(EvidenceCollectorTest, NullSenderIsCheckedAtTheHeloNameAsMailFrom) {
    resolver_->add_txt("mail.example.com", "v=spf1 ip4:192.0.2.1 -all");
    const auto evidence = collect("<>", {{"From", " user@example.com"}});
    ASSERT_EQ(evidence.spf.size(), 1U);
    EXPECT_EQ(evidence.spf[0].scope, SpfScope::mail_from);
    EXPECT_EQ(evidence.spf[0].domain, "mail.example.com");
    EXPECT_EQ(evidence.spf[0].result, SpfResult::pass);
    EXPECT_EQ(evidence.mail_from, "");
}

TEST_F(EvidenceCollectorTest, ExemptClientCostsNoQuestion) {
    auto trusted = client("127.0.0.1");
    const auto evidence =
        collect("<user@example.com>", {{"From", " user@example.com"}, signature("example.com")}, trusted);
    EXPECT_THAT(resolver_->asked(), IsEmpty());
    EXPECT_THAT(evidence.spf, IsEmpty());
    EXPECT_THAT(evidence.dkim, IsEmpty());
    EXPECT_THAT(evidence.policies, IsEmpty());
    EXPECT_EQ(evidence.author_status, mail::AuthorStatus::ok);
}

TEST_F(EvidenceCollectorTest, SeveralAuthorDomainsKeepTheOrderOfTheFrom) {
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    made->header({"From", " a@example.org, b@example.com"});
    made->end_of_headers();
    made->when_all_is_in([] {});
    resolver_->answer_round(
        [](const dns::Question& question) { return question.name == "_dmarc.example.com"; });
    while (resolver_->answer_round()) {
    }
    const auto evidence = made->take("4F2", 0);
    ASSERT_EQ(evidence.policies.size(), 2U);
    EXPECT_EQ(evidence.policies[0].author_domain, "example.org");
    EXPECT_EQ(evidence.policies[0].outcome, PolicyOutcome::none);
    EXPECT_EQ(evidence.policies[1].author_domain, "example.com");
    EXPECT_EQ(evidence.policies[1].outcome, PolicyOutcome::found);
}

TEST_F(EvidenceCollectorTest, SecondFromFieldLeavesNoAuthorAndNoPolicy) {
    const auto evidence =
        collect("<user@example.com>", {{"From", " a@example.com"}, {"from ", " b@example.org"}});
    EXPECT_EQ(evidence.author_status, mail::AuthorStatus::multiple_fields);
    EXPECT_THAT(evidence.policies, IsEmpty());
    EXPECT_THAT(evidence.author_addresses, IsEmpty());
}

TEST_F(EvidenceCollectorTest, SecondFromFieldCannotHideBehindTheLimits) {
    std::vector<mail::HeaderField> fields{{"From", " a@example.com"}};
    for (int i = 0; i < 200; ++i) fields.push_back({"X-Filler", " x"});
    fields.push_back({"From", " b@example.org"});
    const auto evidence = collect("<user@example.com>", fields);
    EXPECT_EQ(evidence.author_status, mail::AuthorStatus::multiple_fields);
    EXPECT_THAT(evidence.limits_reached, ElementsAre("limits.header_fields"));
}

TEST_F(EvidenceCollectorTest, OnlyFromFieldBehindTheLimitsIsNoUsableAuthor) {
    std::vector<mail::HeaderField> fields;
    for (int i = 0; i < 200; ++i) fields.push_back({"X-Filler", " x"});
    fields.push_back({"From", " b@example.org"});
    const auto evidence = collect("<user@example.com>", fields);
    EXPECT_NE(evidence.author_status, mail::AuthorStatus::ok);
    EXPECT_NE(evidence.author_status, mail::AuthorStatus::missing);
}

TEST_F(EvidenceCollectorTest, UnsignedMessageNeedsNoBody) {
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    made->header({"From", " a@example.com"});
    made->end_of_headers();
    EXPECT_FALSE(made->wants_body());
}

TEST_F(EvidenceCollectorTest, EverySignatureHasAVerdictOfItsOwn) {
    const auto evidence =
        collect("<user@example.com>",
                {signature("example.com"), signature("sub.example.org"), {"From", " a@example.com"}});
    ASSERT_EQ(evidence.dkim.size(), 2U);
    EXPECT_EQ(evidence.dkim[0].domain, "example.com");
    EXPECT_EQ(evidence.dkim[0].result, DkimResult::permerror);
    EXPECT_EQ(evidence.dkim[1].domain, "sub.example.org");
    EXPECT_EQ(evidence.dkim[1].organizational_domain, "example.org");
}

TEST_F(EvidenceCollectorTest, AnswersThatComeAfterTheMessageWasAbortedAreThrownAway) {
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    made->header({"From", " a@example.com"});
    made->header(signature("example.com"));
    made.reset();
    while (resolver_->answer_round()) {
    }
    SUCCEED();  // the sanitizers watch
}

TEST_F(EvidenceCollectorTest, SilentDnsGivesTemporaryErrorsAndNoEvidenceOfAbsence) {
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    made->header({"From", " a@example.com"});
    made->header(signature("example.com"));
    made->end_of_headers();
    bool complete = false;
    made->when_all_is_in([&] { complete = true; });
    resolver_->time_out();
    ASSERT_TRUE(complete);
    const auto evidence = made->take("4F2", 0);
    for (const auto& spf : evidence.spf) EXPECT_EQ(spf.result, SpfResult::temperror);
    EXPECT_EQ(evidence.policies.at(0).outcome, PolicyOutcome::temperror);
    EXPECT_EQ(evidence.dkim.at(0).result, DkimResult::temperror);
}

TEST_F(EvidenceCollectorTest, AnArcChainIsValidatedBesideTheRest) {
    test::ArcMessage message;
    message.pass_on();
    resolver_->add_txt("s1._domainkey.list.example", test::rsa_key().record());
    resolver_->hold();
    auto made = collector();
    made->mail_from("<user@example.com>", 1'700'000'000);
    for (const auto& field : message.fields) made->header(field);
    EXPECT_THAT(resolver_->asked(), testing::Not(Contains(txt("s1._domainkey.list.example"))));
    made->end_of_headers();
    EXPECT_THAT(resolver_->asked(), Contains(txt("s1._domainkey.list.example")));
    EXPECT_TRUE(made->wants_body());
    made->body(message.body);
    bool complete = false;
    made->when_all_is_in([&] { complete = true; });
    EXPECT_FALSE(complete);
    while (resolver_->answer_round()) {
    }
    EXPECT_TRUE(complete);
    const auto evidence = made->take("4F2", 42);
    EXPECT_EQ(evidence.arc.result, ArcResult::pass) << evidence.arc.reason;
    EXPECT_EQ(evidence.arc.sets.size(), 1U);
    EXPECT_FALSE(made->take_arc_message());
}

TEST_F(EvidenceCollectorTest, MoreArcSetsThanTheLimitAreALimitReached) {
    test::ArcMessage message;
    message.pass_on();
    message.pass_on();
    auto settings = std::make_shared<config::Settings>(*sources_->settings);
    settings->arc.max_sets = 1;
    sources_->settings = settings;
    const auto evidence = collect("<user@example.com>", message.fields);
    EXPECT_EQ(evidence.arc.result, ArcResult::fail);
    EXPECT_THAT(evidence.limits_reached, ElementsAre("arc.max_sets"));
}

TEST_F(EvidenceCollectorTest, OfAClientThatIsNotJudgedThereIsNoChain) {
    test::ArcMessage message;
    message.pass_on();
    const auto evidence = collect("<user@example.com>", message.fields, client("127.0.0.1"));
    EXPECT_EQ(evidence.arc.result, ArcResult::none);
}

class EvidenceCollectorTreeWalkTest : public EvidenceCollectorTest {
  protected:
    void by(config::DmarcStandard standard) {
        auto settings = std::make_shared<config::Settings>(*sources_->settings);
        settings->dmarc.standard = standard;
        sources_->settings = settings;
    }
    /// A message of news.example.com, until nothing but the walks' names from the top-level domain up is
    /// open.
    std::unique_ptr<EvidenceCollector> all_but_the_top(bool& complete) {
        resolver_->hold();
        auto made = collector();
        made->mail_from("<user@example.com>", 1'700'000'000);
        made->header({"From", " user@news.example.com"});
        made->end_of_headers();
        made->when_all_is_in([&] { complete = true; });
        const auto below = [](const dns::Question& question) { return question.name != "_dmarc.com"; };
        while (resolver_->answer_round(below)) {
        }
        return made;
    }
};

TEST_F(EvidenceCollectorTreeWalkTest, ATreeWalkIsWaitedForByTheStandardThatNeedsIt) {
    by(config::DmarcStandard::rfc9989);
    bool complete = false;
    const auto made = all_but_the_top(complete);
    EXPECT_FALSE(complete);
    while (resolver_->answer_round()) {
    }
    EXPECT_TRUE(complete);
    const auto evidence = made->take("4F2", 0);
    ASSERT_EQ(evidence.walked.size(), 3U);
    for (const auto& name : evidence.walked) EXPECT_NE(name.answer, WalkAnswer::not_known) << name.domain;
    EXPECT_EQ(evidence.policies.at(0).policy_domain, "example.com") << "RFC 7489's is there as well";
}

TEST_F(EvidenceCollectorTreeWalkTest, ATreeWalkIsAskedForButNotWaitedForByRfc7489) {
    by(config::DmarcStandard::rfc7489);
    bool complete = false;
    const auto made = all_but_the_top(complete);
    EXPECT_TRUE(complete);
    const auto evidence = made->take("4F2", 0);
    EXPECT_THAT(resolver_->asked(), Contains(txt("_dmarc.com")));
    ASSERT_EQ(evidence.walked.size(), 3U);
    EXPECT_EQ(evidence.walked[0].domain, "com");
    EXPECT_EQ(evidence.walked[0].answer, WalkAnswer::not_known);
    EXPECT_EQ(evidence.walked[1].answer, WalkAnswer::record);
    EXPECT_EQ(evidence.walked[2].answer, WalkAnswer::nothing);
    while (resolver_->answer_round()) {
    }
}

TEST_F(EvidenceCollectorTreeWalkTest, WhetherTheAuthorDomainExistsIsEvidence) {
    by(config::DmarcStandard::rfc9989);
    resolver_->add_txt("_dmarc.example.net", "v=DMARC1; p=none; np=reject");
    resolver_->add_name("there.example.net");
    EXPECT_EQ(collect("<a@example.net>", {{"From", " a@gone.example.net"}}).policies.at(0).existence,
              DomainExistence::does_not_exist);
    EXPECT_EQ(collect("<a@example.net>", {{"From", " a@there.example.net"}}).policies.at(0).existence,
              DomainExistence::exists);
    EXPECT_EQ(collect("<a@example.net>", {{"From", " a@example.net"}}).policies.at(0).existence,
              DomainExistence::not_known);
}

TEST_F(EvidenceCollectorTreeWalkTest, SigningDomainsWithinTheOrganizationAreWalked) {
    by(config::DmarcStandard::rfc9989);
    const auto evidence =
        collect("<a@mailer.example.org>",
                {{"From", " a@example.com"}, signature("sign.example.com"), signature("example.net")});
    std::vector<std::string> walked;
    for (const auto& name : evidence.walked) walked.push_back(name.domain);
    EXPECT_THAT(walked, ElementsAre("com", "example.com", "sign.example.com"));
}

TEST_F(EvidenceCollectorTreeWalkTest, ExemptClientsAndUnusableAuthorsLeaveNoWalk) {
    by(config::DmarcStandard::rfc9989);
    EXPECT_THAT(collect("<a@example.com>", {{"From", " a@example.com"}}, client("127.0.0.1")).walked,
                IsEmpty());
    EXPECT_THAT(collect("<a@example.com>", {{"From", " nobody"}}).walked, IsEmpty());
    EXPECT_THAT(collect("<a@example.com>", {{"From", " a@example.com"}, {"From", " b@example.org"}}).walked,
                IsEmpty());
}

}  // namespace
}  // namespace defender::auth
