/// Evidence of a message that a forwarder handed on as it was: SPF of the author's domain fails for the
/// client, the author's signature holds.
#pragma once

#include <string>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/config/settings_reader.hpp"

namespace defender::test {

/// By a client at 192.0.2.25, on 2026-05-01; `domain` is an organizational domain.
inline auth::Evidence forwarded_evidence(const std::string& domain = "example.org") {
    auth::Evidence evidence;
    evidence.received_at = 1777636800;
    evidence.client.address = *IpAddress::parse("192.0.2.25");
    evidence.mail_from = "jane@" + domain;
    evidence.author_status = mail::AuthorStatus::ok;
    evidence.author_addresses = {"jane@" + domain};
    evidence.spf = {{auth::SpfScope::mail_from, auth::SpfResult::fail, domain, domain, "-all", 0, 0}};
    auth::DkimEvidence signature;
    signature.result = auth::DkimResult::pass;
    signature.domain = signature.organizational_domain = domain;
    evidence.dkim = {signature};
    auth::PolicyEvidence policy;
    policy.author_domain = policy.organizational_domain = domain;
    evidence.policies = {policy};
    return evidence;
}

/// The defaults, with forwarders being learned and no trusted network.
inline auth::JudgeSettings learning_settings() {
    auto settings = auth::judge_settings(*config::default_settings());
    settings.indirect.enabled = true;
    settings.trust.networks.clear();
    return settings;
}

}  // namespace defender::test
