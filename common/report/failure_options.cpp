#include "common/report/failure_options.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "common/auth/applied_policy.hpp"
#include "common/base/text.hpp"

namespace defender::report {
namespace {

bool has_option(const auth::DmarcRecord& record, std::string_view option) {
    const auto options = text::split(record.failure_options, ':');
    return std::any_of(options.begin(), options.end(),
                       [option](std::string_view given) { return text::iequals(text::trim(given), option); });
}

bool a_signature_failed(const auth::Evidence& evidence) {
    return std::any_of(evidence.dkim.begin(), evidence.dkim.end(),
                       [](const auto& dkim) { return dkim.result == auth::DkimResult::fail; });
}

bool spf_failed(const auth::Evidence& evidence) {
    return std::any_of(evidence.spf.begin(), evidence.spf.end(), [](const auto& spf) {
        return spf.scope == auth::SpfScope::mail_from &&
               (spf.result == auth::SpfResult::fail || spf.result == auth::SpfResult::softfail);
    });
}

std::optional<FailureKind> kind_asked_for(const auth::DmarcRecord& record, const auth::Evidence& evidence,
                                          const auth::DomainJudgement& domain) {
    const bool none_passed = !domain.spf_aligned && !domain.dkim_aligned;
    const bool all_passed = domain.spf_aligned && domain.dkim_aligned;
    if (has_option(record, "0") && none_passed) return FailureKind::dmarc;
    if (has_option(record, "1") && !all_passed) return FailureKind::dmarc;
    if (has_option(record, "d") && a_signature_failed(evidence)) return FailureKind::dkim;
    if (has_option(record, "s") && spf_failed(evidence)) return FailureKind::spf;
    return std::nullopt;
}

bool may_be_reported(const auth::Evidence& evidence, const auth::Judgement& judgement) {
    return judgement.exemption == auth::Exemption::no && !evidence.own_report_mail &&
           !evidence.mail_from.empty();
}

bool has_verdict(const auth::DomainJudgement& domain) {
    return domain.result == auth::DmarcResult::pass || domain.result == auth::DmarcResult::fail;
}

}  // namespace

std::vector<FailureAsked> failures_asked_for(const auth::Evidence& evidence,
                                             const auth::Judgement& judgement) {
    std::vector<FailureAsked> asked;
    if (!may_be_reported(evidence, judgement)) return asked;
    for (std::size_t i = 0; i < judgement.domains.size(); ++i) {
        const auto& domain = judgement.domains[i];
        auto policy = auth::applied_policy(evidence, domain);
        if (!policy || policy->record.failure_uris.empty() || !has_verdict(domain)) continue;
        const bool again = std::any_of(asked.begin(), asked.end(), [&policy](const auto& earlier) {
            return earlier.policy.policy_domain == policy->policy_domain;
        });
        const auto kind = kind_asked_for(policy->record, evidence, domain);
        if (kind && !again) asked.push_back({i, *kind, std::move(*policy)});
    }
    return asked;
}

}  // namespace defender::report
