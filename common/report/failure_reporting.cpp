#include "common/report/failure_reporting.hpp"

#include "common/auth/verdict_header.hpp"
#include "common/report/deliveries.hpp"

namespace defender::report {
namespace {

DeliveryResult delivery_result(auth::Action action) {
    switch (action) {
        case auth::Action::accept:
            return DeliveryResult::delivered;
        case auth::Action::tag:
            return DeliveryResult::spam;
        case auth::Action::hold:
            return DeliveryResult::policy;
        case auth::Action::reject:
            return DeliveryResult::reject;
        case auth::Action::tempfail:
            return DeliveryResult::other;
    }
    return DeliveryResult::other;
}

AuthFailure auth_failure(FailureKind kind) {
    switch (kind) {
        case FailureKind::dmarc:
            return AuthFailure::dmarc;
        case FailureKind::dkim:
            return AuthFailure::signature;
        case FailureKind::spf:
            return AuthFailure::spf;
    }
    return AuthFailure::dmarc;
}

/// The first that failed.
FailedSignature failed_signature(const auth::Evidence& evidence) {
    for (const auto& dkim : evidence.dkim) {
        if (dkim.result == auth::DkimResult::fail) return {dkim.domain, dkim.identity, dkim.selector};
    }
    return {};
}

}  // namespace

FailureReport failure_report_of(const FailedMessage& message, const FailureAsked& asked) {
    const auto& [record, header, body] = message;
    const auto& domain = record.judgement.domains.at(asked.domain);
    FailureReport report;
    report.queue_id = record.evidence.queue_id;
    report.host = record.host;
    report.author_domain = domain.author_domain;
    report.policy_domain = domain.policy_domain;
    report.source_ip = record.evidence.client.address.to_string();
    report.arrived_at = record.evidence.received_at;
    report.mail_from = record.evidence.mail_from;
    report.auth_failure = auth_failure(asked.kind);
    report.delivery_result = delivery_result(record.judgement.action);
    report.dkim_aligned = domain.dkim_aligned;
    report.spf_aligned = domain.spf_aligned;
    // A message that was refused was given no such field; the report needs it all the same.
    report.authentication_results =
        mail::encode(auth::verdict_header(record.evidence, record.judgement, record.host));
    report.signature = failed_signature(record.evidence);
    report.header = header;
    report.body = body;
    return report;
}

store::NewDocument new_failure_report(const FailureReport& report, const FailureAsked& asked,
                                      const config::Settings& settings, std::string_view redaction_key,
                                      UtcSeconds now) {
    return {make_failure_report(report, settings.failure, settings.report, redaction_key, now),
            deliveries_to(asked.policy.record.failure_uris, now)};
}

}  // namespace defender::report
