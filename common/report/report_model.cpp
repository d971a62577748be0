#include "common/report/report_model.hpp"

#include <algorithm>

#include "common/auth/applied_policy.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/text.hpp"
#include "common/report/report_model_words.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

std::string word(WordKind kind, std::string_view ours, ReportSchema schema) {
    return std::string(schema_word(kind, ours, schema));
}

std::string or_else(std::string_view value, std::string_view otherwise) {
    return std::string(text::trim(value).empty() ? otherwise : value);
}

bool is_within(std::string_view name, std::string_view ancestor) noexcept {
    return name == ancestor || (name.size() > ancestor.size() && name.ends_with(ancestor) &&
                                name[name.size() - ancestor.size() - 1] == '.');
}

/// What the policy asks for from a failing message of this author domain (RFC 7489 section 6.3, p and sp).
auth::Policy policy_for(const store::ReportRow& row, const PublishedPolicy& policy) noexcept {
    return row.header_from == policy.domain ? policy.p : policy.sp;
}

/// Whether the policy of a domain that does not exist explains the disposition; whether this one did is not
/// told by its rows.
bool is_np(const store::ReportRow& row, const PublishedPolicy& policy) noexcept {
    return policy.discovery == auth::DiscoveryMethod::treewalk && row.header_from != policy.domain &&
           row.disposition == auth::to_string(policy.np);
}

std::string disposition_of(const store::ReportRow& row, const PublishedPolicy& policy, ReportSchema schema) {
    auto said = word(WordKind::disposition, row.disposition, schema);
    // RFC 9990 appendix A: "pass" is no action on a message that passed, where the policy is enforcing.
    const bool passed = row.dkim_aligned || row.spf_aligned;
    const bool enforcing = policy_for(row, policy) != auth::Policy::none;
    if (schema == ReportSchema::rfc9990 && passed && enforcing && said == "none") return "pass";
    return said;
}

bool had_temperror(const store::ReportRow& row) {
    const auto is_temperror = [](const auto& result) { return result.result == "temperror"; };
    return std::any_of(row.dkim.begin(), row.dkim.end(), is_temperror) ||
           std::any_of(row.spf.begin(), row.spf.end(), is_temperror);
}

/// Where alignment failed and something else was done than the policy asks for, a reason is owed (RFC 9990
/// section 3.1.1.9). The judgement gives one for all that was decided; after a temporary error no policy is
/// applied, and that is not a decision.
ReportedReason owed_reason(const store::ReportRow& row) {
    if (had_temperror(row)) return {"other", "temporary error: no policy was applied"};
    return {"local_policy", ""};
}

ReportedReason told_reason(const store::ReportReason& reason, ReportSchema schema) {
    ReportedReason told{word(WordKind::override_type, reason.type, schema), reason.comment};
    if (told.type != reason.type) {
        // The schema has no such type; its name goes into the comment, so that nothing is lost.
        told.comment = reason.comment.empty() ? reason.type : reason.type + ": " + reason.comment;
    }
    return told;
}

std::vector<ReportedReason> reasons_of(const store::ReportRow& row, const PublishedPolicy& policy,
                                       ReportSchema schema) {
    std::vector<ReportedReason> reasons;
    for (const auto& reason : row.reasons) reasons.push_back(told_reason(reason, schema));
    const bool failed = !row.dkim_aligned && !row.spf_aligned;
    const bool differs = row.disposition != auth::to_string(policy_for(row, policy)) && !is_np(row, policy);
    if (reasons.empty() && failed && differs) reasons.push_back(owed_reason(row));
    return reasons;
}

/// RFC 9990 section 3.1.3: which signatures come first where there are many.
int rank_of(const store::DkimAuthResult& result, const store::ReportRow& row, const PublishedPolicy& policy) {
    if (result.result != "pass") return 3;
    if (result.domain == row.header_from) return 0;
    return is_within(result.domain, policy.domain) ? 1 : 2;
}

std::vector<ReportedDkim> dkim_of(const store::ReportRow& row, const PublishedPolicy& policy,
                                  ReportSchema schema) {
    auto results = row.dkim;
    std::stable_sort(results.begin(), results.end(), [&](const auto& a, const auto& b) {
        return rank_of(a, row, policy) < rank_of(b, row, policy);
    });
    if (results.size() > max_signatures_told) results.resize(max_signatures_told);
    std::vector<ReportedDkim> told;
    for (const auto& result : results) {
        // RFC 9990 requires the selector, RFC 7489 does not.
        const auto no_selector = schema == ReportSchema::rfc9990 ? unknown_name : std::string_view();
        told.push_back({or_else(result.domain, unknown_name), or_else(result.selector, no_selector),
                        word(WordKind::dkim_result, result.result, schema), result.reason});
    }
    return told;
}

std::vector<ReportedSpf> spf_of(const store::ReportRow& row, ReportSchema schema) {
    std::vector<ReportedSpf> told;
    for (const auto& result : row.spf) {
        const auto scope = word(WordKind::spf_scope, result.scope, schema);
        if (scope.empty()) continue;
        const auto unnamed = or_else(row.envelope_from, unknown_name);
        told.push_back(
            {or_else(result.domain, unnamed), scope, word(WordKind::spf_result, result.result, schema)});
    }
    if (schema == ReportSchema::rfc9990) {
        if (told.size() > 1) told.resize(1);
    } else if (told.empty()) {
        // RFC 7489's schema demands a result. Nothing was checked, and "none" says no more than that.
        told.push_back({or_else(row.envelope_from, unknown_name), "mfrom", "none"});
    }
    return told;
}

/// RFC 7489 requires the element; for the null reverse-path it says whose record was checked instead, which
/// is the HELO name's (RFC 7208 section 2.4). RFC 9990 lets it be left out.
std::string envelope_from_of(const store::ReportRow& row, ReportSchema schema) {
    if (!row.envelope_from.empty()) return row.envelope_from;
    if (schema == ReportSchema::rfc9990) return {};
    const auto named =
        std::find_if(row.spf.begin(), row.spf.end(), [](const auto& spf) { return !spf.domain.empty(); });
    return named == row.spf.end() ? std::string(null_reverse_path) : named->domain;
}

}  // namespace

Result<PublishedPolicy> published_policy(const store::Report& report, config::DmarcStandard standard) {
    const auto record = auth::parse_dmarc_record(report.policy_record, standard);
    if (!record) {
        return Error{"the policy record of " + text::printable(report.policy_domain, 255) +
                     " is none: " + text::printable(report.policy_record, 255)};
    }
    PublishedPolicy policy;
    policy.domain = report.policy_domain;
    policy.discovery = auth::discovery_of(standard);
    policy.p = record->policy;
    policy.sp = record->subdomain_policy.value_or(record->policy);
    policy.np = record->nonexistent_policy.value_or(policy.sp);
    policy.adkim = record->dkim_alignment;
    policy.aspf = record->spf_alignment;
    policy.pct = record->percent;
    policy.fo = record->failure_options;
    policy.testing = record->testing;
    return policy;
}

ReportHead report_head(const store::Report& report, const PublishedPolicy& policy,
                       const config::ReportSettings& settings, std::string report_id) {
    ReportHead head;
    head.org_name = or_else(settings.org_name, submitter_of(settings));
    head.email = settings.email;
    head.extra_contact_info = text::trim(settings.contact);
    head.report_id = std::move(report_id);
    head.begin = report.day.begin();
    head.end = report.day.end() - 1;
    head.policy = policy;
    return head;
}

Result<std::string> reported_source(const store::ReportRow& row) {
    const auto source = IpAddress::parse(row.source_ip);
    if (!source)
        return Error{"a row's source is no IP address: \"" + text::printable(row.source_ip, 64) + "\""};
    return source->to_string();
}

Result<ReportRecord> report_record(const store::ReportRow& row, const PublishedPolicy& policy,
                                   ReportSchema schema) {
    auto source = reported_source(row);
    if (!source) return source.error();
    ReportRecord record;
    record.source_ip = std::move(source).value();
    record.count = row.count;
    record.disposition = disposition_of(row, policy, schema);
    record.dkim = row.dkim_aligned ? "pass" : "fail";
    record.spf = row.spf_aligned ? "pass" : "fail";
    record.reasons = reasons_of(row, policy, schema);
    record.header_from = or_else(row.header_from, policy.domain);
    record.envelope_from = envelope_from_of(row, schema);
    record.dkim_results = dkim_of(row, policy, schema);
    record.spf_results = spf_of(row, schema);
    return record;
}

std::string submitter_of(const config::ReportSettings& settings) {
    return text::to_lower(std::string_view(settings.email).substr(settings.email.rfind('@') + 1));
}

}  // namespace defender::report
