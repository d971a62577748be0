#include "common/store/record_row.hpp"

#include <algorithm>

#include "common/auth/applied_policy.hpp"
#include "common/base/text.hpp"
#include "common/mail/author.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/json_object.hpp"
#include "common/store/judgement_json.hpp"

namespace defender::store {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

std::string replace_nul(std::string text) {
    for (auto at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) {
        text.replace(at, 1, replacement_character);
    }
    return text;
}

/// The verdicts alone, without what differs from one message to the next (look-ups, signature prefixes).
std::string auth_results_of(const auth::Evidence& evidence) {
    return json_object([&](JsonObject& to) {
        to.array("dkim", evidence.dkim, [](JsonObject& dkim, const auth::DkimEvidence& signature) {
            dkim.text("domain", signature.domain);
            dkim.text("selector", signature.selector);
            dkim.name("result", signature.result);
            dkim.text("reason", signature.reason);
        });
        to.array("spf", evidence.spf, [](JsonObject& spf, const auth::SpfEvidence& check) {
            spf.text("domain", check.domain);
            spf.name("scope", check.scope);
            spf.name("result", check.result);
        });
    });
}

bool was_sampled_out(const auth::DomainJudgement& domain) {
    return std::any_of(domain.overrides.begin(), domain.overrides.end(),
                       [](const auto& applied) { return applied.type == auth::OverrideType::sampled_out; });
}

RecordDomainRow to_row(const Record& record, const auth::DomainJudgement& domain, bool deciding) {
    RecordDomainRow row;
    row.deciding = deciding;
    row.author_domain = column_text(domain.author_domain);
    row.policy_domain = column_text(domain.policy_domain);
    if (const auto policy = auth::applied_policy(record.evidence, domain)) {
        row.policy_record = column_text(policy->record_text);
        row.reportable = record.judgement.exemption == auth::Exemption::no &&
                         !record.evidence.own_report_mail && !policy->record.aggregate_uris.empty();
    }
    row.result = to_string(domain.result);
    row.spf_aligned = domain.spf_aligned;
    row.dkim_aligned = domain.dkim_aligned;
    row.requested = to_string(domain.requested);
    row.disposition = to_string(domain.disposition);
    row.sampled_out = was_sampled_out(domain);
    row.reasons = json_of(domain.overrides);
    return row;
}

void fill_evidence(RecordRow& row, const auth::Evidence& evidence) {
    row.queue_id = column_text(evidence.queue_id);
    row.received_at = evidence.received_at;
    row.day = UtcDay::of(evidence.received_at);
    if (!evidence.client.local) row.client = evidence.client.address.to_string();
    row.helo = column_text(evidence.client.helo);
    row.mail_from = column_text(evidence.mail_from);
    row.envelope_from =
        column_text(text::to_lower(mail::parse_envelope_address(evidence.mail_from).domain_text));
    row.author_status = to_string(evidence.author_status);
    row.auth_results = auth_results_of(evidence);
    row.evidence = json_of(evidence);
}

void fill_judgement(RecordRow& row, const Record& record) {
    const auto& judgement = record.judgement;
    row.exemption = to_string(judgement.exemption);
    row.result = to_string(judgement.result);
    row.requested = to_string(judgement.requested);
    row.disposition = to_string(judgement.disposition);
    row.action = to_string(judgement.action);
    row.judgement = json_of(judgement);
    for (std::size_t i = 0; i < judgement.domains.size(); ++i) {
        row.domains.push_back(to_row(record, judgement.domains[i], i == judgement.deciding));
        if (i == judgement.deciding) row.author_domain = row.domains.back().author_domain;
    }
}

}  // namespace

std::string column_text(std::string_view s) {
    if (std::all_of(s.begin(), s.end(), text::is_printable)) return std::string(s);
    // Through the JSON encoder and back: the one place that replaces what is not UTF-8.
    return replace_nul(Json::parse(json_text(Json(s))).get<std::string>());
}

RecordRow to_row(const Record& record) {
    RecordRow row;
    row.host = column_text(record.host);
    fill_evidence(row, record.evidence);
    fill_judgement(row, record);
    row.reply = column_text(record.reply);
    row.error = column_text(record.error);
    row.milliseconds = record.milliseconds;
    row.sighting = record.sighting;
    return row;
}

Result<Record> from_row(const RecordRow& row) {
    auto evidence = evidence_from_json(row.evidence);
    if (!evidence) return evidence.error();
    auto judgement = judgement_from_json(row.judgement);
    if (!judgement) return judgement.error();
    Record record;
    record.host = row.host;
    record.evidence = std::move(evidence).value();
    record.judgement = std::move(judgement).value();
    record.reply = row.reply;
    record.error = row.error;
    record.milliseconds = row.milliseconds;
    record.sighting = row.sighting;
    return record;
}

}  // namespace defender::store
