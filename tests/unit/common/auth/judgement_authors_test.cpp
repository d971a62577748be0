// Messages without a usable author, and messages with several author domains.
#include <gtest/gtest.h>

#include "common/auth/judgement.hpp"
#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using tests::enforcing;
using tests::MessageEvidence;
using tests::monitoring;
using tests::trace_holds;

TEST(JudgementAuthors, UnusableAuthorIsPermerrorAndNeverPasses) {
    for (const auto status :
         {mail::AuthorStatus::missing, mail::AuthorStatus::multiple_fields, mail::AuthorStatus::malformed,
          mail::AuthorStatus::no_domain, mail::AuthorStatus::too_many_domains}) {
        auto message = MessageEvidence().policy("v=DMARC1; p=reject").spf(SpfResult::pass, "example.com");
        message.get().author_status = status;
        message.get().author_reason = "seen \x01 there";
        const auto judgement = judge(message, enforcing());
        EXPECT_EQ(judgement.result, DmarcResult::permerror);
        EXPECT_EQ(judgement.action, Action::reject);
        EXPECT_EQ(judgement.disposition, Disposition::reject);
        EXPECT_EQ(judgement.requested, Policy::none);
        EXPECT_TRUE(judgement.domains.empty());
        ASSERT_EQ(judgement.overrides.size(), 1U);
        EXPECT_EQ(judgement.overrides[0].type, OverrideType::local_policy);
        EXPECT_NE(judgement.overrides[0].comment.find(mail::to_string(status)), std::string::npos);
        EXPECT_NE(judgement.overrides[0].comment.find("(seen ? there)"), std::string::npos);
    }
}

TEST(JudgementAuthors, OnMalformedFromDecidesAboutAnUnusableAuthor) {
    struct Row {
        config::OnMalformedFrom setting;
        config::OnQuarantine on_quarantine;
        Action action;
        Disposition disposition;
    };
    const std::vector<Row> table = {
        {config::OnMalformedFrom::reject, config::OnQuarantine::tag, Action::reject, Disposition::reject},
        {config::OnMalformedFrom::quarantine, config::OnQuarantine::tag, Action::tag,
         Disposition::quarantine},
        {config::OnMalformedFrom::quarantine, config::OnQuarantine::hold, Action::hold,
         Disposition::quarantine},
        {config::OnMalformedFrom::quarantine, config::OnQuarantine::reject, Action::reject,
         Disposition::reject},
        {config::OnMalformedFrom::quarantine, config::OnQuarantine::accept, Action::accept,
         Disposition::none},
        {config::OnMalformedFrom::tag, config::OnQuarantine::hold, Action::tag, Disposition::quarantine},
        {config::OnMalformedFrom::accept, config::OnQuarantine::hold, Action::accept, Disposition::none},
    };
    MessageEvidence message;
    message.get().author_status = mail::AuthorStatus::missing;
    for (const auto& row : table) {
        auto settings = enforcing();
        settings.policy.on_malformed_from = row.setting;
        settings.policy.on_quarantine = row.on_quarantine;
        const auto judgement = judge(message, settings);
        EXPECT_EQ(judgement.action, row.action);
        EXPECT_EQ(judgement.disposition, row.disposition);
        ASSERT_EQ(judgement.overrides.size(), 1U) << "never silently accepted";
        settings.policy.mode = config::PolicyMode::monitor;
        const auto watched = judge(message, settings);
        EXPECT_EQ(watched.result, DmarcResult::permerror);
        EXPECT_EQ(watched.action, Action::accept);
        EXPECT_EQ(watched.disposition, Disposition::none);
        EXPECT_EQ(watched.overrides[0], judgement.overrides[0]);
    }
}

struct SeveralRow {
    std::string name;
    MessageEvidence message;
    std::string deciding;
    DmarcResult result;
    Action action;
};

TEST(JudgementAuthors, StrictestFailingAuthorDomainDecides) {
    const std::string reject = "v=DMARC1; p=reject";
    const std::string quarantine = "v=DMARC1; p=quarantine";
    const std::string none = "v=DMARC1; p=none";
    auto settings = enforcing();
    settings.policy.on_temperror = config::OnTemperror::tempfail;
    const auto of = [](const std::string& first, const std::string& second) {
        return MessageEvidence().policy(first, "one.example").policy(second, "two.example");
    };
    const auto passing = [](MessageEvidence message, const std::string& domain) {
        return message.dkim(DkimResult::pass, domain);
    };
    const std::vector<SeveralRow> table = {
        {"both fail", of(none, reject), "two.example", DmarcResult::fail, Action::reject},
        {"both fail, other order", of(reject, quarantine), "one.example", DmarcResult::fail, Action::reject},
        {"alike: the first", of(quarantine, quarantine), "one.example", DmarcResult::fail, Action::tag},
        {"the stricter passes", passing(of(quarantine, reject), "two.example"), "one.example",
         DmarcResult::fail, Action::tag},
        {"the milder passes", passing(of(quarantine, reject), "one.example"), "two.example",
         DmarcResult::fail, Action::reject},
        {"a failure that asks for nothing is a failure all the same",
         passing(of(none, reject), "two.example"), "one.example", DmarcResult::fail, Action::accept},
        {"both pass", passing(passing(of(none, reject), "one.example"), "two.example"), "two.example",
         DmarcResult::pass, Action::accept},
        {"pass beside no policy is no pass",
         MessageEvidence()
             .no_policy("one.example")
             .policy(reject, "two.example")
             .dkim(DkimResult::pass, "two.example"),
         "one.example", DmarcResult::none, Action::accept},
        {"failure beside no policy", MessageEvidence().no_policy("one.example").policy(reject, "two.example"),
         "two.example", DmarcResult::fail, Action::reject},
        {"temperror beside a pass",
         MessageEvidence()
             .policy_temperror("one.example")
             .policy(reject, "two.example")
             .dkim(DkimResult::pass, "two.example"),
         "one.example", DmarcResult::temperror, Action::tempfail},
        {"temperror beside a failure that asks for nothing",
         MessageEvidence().policy(none, "one.example").policy_temperror("two.example"), "two.example",
         DmarcResult::temperror, Action::tempfail},
        {"temperror beside a failure that is acted on",
         MessageEvidence().policy_temperror("one.example").policy(quarantine, "two.example"), "two.example",
         DmarcResult::fail, Action::tag},
    };
    for (const auto& row : table) {
        const auto judgement = judge(row.message, settings);
        ASSERT_EQ(judgement.domains.size(), 2U) << row.name;
        EXPECT_EQ(judgement.domains[judgement.deciding].author_domain, row.deciding) << row.name;
        EXPECT_EQ(judgement.result, row.result) << row.name;
        EXPECT_EQ(judgement.action, row.action) << row.name;
        EXPECT_EQ(judgement.requested, judgement.domains[judgement.deciding].requested) << row.name;
        EXPECT_EQ(judgement.overrides, judgement.domains[judgement.deciding].overrides) << row.name;
        EXPECT_TRUE(trace_holds(judgement, "RFC 7489 6.6.1", row.deciding + " decides")) << row.name;
    }
}

TEST(JudgementAuthors, EachAuthorDomainIsRecordedByItsOwnPolicy) {
    const auto judgement = judge(MessageEvidence()
                                     .policy("v=DMARC1; p=reject", "one.example")
                                     .policy("v=DMARC1; p=quarantine; pct=0", "two.example")
                                     .policy("v=DMARC1; p=none", "three.example")
                                     .dkim(DkimResult::pass, "three.example"),
                                 enforcing());
    ASSERT_EQ(judgement.domains.size(), 3U);
    EXPECT_EQ(judgement.domains[0].disposition, Disposition::reject);
    EXPECT_EQ(judgement.domains[1].disposition, Disposition::none);
    EXPECT_EQ(judgement.domains[1].overrides,
              (std::vector<OverrideApplied>{{OverrideType::sampled_out, "pct=0"}}));
    EXPECT_EQ(judgement.domains[2].result, DmarcResult::pass);
    EXPECT_TRUE(judgement.domains[2].dkim_aligned);
    EXPECT_FALSE(judgement.domains[0].dkim_aligned);
}

TEST(JudgementAuthors, OverriddenDomainDoesNotHideAnother) {
    auto settings = enforcing();
    config::PolicyOverride entry;
    entry.author_domains = {DomainName::parse("one.example").value()};
    entry.action = config::OverrideAction::accept;
    settings.policy.overrides = {entry};
    const auto judgement = judge(MessageEvidence()
                                     .policy("v=DMARC1; p=reject", "one.example")
                                     .policy("v=DMARC1; p=quarantine", "two.example"),
                                 settings);
    EXPECT_EQ(judgement.deciding, 1U);
    EXPECT_EQ(judgement.action, Action::tag);
    EXPECT_EQ(judgement.domains[0].disposition, Disposition::none);
}

TEST(JudgementAuthors, MonitorModeChangesNothingButTheDeed) {
    const auto message = MessageEvidence()
                             .policy("v=DMARC1; p=quarantine", "one.example")
                             .policy("v=DMARC1; p=reject; pct=50", "two.example")
                             .draw(10);
    const auto enforced = judge(message, enforcing());
    const auto watched = judge(message, monitoring());
    EXPECT_EQ(enforced.action, Action::reject);
    EXPECT_EQ(watched.action, Action::accept);
    EXPECT_EQ(watched.disposition, Disposition::none);
    EXPECT_EQ(watched.result, enforced.result);
    EXPECT_EQ(watched.deciding, enforced.deciding);
    EXPECT_EQ(watched.requested, enforced.requested);
    EXPECT_EQ(watched.domains[0].disposition, Disposition::none);
    EXPECT_TRUE(trace_holds(watched, "policy.mode", "enforce would have given reject"));
}

}  // namespace
}  // namespace defender::auth
