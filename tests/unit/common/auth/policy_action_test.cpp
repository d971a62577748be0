#include "common/auth/policy_action.hpp"

#include <gtest/gtest.h>

#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using config::OnQuarantine;
using config::OnReject;
using tests::enforcing;
using tests::MessageEvidence;
using tests::monitoring;
using Overrides = std::vector<OverrideApplied>;

Judgement judge_failure(const std::string& record, const JudgeSettings& settings, unsigned draw = 0) {
    const auto judgement =
        judge(MessageEvidence().policy(record).spf(SpfResult::fail, "example.com").draw(draw), settings);
    EXPECT_EQ(judgement.result, DmarcResult::fail);
    return judgement;
}

struct Row {
    std::string policy;
    OnReject on_reject;
    OnQuarantine on_quarantine;
    Action action;
    Disposition disposition;
    std::string local_policy;  ///< comment; empty: no such reason
};

TEST(PolicyAction, DispositionSaysWhatWasDoneAndGivesAReasonWhereThatIsNotThePolicy) {
    const std::vector<Row> table = {
        {"none", OnReject::reject, OnQuarantine::tag, Action::accept, Disposition::none, ""},
        {"quarantine", OnReject::reject, OnQuarantine::tag, Action::tag, Disposition::quarantine, ""},
        {"quarantine", OnReject::reject, OnQuarantine::hold, Action::hold, Disposition::quarantine, ""},
        {"quarantine", OnReject::accept, OnQuarantine::reject, Action::reject, Disposition::reject,
         "policy.on_quarantine = reject"},
        {"quarantine", OnReject::reject, OnQuarantine::accept, Action::accept, Disposition::none,
         "policy.on_quarantine = accept"},
        {"reject", OnReject::reject, OnQuarantine::accept, Action::reject, Disposition::reject, ""},
        {"reject", OnReject::tag, OnQuarantine::hold, Action::tag, Disposition::quarantine,
         "policy.on_reject = tag"},
        {"reject", OnReject::accept, OnQuarantine::hold, Action::accept, Disposition::none,
         "policy.on_reject = accept"},
        {"reject", OnReject::quarantine, OnQuarantine::hold, Action::hold, Disposition::quarantine,
         "policy.on_reject = quarantine, policy.on_quarantine = hold"},
        {"reject", OnReject::quarantine, OnQuarantine::tag, Action::tag, Disposition::quarantine,
         "policy.on_reject = quarantine, policy.on_quarantine = tag"},
        {"reject", OnReject::quarantine, OnQuarantine::accept, Action::accept, Disposition::none,
         "policy.on_reject = quarantine, policy.on_quarantine = accept"},
        {"reject", OnReject::quarantine, OnQuarantine::reject, Action::reject, Disposition::reject, ""},
    };
    for (const auto& row : table) {
        auto settings = enforcing();
        settings.policy.on_reject = row.on_reject;
        settings.policy.on_quarantine = row.on_quarantine;
        const auto judgement = judge_failure("v=DMARC1; p=" + row.policy, settings);
        const auto expected = row.local_policy.empty()
                                  ? Overrides{}
                                  : Overrides{{OverrideType::local_policy, row.local_policy}};
        EXPECT_EQ(judgement.action, row.action) << row.policy << " " << row.local_policy;
        EXPECT_EQ(judgement.disposition, row.disposition) << row.policy << " " << row.local_policy;
        EXPECT_EQ(judgement.overrides, expected) << row.policy << " " << row.local_policy;
        EXPECT_EQ(to_string(judgement.requested), row.policy);
        EXPECT_EQ(judgement.domains[0].disposition, row.disposition);
        EXPECT_EQ(judgement.domains[0].overrides, expected);
    }
}

TEST(PolicyAction, QuarantineDependsOnNoOtherSetting) {
    for (const auto on_reject : {OnReject::reject, OnReject::quarantine, OnReject::tag, OnReject::accept}) {
        auto settings = enforcing();
        settings.policy.on_reject = on_reject;
        const auto judgement = judge_failure("v=DMARC1; p=quarantine", settings);
        EXPECT_EQ(judgement.action, Action::tag);
        EXPECT_EQ(judgement.disposition, Disposition::quarantine);
    }
}

TEST(PolicyAction, RejectNotSampledIsQuarantinedAndQuarantineNotSampledIsLeftAlone) {
    struct Sample {
        std::string policy;
        unsigned percent;
        unsigned draw;
        Disposition disposition;
    };
    const std::vector<Sample> table = {
        {"reject", 0, 0, Disposition::quarantine},
        {"reject", 0, 99, Disposition::quarantine},
        {"reject", 1, 0, Disposition::reject},
        {"reject", 1, 1, Disposition::quarantine},
        {"reject", 50, 49, Disposition::reject},
        {"reject", 50, 50, Disposition::quarantine},
        {"reject", 99, 98, Disposition::reject},
        {"reject", 99, 99, Disposition::quarantine},
        {"reject", 100, 99, Disposition::reject},
        {"quarantine", 0, 0, Disposition::none},
        {"quarantine", 50, 49, Disposition::quarantine},
        {"quarantine", 50, 50, Disposition::none},
        {"quarantine", 100, 99, Disposition::quarantine},
        {"none", 0, 99, Disposition::none},
    };
    for (const auto& row : table) {
        const auto percent = std::to_string(row.percent);
        const auto name = row.policy + " pct=" + percent + " draw=" + std::to_string(row.draw);
        const auto judgement =
            judge_failure("v=DMARC1; p=" + row.policy + "; pct=" + percent, enforcing(), row.draw);
        EXPECT_EQ(judgement.disposition, row.disposition) << name;
        const bool sampled_out = to_string(row.disposition) != row.policy;
        EXPECT_EQ(judgement.overrides,
                  sampled_out ? (Overrides{{OverrideType::sampled_out, "pct=" + percent}}) : Overrides{})
            << name;
        EXPECT_EQ(to_string(judgement.requested), row.policy) << "the policy asked for stays on the record";
    }
}

TEST(PolicyAction, SampledOutRejectFollowsOnQuarantine) {
    auto settings = enforcing();
    settings.policy.on_quarantine = OnQuarantine::hold;
    EXPECT_EQ(judge_failure("v=DMARC1; p=reject; pct=0", settings).action, Action::hold);
    settings.policy.on_quarantine = OnQuarantine::accept;
    const auto judgement = judge_failure("v=DMARC1; p=reject; pct=0", settings);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_EQ(judgement.overrides,
              (Overrides{{OverrideType::sampled_out, "pct=0"},
                         {OverrideType::local_policy, "policy.on_quarantine = accept"}}));
}

TEST(PolicyAction, MonitorModeDoesNothingAndSaysSo) {
    for (const std::string policy : {"quarantine", "reject"}) {
        const auto judgement = judge_failure("v=DMARC1; p=" + policy, monitoring());
        EXPECT_EQ(judgement.action, Action::accept) << policy;
        EXPECT_EQ(judgement.disposition, Disposition::none) << policy;
        EXPECT_EQ(judgement.overrides, (Overrides{{OverrideType::local_policy, "monitor mode"}})) << policy;
        EXPECT_EQ(judgement.domains[0].disposition, Disposition::none) << policy;
        EXPECT_EQ(judgement.domains[0].overrides, judgement.overrides) << policy;
        EXPECT_EQ(to_string(judgement.requested), policy);
    }
    EXPECT_TRUE(judge_failure("v=DMARC1; p=none", monitoring()).overrides.empty())
        << "nothing asked for and nothing done needs no reason";
}

TEST(PolicyAction, MonitorModeOverTempfailNeedsNoReason) {
    auto settings = monitoring();
    settings.policy.on_temperror = config::OnTemperror::tempfail;
    const auto judgement = judge(MessageEvidence().policy_temperror(), settings);
    EXPECT_EQ(judgement.action, Action::accept);
    EXPECT_TRUE(judgement.overrides.empty());
}

TEST(PolicyAction, DispositionFollowsFromTheAction) {
    EXPECT_EQ(disposition_of(Action::accept), Disposition::none);
    EXPECT_EQ(disposition_of(Action::tempfail), Disposition::none);
    EXPECT_EQ(disposition_of(Action::tag), Disposition::quarantine);
    EXPECT_EQ(disposition_of(Action::hold), Disposition::quarantine);
    EXPECT_EQ(disposition_of(Action::reject), Disposition::reject);
}

}  // namespace
}  // namespace defender::auth
