/// MessageEvidence: the evidence of one message for tests of the judgement, put together piece by piece.
///
/// A new one is a message from author@example.com by 192.0.2.1, without results and without policies.
/// Organizational domains are the last two labels. Thread-safety: a plain value.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::tests {

inline std::string last_two_labels(const std::string& domain) {
    const auto last = domain.rfind('.');
    if (last == std::string::npos || last == 0) return domain;
    const auto before = domain.rfind('.', last - 1);
    return before == std::string::npos ? domain : domain.substr(before + 1);
}

class MessageEvidence {
  public:
    MessageEvidence() {
        evidence_.queue_id = "Q1";
        evidence_.client.address = IpAddress::parse("192.0.2.1").value();
        evidence_.client.helo = "mx.sender.example";
        evidence_.mail_from = "bounce@example.com";
        evidence_.author_status = mail::AuthorStatus::ok;
        evidence_.author_addresses = {"author@example.com"};
    }

    MessageEvidence& spf(auth::SpfResult result, const std::string& domain,
                         auth::SpfScope scope = auth::SpfScope::mail_from) {
        auto& added = evidence_.spf.emplace_back();
        added.scope = scope;
        added.result = result;
        added.domain = domain;
        added.organizational_domain = last_two_labels(domain);
        return *this;
    }

    MessageEvidence& dkim(auth::DkimResult result, const std::string& domain) {
        auto& added = evidence_.dkim.emplace_back();
        added.result = result;
        added.domain = domain;
        added.organizational_domain = last_two_labels(domain);
        added.selector = "s1";
        added.identity = "@" + domain;
        added.algorithm = "rsa-sha256";
        added.signature_prefix = "AbCdEfGh";
        return *this;
    }

    /// `record` must be a valid one.
    MessageEvidence& policy(const std::string& record, const std::string& author = "example.com",
                            const std::string& policy_domain = "") {
        auto& added = unknown_policy(auth::PolicyOutcome::found, author);
        added.policy_domain = policy_domain.empty() ? author : policy_domain;
        added.record_text = record;
        added.record = auth::parse_dmarc_record(record).value();
        return *this;
    }
    MessageEvidence& no_policy(const std::string& author = "example.com") {
        unknown_policy(auth::PolicyOutcome::none, author);
        return *this;
    }
    MessageEvidence& policy_temperror(const std::string& author = "example.com") {
        unknown_policy(auth::PolicyOutcome::temperror, author).failure = "TXT _dmarc." + author + ": timeout";
        return *this;
    }
    MessageEvidence& draw(unsigned number) {
        evidence_.draw = number;
        return *this;
    }

    auth::Evidence& get() { return evidence_; }
    operator const auth::Evidence&() const { return evidence_; }  // NOLINT(google-explicit-constructor)

  private:
    auth::PolicyEvidence& unknown_policy(auth::PolicyOutcome outcome, const std::string& author) {
        auto& added = evidence_.policies.emplace_back();
        added.author_domain = author;
        added.organizational_domain = last_two_labels(author);
        added.outcome = outcome;
        return added;
    }

    auth::Evidence evidence_;
};

/// Enforce mode with the defaults of the manual: reject, tag, accept.
inline auth::JudgeSettings enforcing() {
    auth::JudgeSettings settings;
    settings.policy.mode = config::PolicyMode::enforce;
    settings.policy.on_reject = config::OnReject::reject;
    settings.policy.on_quarantine = config::OnQuarantine::tag;
    settings.policy.on_temperror = config::OnTemperror::accept;
    settings.policy.on_malformed_from = config::OnMalformedFrom::reject;
    settings.indirect.enabled = true;
    return settings;
}

inline auth::JudgeSettings monitoring() {
    auto settings = enforcing();
    settings.policy.mode = config::PolicyMode::monitor;
    return settings;
}

/// Whether the judgement's explanation has a step of that rule with that text in it.
inline bool trace_holds(const auth::Judgement& judgement, const std::string& rule, const std::string& text) {
    return std::any_of(judgement.trace.begin(), judgement.trace.end(), [&](const auth::TraceStep& step) {
        return step.rule == rule && step.text.find(text) != std::string::npos;
    });
}

}  // namespace defender::tests
