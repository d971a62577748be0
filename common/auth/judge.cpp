#include <algorithm>
#include <tuple>
#include <utility>

#include "common/auth/applied_policy.hpp"
#include "common/auth/citations.hpp"
#include "common/auth/domain_judgement.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/policy_action.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_reason = 256;

/// One author domain with what enforce mode does about it.
struct Candidate {
    DomainJudgement domain;
    PolicyAction action;
};

/// The stricter, the higher. A temporary error stands between a failure that is acted on and one that is not:
/// it may hide a policy, but what failed for certain is not let off for it. A pass comes last, so that the
/// message passes only where every author domain does.
int severity(const Candidate& candidate) noexcept {
    switch (candidate.domain.result) {
        case DmarcResult::pass:
            return 0;
        case DmarcResult::none:
            return 1;
        case DmarcResult::fail:
            break;
        case DmarcResult::temperror:
        case DmarcResult::permerror:
            return 3;
    }
    switch (candidate.action.disposition) {
        case Disposition::none:
            return 2;
        case Disposition::quarantine:
            return 4;
        case Disposition::reject:
            return 5;
    }
    return 2;
}

bool milder(const Candidate& a, const Candidate& b) noexcept {
    return std::tuple(severity(a), a.action.action, a.domain.requested) <
           std::tuple(severity(b), b.action.action, b.domain.requested);
}

std::string malformed_reason(const Evidence& evidence) {
    std::string reason = "no usable author: " + std::string(mail::to_string(evidence.author_status));
    if (!evidence.author_reason.empty())
        reason += " (" + text::printable(evidence.author_reason, max_reason) + ")";
    return reason;
}

std::string_view setting_of(Exemption exemption) noexcept {
    switch (exemption) {
        case Exemption::trusted_network:
            return "trust.networks";
        case Exemption::authenticated:
            return "trust.authenticated";
        case Exemption::local_client:
        case Exemption::no:
            break;
    }
    return "trust";
}

Judgement exempt(Exemption exemption, const ClientEvidence& client) {
    Judgement judgement;
    judgement.exemption = exemption;
    const std::string who = client.local ? "local client" : "client " + client.address.to_string();
    judgement.trace.push_back({std::string(setting_of(exemption)),
                               who + ": not judged (" + std::string(to_string(exemption)) + ")"});
    return judgement;
}

/// Puts what is done about the message as a whole into the judgement, as the mode has it.
void finish(Judgement& judgement, PolicyAction action, const JudgeSettings& settings) {
    if (settings.policy.mode == config::PolicyMode::monitor) only_monitor(action, judgement.trace);
    judgement.action = action.action;
    judgement.disposition = action.disposition;
    judgement.overrides = std::move(action.overrides);
}

Judgement judge_malformed(const Evidence& evidence, const JudgeSettings& settings) {
    Judgement judgement;
    judgement.result = DmarcResult::permerror;
    const auto reason = malformed_reason(evidence);
    judgement.trace.push_back(
        {std::string(citations(settings.standard).author), reason + ": no DMARC pass is possible"});
    auto action = apply_on_malformed_from(settings.policy, reason, judgement.trace);
    finish(judgement, std::move(action), settings);
    return judgement;
}

/// An author but no answer about any policy: nobody looked, which is no proof that there is none.
Judgement judge_without_policies(const JudgeSettings& settings) {
    Judgement judgement;
    judgement.result = DmarcResult::temperror;
    judgement.trace.push_back(
        {std::string(citations(settings.standard).discovery), "dmarc=temperror: no policy look-up was made"});
    auto action = apply_on_temperror(settings.policy, judgement.trace);
    finish(judgement, std::move(action), settings);
    return judgement;
}

std::vector<Candidate> judge_domains(const Evidence& evidence, const JudgeSettings& settings,
                                     std::vector<TraceStep>& trace) {
    std::vector<Candidate> candidates;
    for (const auto& author : evidence.policies) {
        const auto policy = policy_by(discovery_of(settings.standard), author, evidence);
        auto domain = judge_author_domain(policy, evidence, settings, trace);
        auto action = apply_policy(domain, policy, evidence, settings, trace);
        candidates.push_back({std::move(domain), std::move(action)});
    }
    return candidates;
}

/// Records what each domain's own policy came to, which for all but the deciding one is not what the message
/// met.
void keep_domains(Judgement& judgement, const std::vector<Candidate>& candidates,
                  const JudgeSettings& settings) {
    for (const auto& candidate : candidates) {
        auto action = candidate.action;
        std::vector<TraceStep> said_once_for_the_message;
        if (settings.policy.mode == config::PolicyMode::monitor)
            only_monitor(action, said_once_for_the_message);
        auto& domain = judgement.domains.emplace_back(candidate.domain);
        domain.disposition = action.disposition;
        domain.overrides = std::move(action.overrides);
    }
}

void decide(Judgement& judgement, std::vector<Candidate> candidates, const JudgeSettings& settings) {
    keep_domains(judgement, candidates, settings);
    const auto deciding = std::max_element(candidates.begin(), candidates.end(), milder);
    judgement.deciding = static_cast<std::size_t>(deciding - candidates.begin());
    judgement.result = deciding->domain.result;
    judgement.requested = deciding->domain.requested;
    if (candidates.size() > 1) {
        judgement.trace.push_back({std::string(citations(settings.standard).author),
                                   "of " + std::to_string(candidates.size()) + " author domains " +
                                       deciding->domain.author_domain +
                                       " decides: the strictest that does not pass"});
    }
    finish(judgement, std::move(deciding->action), settings);
}

}  // namespace

JudgeSettings judge_settings(const config::Settings& settings) {
    return {settings.dmarc.standard, settings.dkim.partial_body, settings.policy, settings.indirect,
            settings.trust};
}

Exemption exemption_of(const ClientEvidence& client, const config::TrustSettings& trust) {
    if (client.local) return Exemption::local_client;
    const bool trusted =
        std::any_of(trust.networks.begin(), trust.networks.end(),
                    [&](const IpNetwork& network) { return network.contains(client.address); });
    if (trusted) return Exemption::trusted_network;
    return client.authenticated && trust.authenticated ? Exemption::authenticated : Exemption::no;
}

Judgement judge(const Evidence& evidence, const JudgeSettings& settings) {
    const auto exemption = exemption_of(evidence.client, settings.trust);
    if (exemption != Exemption::no) return exempt(exemption, evidence.client);
    if (evidence.author_status != mail::AuthorStatus::ok) return judge_malformed(evidence, settings);
    if (evidence.policies.empty()) return judge_without_policies(settings);
    Judgement judgement;
    auto candidates = judge_domains(evidence, settings, judgement.trace);
    decide(judgement, std::move(candidates), settings);
    return judgement;
}

}  // namespace defender::auth
