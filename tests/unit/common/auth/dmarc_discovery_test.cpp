#include "common/auth/dmarc_discovery.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

namespace defender::auth {
namespace {

/// example.com, example.org and so on are organizational domains; one label is a public suffix.
class LastTwoLabels final : public PublicSuffixList {
  public:
    DomainName organizational_domain(const DomainName& name) const override {
        auto current = name;
        while (current.label_count() > 2) current = current.parent().value();
        return current;
    }
    bool is_public_suffix(const DomainName& name) const override { return name.label_count() == 1; }
};

/// Keeps the questions until the test answers them.
class HeldResolver final : public dns::Resolver {
  public:
    void ask(dns::Question question, dns::Deadline deadline, Handler handler) override {
        EXPECT_EQ(question.type, dns::RecordType::txt);
        EXPECT_EQ(deadline, expected_deadline);
        EXPECT_TRUE(held.emplace(question.name, std::move(handler)).second)
            << question.name << " asked twice";
    }
    void answer(const std::string& name, const dns::AnswerPtr& answer) { held.at(name)(answer); }

    dns::Deadline expected_deadline = dns::Clock::now() + std::chrono::seconds(5);
    std::map<std::string, Handler> held;
};

dns::AnswerPtr texts(std::vector<std::string> records) {
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    answer.texts = std::move(records);
    return std::make_shared<const dns::Answer>(std::move(answer));
}

dns::AnswerPtr empty(dns::Outcome outcome) {
    dns::Answer answer;
    answer.outcome = outcome;
    return std::make_shared<const dns::Answer>(std::move(answer));
}

const std::string author_question = "_dmarc.mail.example.com";
const std::string organization_question = "_dmarc.example.com";
const std::string reject_record = "v=DMARC1; p=reject";
const std::string quarantine_record = "v=DMARC1; p=quarantine; sp=none";

/// One search from mail.example.com with both answers at hand.
class DmarcDiscovery : public ::testing::Test {
  protected:
    void start(const std::string& author = "mail.example.com") {
        discover_dmarc_policy(resolver_, suffixes_, DomainName::parse(author).value(),
                              resolver_.expected_deadline, [this](PolicyEvidence evidence) {
                                  ++calls_;
                                  found_ = std::move(evidence);
                              });
    }

    PolicyEvidence outcome(const dns::AnswerPtr& author, const dns::AnswerPtr& organization,
                           bool author_first) {
        resolver_.held.clear();
        calls_ = 0;
        start();
        EXPECT_EQ(resolver_.held.size(), 2U) << "both questions are asked at once";
        resolver_.answer(author_first ? author_question : organization_question,
                         author_first ? author : organization);
        resolver_.answer(author_first ? organization_question : author_question,
                         author_first ? organization : author);
        EXPECT_EQ(calls_, 1);
        return found_;
    }

    LastTwoLabels suffixes_;
    HeldResolver resolver_;
    int calls_ = 0;
    PolicyEvidence found_;
};

struct Expected {
    PolicyOutcome outcome;
    std::string policy_domain;
};

TEST_F(DmarcDiscovery, AuthorDomainDecidesUnlessItPublishesNothing) {
    const auto nothing = empty(dns::Outcome::nodata);
    const auto gone = empty(dns::Outcome::nxdomain);
    const auto down = dns::tempfail("SERVFAIL");
    const auto other = texts({"v=spf1 -all", "some text", "v=DMARC2; p=none"});
    const auto own = texts({"v=spf1 -all", reject_record});
    const auto two = texts({reject_record, quarantine_record});
    const auto invalid = texts({"v=DMARC1; p=deny"});
    const auto top = texts({quarantine_record});
    const Expected at_author{PolicyOutcome::found, "mail.example.com"};
    const Expected at_organization{PolicyOutcome::found, "example.com"};
    const Expected none{PolicyOutcome::none, ""};
    const Expected temperror{PolicyOutcome::temperror, ""};
    const std::vector<std::tuple<std::string, dns::AnswerPtr, dns::AnswerPtr, Expected>> table = {
        {"own record", own, top, at_author},
        {"own record, organization down", own, down, at_author},
        {"own record, organization empty", own, nothing, at_author},
        {"NODATA falls through", nothing, top, at_organization},
        {"NXDOMAIN falls through", gone, top, at_organization},
        {"other texts fall through", other, top, at_organization},
        {"failure does not fall through", down, top, temperror},
        {"both fail", down, down, temperror},
        {"failure, organization empty", down, nothing, temperror},
        {"organization fails where it counts", nothing, down, temperror},
        {"two records end the search", two, top, none},
        {"an invalid record ends the search", invalid, top, none},
        {"an invalid record ends it though the organization fails", invalid, down, none},
        {"two records at the organization", gone, two, none},
        {"an invalid record at the organization", gone, invalid, none},
        {"nothing anywhere", gone, nothing, none},
        {"other texts anywhere", other, other, none},
    };
    for (const auto& [name, author, organization, expected] : table) {
        for (const bool author_first : {true, false}) {
            const auto found = outcome(author, organization, author_first);
            EXPECT_EQ(found.outcome, expected.outcome) << name;
            EXPECT_EQ(found.policy_domain, expected.policy_domain) << name;
            EXPECT_EQ(found.author_domain, "mail.example.com") << name;
            EXPECT_EQ(found.organizational_domain, "example.com") << name;
        }
    }
}

TEST_F(DmarcDiscovery, FoundRecordIsKeptAsPublishedAndParsed) {
    const auto found = outcome(texts({"v=spf1 -all", reject_record}), texts({quarantine_record}), false);
    EXPECT_EQ(found.record_text, reject_record);
    EXPECT_EQ(found.record, parse_dmarc_record(reject_record));
    EXPECT_TRUE(found.failure.empty());
}

TEST_F(DmarcDiscovery, RecordTextIsPrintableAndBounded) {
    const auto found =
        outcome(texts({"v=DMARC1; p=reject; x=\x01\xff" + std::string(60000, 'y')}), texts({}), true);
    ASSERT_EQ(found.outcome, PolicyOutcome::found);
    EXPECT_EQ(found.record_text.size(), 4096U);
    EXPECT_EQ(found.record_text.substr(0, 25), "v=DMARC1; p=reject; x=??y");
}

TEST_F(DmarcDiscovery, TempfailAtAuthorDomainIsTemperrorNotNone) {
    const auto found = outcome(dns::tempfail("timeout"), texts({quarantine_record}), true);
    EXPECT_EQ(found.outcome, PolicyOutcome::temperror);
    EXPECT_EQ(found.failure, "TXT _dmarc.mail.example.com: timeout");
    EXPECT_TRUE(found.record_text.empty());
}

TEST_F(DmarcDiscovery, WhyAPublishedRecordDoesNotCountIsTold) {
    EXPECT_EQ(outcome(texts({reject_record, reject_record}), texts({}), true).failure,
              "2 DMARC records at _dmarc.mail.example.com");
    EXPECT_EQ(outcome(texts({}), texts({"v=DMARC1"}), true).failure,
              "the DMARC record at _dmarc.example.com is not valid");
}

TEST_F(DmarcDiscovery, RecordWithoutPolicyButWithReportUriIsFoundAsNone) {
    const auto found = outcome(texts({"v=DMARC1; rua=mailto:r@example.com"}), texts({reject_record}), true);
    EXPECT_EQ(found.outcome, PolicyOutcome::found);
    EXPECT_EQ(found.policy_domain, "mail.example.com");
    EXPECT_EQ(found.record.policy, Policy::none);
}

TEST_F(DmarcDiscovery, OneQuestionWhereBothNamesAreTheSame) {
    for (const std::string author : {"example.com", "com"}) {
        resolver_.held.clear();
        calls_ = 0;
        start(author);
        ASSERT_EQ(resolver_.held.size(), 1U) << author;
        resolver_.answer("_dmarc." + author, empty(dns::Outcome::nodata));
        EXPECT_EQ(calls_, 1) << author;
        EXPECT_EQ(found_.outcome, PolicyOutcome::none) << author;
        EXPECT_EQ(found_.organizational_domain, author);
    }
}

TEST_F(DmarcDiscovery, CertainOutcomeDoesNotWaitForTheOtherAnswer) {
    start();
    resolver_.answer(author_question, texts({reject_record}));
    EXPECT_EQ(calls_, 1);
    resolver_.answer(organization_question, texts({quarantine_record}));
    EXPECT_EQ(calls_, 1) << "a late answer changes nothing";
}

TEST_F(DmarcDiscovery, OrganizationAloneDecidesNothing) {
    start();
    resolver_.answer(organization_question, texts({quarantine_record}));
    EXPECT_EQ(calls_, 0);
    resolver_.answer(author_question, empty(dns::Outcome::nxdomain));
    EXPECT_EQ(calls_, 1);
    EXPECT_EQ(found_.policy_domain, "example.com");
}

TEST_F(DmarcDiscovery, ResolverMayAnswerBeforeAskReturns) {
    class Immediate final : public dns::Resolver {
      public:
        void ask(dns::Question question, dns::Deadline, Handler handler) override {
            handler(question.name == organization_question ? texts({quarantine_record})
                                                           : empty(dns::Outcome::nxdomain));
        }
    };
    Immediate immediate;
    int calls = 0;
    discover_dmarc_policy(immediate, suffixes_, DomainName::parse("mail.example.com").value(),
                          dns::Clock::now(), [&](PolicyEvidence evidence) {
                              ++calls;
                              EXPECT_EQ(evidence.policy_domain, "example.com");
                          });
    EXPECT_EQ(calls, 1);
}

TEST_F(DmarcDiscovery, AnswersOnTwoThreadsGiveOneOutcome) {
    for (int round = 0; round < 300; ++round) {
        resolver_.held.clear();
        std::atomic<int> calls = 0;
        discover_dmarc_policy(resolver_, suffixes_, DomainName::parse("mail.example.com").value(),
                              resolver_.expected_deadline, [&](const PolicyEvidence& evidence) {
                                  ++calls;
                                  EXPECT_EQ(evidence.policy_domain,
                                            round % 2 == 0 ? "mail.example.com" : "example.com");
                              });
        std::thread author([&] {
            resolver_.answer(author_question, texts({round % 2 == 0 ? reject_record : "v=spf1 -all"}));
        });
        std::thread organization(
            [&] { resolver_.answer(organization_question, texts({quarantine_record})); });
        author.join();
        organization.join();
        EXPECT_EQ(calls, 1);
    }
}

}  // namespace
}  // namespace defender::auth
