#include "ctl/explanation.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

/// Of one set's sealed results.
constexpr std::size_t shown_results = 512;

using auth::Evidence;
using auth::Judgement;

template <typename Enum>
std::string name(Enum value) {
    return std::string(to_string(value));
}

std::string or_none(const std::string& text) {
    return text.empty() ? "(none)" : text;
}

std::string client_of(const auth::ClientEvidence& client) {
    std::string text = client.local ? "local" : client.address.to_string();
    if (!client.name.empty()) text += " (" + client.name + ")";
    if (client.authenticated) text += ", authenticated";
    return text;
}

std::string author_of(const Evidence& evidence) {
    std::string text;
    for (const auto& address : evidence.author_addresses) text += (text.empty() ? "" : ", ") + address;
    if (evidence.author_status != mail::AuthorStatus::ok) {
        text = name(evidence.author_status) + (text.empty() ? "" : " " + text);
    }
    if (!evidence.author_reason.empty()) text += ": " + evidence.author_reason;
    return text;
}

std::string overrides_of(const std::vector<auth::OverrideApplied>& overrides) {
    std::string text;
    for (const auto& applied : overrides) {
        text += (text.empty() ? "" : "; ") + name(applied.type);
        if (!applied.comment.empty()) text += " (" + applied.comment + ")";
    }
    return text;
}

std::string forwarder_of(const auth::ForwarderEvidence& forwarder) {
    auto text = name(forwarder.status) + ", " + forwarder.network;
    if (forwarder.domains > 0) text += ", mail of " + std::to_string(forwarder.domains) + " domains";
    return text;
}

std::string message_part(const store::Record& record) {
    const auto& evidence = record.evidence;
    std::vector<TextRow> rows{{"queue id", or_none(evidence.queue_id)},
                              {"host", or_none(record.host)},
                              {"received", to_rfc3339(evidence.received_at)},
                              {"client", client_of(evidence.client)},
                              {"HELO", or_none(evidence.client.helo)},
                              {"MAIL FROM", "<" + evidence.mail_from + ">"},
                              {"From", author_of(evidence)}};
    if (evidence.forwarder.status != auth::ForwarderStatus::unknown)
        rows.push_back({"forwarder", forwarder_of(evidence.forwarder)});
    if (!evidence.list_id.empty()) rows.push_back({"List-Id", evidence.list_id});
    if (!evidence.resent_from.empty()) rows.push_back({"Resent-From", evidence.resent_from});
    return "Message\n" + text_table(rows);
}

std::string decision_part(const store::Record& record) {
    const auto& judgement = record.judgement;
    std::vector<TextRow> rows;
    if (judgement.exemption != auth::Exemption::no) rows.push_back({"not judged", name(judgement.exemption)});
    rows.push_back({"DMARC", name(judgement.result)});
    rows.push_back({"asked for", name(judgement.requested)});
    rows.push_back({"disposition", name(judgement.disposition)});
    if (!judgement.overrides.empty()) rows.push_back({"overrides", overrides_of(judgement.overrides)});
    rows.push_back({"action", name(judgement.action)});
    if (!record.reply.empty()) rows.push_back({"reply", record.reply});
    if (!record.error.empty()) rows.push_back({"error", record.error});
    rows.push_back({"took", std::to_string(record.milliseconds) + " ms"});
    return "\nDecision\n" + text_table(rows);
}

std::string domains_part(const Judgement& judgement) {
    if (judgement.domains.empty()) return {};
    std::vector<TextRow> rows{
        {"author domain", "policy domain", "result", "spf", "dkim", "asked for", "disposition", "overrides"}};
    const auto aligned = [](bool yes) { return yes ? "aligned" : "-"; };
    for (const auto& domain : judgement.domains) {
        rows.push_back({domain.author_domain, or_none(domain.policy_domain), name(domain.result),
                        aligned(domain.spf_aligned), aligned(domain.dkim_aligned), name(domain.requested),
                        name(domain.disposition), overrides_of(domain.overrides)});
    }
    return "\nAuthor domains\n" + text_table(rows);
}

std::string spf_part(const Evidence& evidence) {
    if (evidence.spf.empty()) return {};
    std::vector<TextRow> rows{{"identity", "result", "domain", "look-ups", "void", "by"}};
    for (const auto& spf : evidence.spf) {
        rows.push_back({name(spf.scope), name(spf.result), or_none(spf.domain), std::to_string(spf.terms),
                        std::to_string(spf.void_lookups), spf.reason});
    }
    return "\nSPF\n" + text_table(rows);
}

std::string dkim_notes(const auth::DkimEvidence& dkim) {
    std::string notes = dkim.reason;
    const auto add = [&](const std::string& note) { notes += (notes.empty() ? "" : "; ") + note; };
    if (!dkim.verified) add("over the limit of signatures, not verified");
    if (dkim.testing) add("the key is for testing");
    if (dkim.unsigned_octets)
        add(std::to_string(*dkim.unsigned_octets) + " octets of the body are not signed");
    return notes;
}

std::string dkim_part(const Evidence& evidence) {
    if (evidence.dkim.empty()) return {};
    std::vector<TextRow> rows{
        {"result", "domain", "selector", "identity", "algorithm", "bits", "b=", "notes"}};
    for (const auto& dkim : evidence.dkim) {
        rows.push_back({name(dkim.result), or_none(dkim.domain), dkim.selector, dkim.identity, dkim.algorithm,
                        dkim.key_bits == 0 ? "-" : std::to_string(dkim.key_bits), dkim.signature_prefix,
                        dkim_notes(dkim)});
    }
    return "\nDKIM signatures\n" + text_table(rows);
}

std::string arc_part(const Evidence& evidence) {
    const auto& arc = evidence.arc;
    if (arc.result == auth::ArcResult::none) return {};
    std::vector<TextRow> rows{{"result", name(arc.result)}};
    if (!arc.reason.empty()) rows.push_back({"reason", arc.reason});
    if (arc.result == auth::ArcResult::pass)
        rows.push_back({"oldest pass", arc.oldest_pass == 0 ? "all" : std::to_string(arc.oldest_pass)});
    std::vector<TextRow> sets{
        {"instance", "sealed by", "selector", "cv=", "seal", "signed by", "signature", "results"}};
    for (const auto& set : arc.sets) {
        sets.push_back({std::to_string(set.instance), or_none(set.seal_domain), set.seal_selector,
                        set.chain_status, name(set.seal), or_none(set.signature_domain), name(set.signature),
                        text::printable(set.authentication_results, shown_results)});
    }
    return "\nARC chain\n" + text_table(rows) + (arc.sets.empty() ? "" : text_table(sets));
}

std::string policy_part(const Evidence& evidence) {
    if (evidence.policies.empty()) return {};
    std::vector<TextRow> rows{{"author domain", "outcome", "found at", "record"}};
    for (const auto& policy : evidence.policies) {
        rows.push_back(
            {policy.author_domain, name(policy.outcome), or_none(policy.policy_domain),
             policy.outcome == auth::PolicyOutcome::temperror ? policy.failure : policy.record_text});
    }
    return "\nPolicies\n" + text_table(rows);
}

std::string walk_part(const Evidence& evidence) {
    if (evidence.walked.empty()) return {};
    std::vector<TextRow> rows{{"name", "answer", "record"}};
    for (const auto& walked : evidence.walked) {
        auto answer = name(walked.answer);
        std::replace(answer.begin(), answer.end(), '_', ' ');
        rows.push_back({"_dmarc." + walked.domain, answer,
                        walked.record_text.empty() ? walked.failure : walked.record_text});
    }
    return "\nTree walks (RFC 9989)\n" + text_table(rows);
}

std::string limits_part(const Evidence& evidence) {
    if (evidence.limits_reached.empty()) return {};
    std::vector<TextRow> rows;
    for (const auto& limit : evidence.limits_reached) rows.push_back({limit});
    return "\nLimits reached\n" + text_table(rows);
}

std::string trace_part(const Judgement& judgement) {
    if (judgement.trace.empty()) return {};
    std::vector<TextRow> rows;
    for (const auto& step : judgement.trace)
        rows.push_back({std::to_string(rows.size() + 1), step.rule, step.text});
    return "\nWhy\n" + text_table(rows);
}

}  // namespace

std::string explanation_text(const store::Record& record) {
    const auto& evidence = record.evidence;
    return message_part(record) + decision_part(record) + domains_part(record.judgement) +
           spf_part(evidence) + dkim_part(evidence) + arc_part(evidence) + policy_part(evidence) +
           walk_part(evidence) + limits_part(evidence) + trace_part(record.judgement);
}

store::Json explanation_json(const store::Record& record) {
    return {{"host", record.host},
            {"reply", record.reply},
            {"error", record.error},
            {"milliseconds", record.milliseconds},
            {"evidence", store::to_json(record.evidence)},
            {"judgement", store::to_json(record.judgement)}};
}

}  // namespace defender::ctl
