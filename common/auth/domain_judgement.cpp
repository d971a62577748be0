#include "common/auth/domain_judgement.hpp"

#include "common/auth/alignment.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_quoted = 256;

std::string quoted(std::string_view from_outside) {
    return text::printable(from_outside, max_quoted);
}

/// What one identifier contributes.
struct Finding {
    bool aligned_pass = false;
    bool aligned_temperror = false;
};

/// What all of them come to.
struct Findings {
    bool spf_aligned = false;
    bool dkim_aligned = false;
    bool aligned_temperror = false;
};

std::string alignment_text(const Identifier& authenticated, const Identifier& author, AlignmentMode mode) {
    const std::string how = std::string(to_string(mode)) + " alignment";
    if (!aligned(authenticated, author, mode)) return "not aligned (" + how + ")";
    if (authenticated.domain == author.domain) return "aligned: the same domain (" + how + ")";
    return "aligned: the same organizational domain " + std::string(author.organizational_domain) + " (" +
           how + ")";
}

Finding examine(const SpfEvidence& spf, const PolicyEvidence& policy, std::vector<TraceStep>& trace) {
    const bool mail_from = spf.scope == SpfScope::mail_from;
    std::string said = "SPF " + std::string(to_string(spf.result)) + " for " +
                       (mail_from ? "MAIL FROM " : "HELO ") + quoted(spf.domain);
    if (!spf.reason.empty()) said += " (" + quoted(spf.reason) + ")";
    if (!mail_from) {
        trace.push_back({"RFC 7489 4.1", said + ": a HELO identity never aligns"});
        return {};
    }
    const auto mode = policy.record.spf_alignment;
    const bool aligns = aligned(identifier(spf), identifier(policy), mode);
    trace.push_back(
        {"RFC 7489 3.1.2", said + ": " + alignment_text(identifier(spf), identifier(policy), mode)});
    return {aligns && authenticates(spf), aligns && might_authenticate(spf)};
}

std::string why_barred(const DkimEvidence& dkim, config::PartialBody partial_body) {
    if (dkim.result != DkimResult::pass || authenticates(dkim, partial_body)) return {};
    if (dkim.testing) return "; makes no identifier: the key is in testing";
    return "; makes no identifier: " + std::to_string(dkim.unsigned_octets.value_or(0)) +
           " octets of the body are not signed (dkim.partial_body)";
}

Finding examine(const DkimEvidence& dkim, const PolicyEvidence& policy, config::PartialBody partial_body,
                std::vector<TraceStep>& trace) {
    std::string said = "DKIM " + std::string(to_string(dkim.result)) + " for " + quoted(dkim.domain) +
                       ", selector " + quoted(dkim.selector);
    if (!dkim.reason.empty()) said += " (" + quoted(dkim.reason) + ")";
    const auto mode = policy.record.dkim_alignment;
    const bool aligns = aligned(identifier(dkim), identifier(policy), mode);
    trace.push_back({"RFC 7489 3.1.1", said + ": " +
                                           alignment_text(identifier(dkim), identifier(policy), mode) +
                                           why_barred(dkim, partial_body)});
    return {aligns && authenticates(dkim, partial_body), aligns && might_authenticate(dkim, partial_body)};
}

void examine_spf(Findings& findings, const PolicyEvidence& policy, const Evidence& evidence,
                 std::vector<TraceStep>& trace) {
    for (const auto& spf : evidence.spf) {
        const auto finding = examine(spf, policy, trace);
        findings.spf_aligned |= finding.aligned_pass;
        findings.aligned_temperror |= finding.aligned_temperror;
    }
}

void examine_dkim(Findings& findings, const PolicyEvidence& policy, const Evidence& evidence,
                  config::PartialBody partial_body, std::vector<TraceStep>& trace) {
    std::size_t over_limit = 0;
    for (const auto& dkim : evidence.dkim) {
        if (!dkim.verified) {
            ++over_limit;
            continue;
        }
        const auto finding = examine(dkim, policy, partial_body, trace);
        findings.dkim_aligned |= finding.aligned_pass;
        findings.aligned_temperror |= finding.aligned_temperror;
    }
    if (evidence.dkim.empty()) trace.push_back({"RFC 7489 3.1.1", "no DKIM signature"});
    if (over_limit > 0) {
        trace.push_back(
            {"dkim.max_signatures", std::to_string(over_limit) + " more signatures were not looked at"});
    }
}

/// p for the domain that publishes the record, sp for those below it (RFC 7489 section 6.3).
void find_requested(DomainJudgement& domain, const PolicyEvidence& policy, std::vector<TraceStep>& trace) {
    const bool subdomain = policy.author_domain != policy.policy_domain;
    const bool by_sp = subdomain && policy.record.subdomain_policy.has_value();
    domain.policy_domain = policy.policy_domain;
    domain.requested = by_sp ? *policy.record.subdomain_policy : policy.record.policy;
    trace.push_back({"RFC 7489 6.6.3",
                     "policy found at _dmarc." + policy.policy_domain + ": " + quoted(policy.record_text)});
    trace.push_back({"RFC 7489 6.3", std::string(by_sp ? "sp" : "p") + " asks for " +
                                         std::string(to_string(domain.requested)) +
                                         " where a message fails"});
}

void trace_no_policy(const PolicyEvidence& policy, std::vector<TraceStep>& trace) {
    std::string said = "dmarc=none: no policy at _dmarc." + policy.author_domain;
    if (policy.organizational_domain != policy.author_domain)
        said += " or _dmarc." + policy.organizational_domain;
    if (!policy.failure.empty()) said += " (" + quoted(policy.failure) + ")";
    trace.push_back({"RFC 7489 6.6.3", said});
}

/// Step 5, once a policy is known.
void conclude(DomainJudgement& domain, const Findings& findings, std::vector<TraceStep>& trace) {
    domain.spf_aligned = findings.spf_aligned;
    domain.dkim_aligned = findings.dkim_aligned;
    std::string said;
    if (findings.spf_aligned || findings.dkim_aligned) {
        domain.result = DmarcResult::pass;
        said = findings.spf_aligned ? "by SPF" : "by DKIM";
        if (findings.spf_aligned && findings.dkim_aligned) said = "by SPF and DKIM";
    } else if (findings.aligned_temperror) {
        domain.result = DmarcResult::temperror;
        said = "nothing aligned passed, but a temporary error may have hidden it";
    } else {
        domain.result = DmarcResult::fail;
        said = "no aligned identifier passed";
    }
    trace.push_back({"RFC 7489 6.6.2", "dmarc=" + std::string(to_string(domain.result)) + ": " + said});
}

}  // namespace

DomainJudgement judge_author_domain(const PolicyEvidence& policy, const Evidence& evidence,
                                    config::PartialBody partial_body, std::vector<TraceStep>& trace) {
    DomainJudgement domain;
    Findings findings;
    domain.author_domain = policy.author_domain;
    trace.push_back({"RFC 7489 6.6.1", "author domain " + policy.author_domain});
    if (policy.outcome == PolicyOutcome::found) find_requested(domain, policy, trace);
    examine_spf(findings, policy, evidence, trace);
    examine_dkim(findings, policy, evidence, partial_body, trace);
    switch (policy.outcome) {
        case PolicyOutcome::found:
            conclude(domain, findings, trace);
            break;
        case PolicyOutcome::none:
            trace_no_policy(policy, trace);
            break;
        case PolicyOutcome::temperror:
            domain.result = DmarcResult::temperror;
            trace.push_back(
                {"RFC 7489 6.6.3", "dmarc=temperror: policy look-up failed: " + quoted(policy.failure)});
            break;
    }
    return domain;
}

}  // namespace defender::auth
