#include "common/auth/domain_judgement.hpp"

#include <utility>

#include "common/auth/alignment.hpp"
#include "common/auth/applied_policy.hpp"
#include "common/auth/citations.hpp"
#include "common/auth/dmarc_tree_walk.hpp"
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

/// What one author domain is judged by.
struct Terms {
    const PolicyEvidence& policy;
    const Evidence& evidence;
    const JudgeSettings& settings;
    const Citations& cite = citations(settings.standard);

    [[nodiscard]] bool by_tree_walk() const { return settings.standard == config::DmarcStandard::rfc9989; }
    [[nodiscard]] bool found() const { return policy.outcome == PolicyOutcome::found; }
};

void add_step(std::vector<TraceStep>& trace, std::string_view rule, std::string text) {
    trace.push_back({std::string(rule), std::move(text)});
}

/// Without a policy no tree walk is made for identifiers (RFC 9989 section 4.10.2).
AlignmentResult align(const Identifier& authenticated, AlignmentMode mode, const Terms& terms) {
    if (terms.by_tree_walk() && !terms.found()) return AlignmentResult::no;
    return alignment(authenticated, terms.policy, mode, terms.evidence, terms.settings.standard);
}

std::string alignment_text(const Identifier& authenticated, AlignmentMode mode, AlignmentResult result,
                           const Terms& terms) {
    const std::string how = " (" + std::string(to_string(mode)) + " alignment)";
    if (terms.by_tree_walk() && !terms.found()) return "alignment is not looked at without a policy";
    switch (result) {
        case AlignmentResult::no:
            return "not aligned" + how;
        case AlignmentResult::not_known:
            return "alignment not known: an organizational domain is not certain" + how;
        case AlignmentResult::yes:
            break;
    }
    if (authenticated.domain == terms.policy.author_domain) return "aligned: the same domain" + how;
    return "aligned: the same organizational domain " + terms.policy.organizational_domain + how;
}

Finding finding_of(AlignmentResult result, bool authenticates, bool might_authenticate) {
    const bool known = result == AlignmentResult::yes;
    const bool unsure = result == AlignmentResult::not_known && authenticates;
    return {known && authenticates, unsure || (result != AlignmentResult::no && might_authenticate)};
}

Finding examine(const SpfEvidence& spf, const Terms& terms, std::vector<TraceStep>& trace) {
    const bool mail_from = spf.scope == SpfScope::mail_from;
    std::string said = "SPF " + std::string(to_string(spf.result)) + " for " +
                       (mail_from ? "MAIL FROM " : "HELO ") + quoted(spf.domain);
    if (!spf.reason.empty()) said += " (" + quoted(spf.reason) + ")";
    if (!mail_from) {
        add_step(trace, terms.cite.mail_from, said + ": a HELO identity never aligns");
        return {};
    }
    const auto mode = terms.policy.record.spf_alignment;
    const auto result = align(identifier(spf), mode, terms);
    add_step(trace, terms.cite.spf, said + ": " + alignment_text(identifier(spf), mode, result, terms));
    return finding_of(result, authenticates(spf), might_authenticate(spf));
}

std::string why_barred(const DkimEvidence& dkim, config::PartialBody partial_body) {
    if (dkim.result != DkimResult::pass || authenticates(dkim, partial_body)) return {};
    if (dkim.testing) return "; makes no identifier: the key is in testing";
    return "; makes no identifier: " + std::to_string(dkim.unsigned_octets.value_or(0)) +
           " octets of the body are not signed (dkim.partial_body)";
}

Finding examine(const DkimEvidence& dkim, const Terms& terms, std::vector<TraceStep>& trace) {
    const auto partial_body = terms.settings.partial_body;
    std::string said = "DKIM " + std::string(to_string(dkim.result)) + " for " + quoted(dkim.domain) +
                       ", selector " + quoted(dkim.selector);
    if (!dkim.reason.empty()) said += " (" + quoted(dkim.reason) + ")";
    const auto mode = terms.policy.record.dkim_alignment;
    const auto result = align(identifier(dkim), mode, terms);
    add_step(
        trace, terms.cite.dkim,
        said + ": " + alignment_text(identifier(dkim), mode, result, terms) + why_barred(dkim, partial_body));
    return finding_of(result, authenticates(dkim, partial_body), might_authenticate(dkim, partial_body));
}

void examine_spf(Findings& findings, const Terms& terms, std::vector<TraceStep>& trace) {
    for (const auto& spf : terms.evidence.spf) {
        const auto finding = examine(spf, terms, trace);
        findings.spf_aligned |= finding.aligned_pass;
        findings.aligned_temperror |= finding.aligned_temperror;
    }
}

void examine_dkim(Findings& findings, const Terms& terms, std::vector<TraceStep>& trace) {
    std::size_t over_limit = 0;
    for (const auto& dkim : terms.evidence.dkim) {
        if (!dkim.verified) {
            ++over_limit;
            continue;
        }
        const auto finding = examine(dkim, terms, trace);
        findings.dkim_aligned |= finding.aligned_pass;
        findings.aligned_temperror |= finding.aligned_temperror;
    }
    if (terms.evidence.dkim.empty()) add_step(trace, terms.cite.dkim, "no DKIM signature");
    if (over_limit > 0) {
        add_step(trace, "dkim.max_signatures",
                 std::to_string(over_limit) + " more signatures were not looked at");
    }
}

/// What is asked for, and by which tag.
struct Requested {
    Policy policy = Policy::none;
    std::string_view tag = "p";
    bool unsure = false;  ///< np would ask for something else, and whether it applies is not known
};

/// p for the domain that publishes the record; for those below it sp, or np where they do not exist (RFC 7489
/// section 6.3, which knows no np; RFC 9989 section 4.10.1).
Requested find_requested(const Terms& terms) {
    const auto& policy = terms.policy;
    const auto& record = policy.record;
    Requested requested{record.policy};
    if (policy.author_domain == policy.policy_domain) return requested;
    if (record.subdomain_policy) requested = {*record.subdomain_policy, "sp"};
    if (!terms.by_tree_walk() || !record.nonexistent_policy) return requested;
    switch (policy.existence) {
        case DomainExistence::exists:
            break;
        case DomainExistence::does_not_exist:
            return {*record.nonexistent_policy, "np"};
        case DomainExistence::failed:
        case DomainExistence::not_known:
            requested.unsure = *record.nonexistent_policy != requested.policy;
    }
    return requested;
}

void trace_policy(const Requested& requested, const Terms& terms, std::vector<TraceStep>& trace) {
    const auto& policy = terms.policy;
    add_step(trace, terms.cite.discovery,
             "policy found at _dmarc." + policy.policy_domain + ": " + quoted(policy.record_text));
    std::string said = std::string(requested.tag) + " asks for " + std::string(to_string(requested.policy)) +
                       " where a message fails";
    if (requested.tag == "np") said += ": " + policy.author_domain + " does not exist";
    if (requested.unsure) said += ", unless the author domain does not exist, which is not known";
    add_step(trace, terms.cite.policy, std::move(said));
}

/// What the author domain's tree walk came by, and the organizational domain that follows from it.
void trace_walk(const Terms& terms, std::vector<TraceStep>& trace) {
    const auto start = DomainName::parse(terms.policy.author_domain);
    if (!start) return;
    add_step(trace, "RFC 9989 4.10", "tree walk: " + describe_tree_walk(terms.evidence.walked, *start));
    const auto& organization = terms.policy.organizational_domain;
    add_step(trace, "RFC 9989 4.10.2",
             organization.empty() ? std::string("the organizational domain is not certain")
                                  : "organizational domain " + organization);
}

void trace_no_policy(const Terms& terms, std::vector<TraceStep>& trace) {
    const auto& policy = terms.policy;
    std::string said = "dmarc=none: no policy at _dmarc." + policy.author_domain;
    if (terms.by_tree_walk()) {
        said = "dmarc=none: no policy for " + policy.author_domain;
    } else if (policy.organizational_domain != policy.author_domain) {
        said += " or _dmarc." + policy.organizational_domain;
    }
    if (!policy.failure.empty()) said += " (" + quoted(policy.failure) + ")";
    add_step(trace, terms.cite.discovery, std::move(said));
}

/// Once a policy is known.
void conclude(DomainJudgement& domain, const Findings& findings, const Requested& requested,
              const Terms& terms, std::vector<TraceStep>& trace) {
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
    } else if (requested.unsure) {
        domain.result = DmarcResult::temperror;
        said = "no aligned identifier passed, but which policy applies is not known";
    } else {
        domain.result = DmarcResult::fail;
        said = "no aligned identifier passed";
    }
    add_step(trace, terms.cite.result, "dmarc=" + std::string(to_string(domain.result)) + ": " + said);
}

}  // namespace

DomainJudgement judge_author_domain(const PolicyEvidence& policy, const Evidence& evidence,
                                    const JudgeSettings& settings, std::vector<TraceStep>& trace) {
    const Terms terms{policy, evidence, settings};
    DomainJudgement domain;
    Findings findings;
    Requested requested;
    domain.author_domain = policy.author_domain;
    domain.discovery = discovery_of(settings.standard);
    add_step(trace, terms.cite.author, "author domain " + policy.author_domain);
    if (terms.by_tree_walk()) trace_walk(terms, trace);
    if (terms.found()) {
        requested = find_requested(terms);
        domain.policy_domain = policy.policy_domain;
        domain.requested = requested.policy;
        domain.testing = terms.by_tree_walk() && policy.record.testing;
        trace_policy(requested, terms, trace);
    }
    examine_spf(findings, terms, trace);
    examine_dkim(findings, terms, trace);
    switch (policy.outcome) {
        case PolicyOutcome::found:
            conclude(domain, findings, requested, terms, trace);
            break;
        case PolicyOutcome::none:
            trace_no_policy(terms, trace);
            break;
        case PolicyOutcome::temperror:
            domain.result = DmarcResult::temperror;
            add_step(trace, terms.cite.discovery,
                     "dmarc=temperror: policy look-up failed: " + quoted(policy.failure));
            break;
    }
    return domain;
}

}  // namespace defender::auth
