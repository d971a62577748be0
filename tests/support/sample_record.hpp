/// Records for tests: one with every member set to something of its own, and small ones that are told apart
/// by queue id.
#pragma once

#include <string>

#include "common/store/record.hpp"

namespace defender::test {

inline auth::Evidence sample_evidence() {
    auth::Evidence evidence;
    evidence.queue_id = "4F2A1B";
    evidence.received_at = 1777636800;  // 2026-05-01T12:00:00Z
    evidence.draw = 42;
    evidence.client = {*IpAddress::parse("2001:db8::25"), false, "mail.example.org", "helo.example.org",
                       true};
    evidence.mail_from = "jane@bounce.example.org";
    evidence.author_status = mail::AuthorStatus::ok;
    evidence.author_reason = "two authors";
    evidence.author_addresses = {"jane@example.org", "joe@example.net"};
    evidence.spf = {
        {auth::SpfScope::mail_from, auth::SpfResult::softfail, "bounce.example.org", "example.org", "~all", 3,
         1},
        {auth::SpfScope::helo, auth::SpfResult::pass, "helo.example.org", "example.org", "a", 1, 0}};
    auth::DkimEvidence signature;
    signature.result = auth::DkimResult::policy;
    signature.domain = "example.org";
    signature.organizational_domain = "example.org";
    signature.selector = "s1";
    signature.identity = "jane@example.org";
    signature.algorithm = "rsa-sha256";
    signature.signature_prefix = "AbCdEfGh";
    signature.key_bits = 2048;
    signature.verified = false;
    signature.testing = true;
    signature.unsigned_octets = 17;
    signature.reason = "the body is signed in part";
    evidence.dkim = {signature, auth::DkimEvidence{}};
    evidence.arc.result = auth::ArcResult::pass;
    evidence.arc.reason = "none";
    evidence.arc.oldest_pass = 2;
    evidence.arc.sets = {{1, "none", "one.example", "s1", "signs.example", "s2", auth::ArcVerdict::pass,
                          auth::ArcVerdict::fail, "mx; spf=pass smtp.mailfrom=jane@example.org"},
                         {2, "pass", "two.example", "s3", "two.example", "s3", auth::ArcVerdict::temperror,
                          auth::ArcVerdict::unchecked, "mx; dmarc=pass header.from=example.org"}};
    auth::PolicyEvidence found;
    found.author_domain = "example.org";
    found.organizational_domain = "example.org";
    found.outcome = auth::PolicyOutcome::found;
    found.policy_domain = "example.org";
    found.record_text = "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.org!10m";
    found.record.policy = auth::Policy::reject;
    found.record.subdomain_policy = auth::Policy::quarantine;
    found.record.dkim_alignment = auth::AlignmentMode::strict;
    found.record.spf_alignment = auth::AlignmentMode::strict;
    found.record.percent = 50;
    found.record.report_interval_seconds = 3600;
    found.record.failure_options = "1:d";
    found.record.aggregate_uris = {{"mailto:d@example.org", 10485760},
                                   {"mailto:e@example.org", std::nullopt}};
    found.record.failure_uris = {{"mailto:f@example.org", 1}};
    auth::PolicyEvidence failed;
    failed.author_domain = "example.net";
    failed.organizational_domain = "example.net";
    failed.outcome = auth::PolicyOutcome::temperror;
    failed.failure = "_dmarc.example.net TXT: SERVFAIL";
    evidence.policies = {found, failed};
    evidence.list_id = "list.example.org";
    evidence.rewritten_sender = true;
    evidence.resent_from = "resender.example.org";
    evidence.forwarder = {auth::ForwarderStatus::learned, "2001:db8::/64", 12};
    evidence.limits_reached = {"limits.header_octets"};
    return evidence;
}

inline auth::Judgement sample_judgement() {
    auth::Judgement judgement;
    judgement.exemption = auth::Exemption::no;
    judgement.result = auth::DmarcResult::fail;
    auth::DomainJudgement failing;
    failing.author_domain = "example.org";
    failing.policy_domain = "example.org";
    failing.result = auth::DmarcResult::fail;
    failing.requested = auth::Policy::reject;
    failing.disposition = auth::Disposition::quarantine;
    failing.overrides = {{auth::OverrideType::sampled_out, "pct=50, draw 42"}};
    auth::DomainJudgement passing;
    passing.author_domain = "example.net";
    passing.result = auth::DmarcResult::temperror;
    passing.spf_aligned = true;
    passing.dkim_aligned = true;
    judgement.domains = {passing, failing};
    judgement.deciding = 1;
    judgement.requested = auth::Policy::reject;
    judgement.disposition = auth::Disposition::quarantine;
    judgement.action = auth::Action::hold;
    judgement.overrides = failing.overrides;
    judgement.trace = {{"RFC 7489 6.6.2", "nothing aligned passed for example.org"},
                       {"policy.on_quarantine", "hold"}};
    return judgement;
}

inline store::Record sample_record() {
    return {"mx.example.net", sample_evidence(), sample_judgement(), "550 5.7.1 no", "something odd", 12};
}

/// A plain pass, to be told apart by its queue id.
inline store::Record plain_record(const std::string& queue_id, UtcSeconds received_at = 1777636800) {
    store::Record record;
    record.host = "mx.example.net";
    record.evidence.queue_id = queue_id;
    record.evidence.received_at = received_at;
    record.judgement.result = auth::DmarcResult::pass;
    return record;
}

}  // namespace defender::test
