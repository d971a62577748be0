#include "common/auth/verdict_header.hpp"

#include <utility>

#include "common/auth/policy_action.hpp"

namespace defender::auth {
namespace {

void add_property(mail::MethodResult& result, std::string type, std::string property, std::string value) {
    if (value.empty()) return;
    result.properties.push_back({std::move(type), std::move(property), std::move(value)});
}

bool is_error(SpfResult result) {
    return result == SpfResult::temperror || result == SpfResult::permerror;
}

void add_spf(std::vector<mail::MethodResult>& results, const Evidence& evidence) {
    for (const auto& spf : evidence.spf) {
        if (spf.scope != SpfScope::mail_from) continue;
        mail::MethodResult result{
            "spf", std::string(to_string(spf.result)), is_error(spf.result) ? spf.reason : "", {}};
        add_property(result, "smtp", evidence.mail_from.empty() ? "helo" : "mailfrom", spf.domain);
        results.push_back(std::move(result));
    }
}

mail::MethodResult dkim_result(const DkimEvidence& dkim) {
    mail::MethodResult result{"dkim", std::string(to_string(dkim.result)), dkim.reason, {}};
    add_property(result, "header", "d", dkim.domain);
    add_property(result, "header", "i", dkim.identity);
    add_property(result, "header", "a", dkim.algorithm);
    add_property(result, "header", "s", dkim.selector);
    add_property(result, "header", "b", dkim.signature_prefix);
    return result;
}

void add_dkim(std::vector<mail::MethodResult>& results, const Evidence& evidence) {
    if (evidence.dkim.empty()) results.push_back({"dkim", "none", "", {}});
    for (const auto& dkim : evidence.dkim) {
        if (dkim.verified) results.push_back(dkim_result(dkim));
    }
}

/// A temporary error is a failure, in a word that every reader knows (RFC 8617 sections 5.2.1 and 10.1).
mail::MethodResult arc_result(const Evidence& evidence) {
    const auto& arc = evidence.arc;
    const auto result = arc.result == ArcResult::temperror ? ArcResult::fail : arc.result;
    mail::MethodResult line{"arc", std::string(to_string(result)), arc.reason, {}};
    add_property(line, "smtp", "remote-ip", evidence.client.address.to_string());
    if (arc.result == ArcResult::pass)
        add_property(line, "header", "oldest-pass", std::to_string(arc.oldest_pass));
    return line;
}

mail::MethodResult dmarc_result(const Evidence& evidence, const Judgement& judgement) {
    mail::MethodResult result{"dmarc", std::string(to_string(judgement.result)), "", {}};
    if (judgement.deciding < judgement.domains.size()) {
        const auto& domain = judgement.domains[judgement.deciding];
        add_property(result, "header", "from", domain.author_domain);
        if (!domain.policy_domain.empty()) {
            const auto policy = domain.testing ? one_step_down(domain.requested) : domain.requested;
            add_property(result, "policy", "dmarc", std::string(to_string(policy)));
        }
    } else if (judgement.result == DmarcResult::permerror) {
        result.reason = evidence.author_reason.empty() ? std::string(mail::to_string(evidence.author_status))
                                                       : evidence.author_reason;
    }
    return result;
}

}  // namespace

mail::AuthenticationResults verdict_header(const Evidence& evidence, const Judgement& judgement,
                                           std::string_view authserv_id) {
    mail::AuthenticationResults header{std::string(authserv_id), {}};
    if (judgement.exemption != Exemption::no) return header;
    add_spf(header.results, evidence);
    add_dkim(header.results, evidence);
    header.results.push_back(arc_result(evidence));
    header.results.push_back(dmarc_result(evidence, judgement));
    return header;
}

}  // namespace defender::auth
