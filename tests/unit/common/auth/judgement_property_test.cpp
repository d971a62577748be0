// What holds for every message: random evidence under random settings, compared with the rules written down
// anew in the plainest way.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/auth/judgement.hpp"
#include "tests/support/message_evidence.hpp"

namespace defender::auth {
namespace {

using tests::MessageEvidence;

const std::vector<std::string> domains = {"example.com", "a.example.com", "b.example.com", "example.org",
                                          "com"};

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(engine_); }
    bool one_in(unsigned n) { return below(n) == 0; }
    template <typename T>
    T any(unsigned count) {
        return static_cast<T>(below(count));
    }
    const std::string& domain() { return domains[below(static_cast<unsigned>(domains.size()))]; }

  private:
    std::mt19937_64 engine_;
};

std::string random_record(Dice& dice) {
    const std::vector<std::string> policies = {"none", "quarantine", "reject"};
    std::string record = "v=DMARC1; p=" + policies[dice.below(3)];
    if (dice.one_in(2)) record += "; sp=" + policies[dice.below(3)];
    if (dice.one_in(3)) record += "; aspf=s";
    if (dice.one_in(3)) record += "; adkim=s";
    if (dice.one_in(3)) record += "; pct=" + std::to_string(dice.below(101));
    return record;
}

void add_policy(MessageEvidence& message, Dice& dice, const std::string& author) {
    switch (dice.below(4)) {
        case 0:
            message.no_policy(author);
            break;
        case 1:
            message.policy_temperror(author);
            break;
        default:
            message.policy(random_record(dice), author,
                           dice.one_in(2) ? tests::last_two_labels(author) : author);
    }
}

MessageEvidence random_message(Dice& dice) {
    MessageEvidence message;
    message.draw(dice.below(100));
    for (unsigned i = dice.below(3); i > 0; --i) {
        message.spf(dice.any<SpfResult>(7), dice.one_in(8) ? "" : dice.domain(), dice.any<SpfScope>(2));
    }
    for (unsigned i = dice.below(4); i > 0; --i) {
        auto& added = message.dkim(dice.any<DkimResult>(6), dice.domain()).get().dkim.back();
        added.testing = dice.one_in(5);
        added.verified = !dice.one_in(6);
        if (dice.one_in(4)) added.unsigned_octets = dice.below(3);
    }
    auto authors = domains;
    for (unsigned i = 1 + dice.below(3); i > 0; --i) {
        const auto at = authors.begin() + dice.below(static_cast<unsigned>(authors.size()));
        add_policy(message, dice, *at);
        authors.erase(at);
    }
    if (dice.one_in(10)) message.get().author_status = dice.any<mail::AuthorStatus>(6);
    message.get().client.authenticated = dice.one_in(10);
    return message;
}

JudgeSettings random_settings(Dice& dice) {
    auto settings = tests::enforcing();
    settings.partial_body = dice.any<config::PartialBody>(2);
    settings.policy.on_reject = dice.any<config::OnReject>(4);
    settings.policy.on_quarantine = dice.any<config::OnQuarantine>(4);
    settings.policy.on_temperror = dice.any<config::OnTemperror>(2);
    settings.policy.on_malformed_from = dice.any<config::OnMalformedFrom>(4);
    settings.trust.authenticated = dice.one_in(2);
    if (dice.one_in(3)) {
        auto& entry = settings.policy.overrides.emplace_back();
        entry.author_domains = {DomainName::parse(dice.domain()).value()};
        entry.action = dice.any<config::OverrideAction>(4);
        entry.reason = dice.any<config::OverrideReason>(5);
    }
    return settings;
}

bool same_or_related(const std::string& a, const std::string& b, AlignmentMode mode) {
    if (a.empty()) return false;
    return a == b ||
           (mode == AlignmentMode::relaxed && tests::last_two_labels(a) == tests::last_two_labels(b));
}

/// Whether an aligned identifier has that verdict: pass, or temperror.
bool has_aligned(const Evidence& evidence, const PolicyEvidence& policy, config::PartialBody partial_body,
                 SpfResult spf_result, DkimResult dkim_result) {
    for (const auto& spf : evidence.spf) {
        if (spf.scope == SpfScope::mail_from && spf.result == spf_result &&
            same_or_related(spf.domain, policy.author_domain, policy.record.spf_alignment)) {
            return true;
        }
    }
    for (const auto& dkim : evidence.dkim) {
        const bool partial = dkim.unsigned_octets && *dkim.unsigned_octets > 0;
        const bool usable =
            dkim.verified && !dkim.testing && (!partial || partial_body == config::PartialBody::accept);
        if (usable && dkim.result == dkim_result &&
            same_or_related(dkim.domain, policy.author_domain, policy.record.dkim_alignment)) {
            return true;
        }
    }
    return false;
}

DmarcResult expected_result(const Evidence& evidence, const PolicyEvidence& policy,
                            config::PartialBody partial_body) {
    if (policy.outcome == PolicyOutcome::none) return DmarcResult::none;
    if (policy.outcome == PolicyOutcome::temperror) return DmarcResult::temperror;
    if (has_aligned(evidence, policy, partial_body, SpfResult::pass, DkimResult::pass))
        return DmarcResult::pass;
    const bool unsure =
        has_aligned(evidence, policy, partial_body, SpfResult::temperror, DkimResult::temperror);
    return unsure ? DmarcResult::temperror : DmarcResult::fail;
}

Disposition of_policy(Policy policy) {
    return static_cast<Disposition>(policy);
}

/// Each author domain by itself: the result, and a reason wherever what was done is not what was asked for.
void check_domains(const Evidence& evidence, const Judgement& judgement, const JudgeSettings& settings) {
    ASSERT_EQ(judgement.domains.size(), evidence.policies.size());
    for (std::size_t i = 0; i < judgement.domains.size(); ++i) {
        const auto& domain = judgement.domains[i];
        const auto& policy = evidence.policies[i];
        ASSERT_EQ(domain.author_domain, policy.author_domain);
        ASSERT_EQ(domain.result, expected_result(evidence, policy, settings.partial_body));
        ASSERT_EQ(domain.result == DmarcResult::pass, domain.spf_aligned || domain.dkim_aligned);
        ASSERT_EQ(domain.policy_domain.empty(), policy.outcome != PolicyOutcome::found);
        if (domain.result == DmarcResult::fail) {
            const bool as_asked = domain.disposition == of_policy(domain.requested);
            ASSERT_TRUE(as_asked || !domain.overrides.empty());
        } else {
            ASSERT_EQ(domain.disposition, Disposition::none);
            ASSERT_TRUE(domain.overrides.empty());
        }
    }
}

/// The message as a whole against its author domains.
void check_whole(const Judgement& judgement) {
    const auto all = [&](auto&& holds) {
        return std::all_of(judgement.domains.begin(), judgement.domains.end(), holds);
    };
    ASSERT_LT(judgement.deciding, judgement.domains.size());
    const auto& deciding = judgement.domains[judgement.deciding];
    ASSERT_EQ(judgement.result, deciding.result);
    ASSERT_EQ(judgement.requested, deciding.requested);
    ASSERT_EQ(judgement.disposition, deciding.disposition);
    ASSERT_EQ(judgement.overrides, deciding.overrides);
    ASSERT_TRUE(
        all([&](const DomainJudgement& domain) { return domain.disposition <= judgement.disposition; }));
    ASSERT_EQ(judgement.result == DmarcResult::pass,
              all([](const DomainJudgement& domain) { return domain.result == DmarcResult::pass; }));
    if (judgement.result != DmarcResult::fail) {
        ASSERT_TRUE(judgement.action == Action::accept || judgement.action == Action::tempfail);
        ASSERT_EQ(judgement.action == Action::tempfail && judgement.result != DmarcResult::temperror, false);
    }
}

/// Monitor mode is the same judgement without the deed.
void check_monitor(const Evidence& evidence, const Judgement& enforced, JudgeSettings settings) {
    settings.policy.mode = config::PolicyMode::monitor;
    const auto watched = judge(evidence, settings);
    ASSERT_EQ(watched.action, Action::accept);
    ASSERT_EQ(watched.disposition, Disposition::none);
    ASSERT_EQ(watched.result, enforced.result);
    ASSERT_EQ(watched.requested, enforced.requested);
    ASSERT_EQ(watched.deciding, enforced.deciding);
    ASSERT_EQ(watched.exemption, enforced.exemption);
    for (const auto& domain : watched.domains) ASSERT_EQ(domain.disposition, Disposition::none);
}

void check_one(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const Evidence evidence = random_message(dice);
    const auto settings = random_settings(dice);
    const auto judgement = judge(evidence, settings);
    ASSERT_FALSE(judgement.trace.empty());
    ASSERT_EQ(judgement.exemption, exemption_of(evidence.client, settings.trust));
    check_monitor(evidence, judgement, settings);
    if (judgement.exemption != Exemption::no) {
        ASSERT_EQ(judgement.action, Action::accept);
    } else if (evidence.author_status != mail::AuthorStatus::ok) {
        ASSERT_EQ(judgement.result, DmarcResult::permerror);
        ASSERT_FALSE(judgement.overrides.empty());
    } else {
        check_domains(evidence, judgement, settings);
        if (!::testing::Test::HasFatalFailure()) check_whole(judgement);
    }
}

TEST(JudgementProperty, RandomMessagesAreJudgedByTheRules) {
    const std::uint64_t first = std::random_device{}();
    std::cout << "seeds from " << first << "\n";
    for (std::uint64_t i = 0; i < 4000 && !HasFatalFailure(); ++i) check_one(first + i);
}

}  // namespace
}  // namespace defender::auth
