#include "common/store/evidence_json.hpp"

#include "common/store/json_fields.hpp"
#include "common/store/json_object.hpp"

namespace defender::store {
namespace {

constexpr int version = 1;
constexpr std::size_t usual_octets = 4096;

void write_client(JsonObject& to, const auth::ClientEvidence& client) {
    to.text("address", client.address.to_string());
    to.flag("local", client.local);
    to.text("name", client.name);
    to.text("helo", client.helo);
    to.flag("authenticated", client.authenticated);
}

void read_client(const JsonFields& from, auth::ClientEvidence& client) {
    from.address("address", client.address);
    from.flag("local", client.local);
    from.text("name", client.name);
    from.text("helo", client.helo);
    from.flag("authenticated", client.authenticated);
}

void write_spf(JsonObject& to, const auth::SpfEvidence& spf) {
    to.name("scope", spf.scope);
    to.name("result", spf.result);
    to.text("domain", spf.domain);
    to.text("organizational_domain", spf.organizational_domain);
    to.text("reason", spf.reason);
    to.number("terms", spf.terms);
    to.number("void_lookups", spf.void_lookups);
}

void read_spf(const JsonFields& from, auth::SpfEvidence& spf) {
    from.name("scope", spf.scope);
    from.name("result", spf.result);
    from.text("domain", spf.domain);
    from.text("organizational_domain", spf.organizational_domain);
    from.text("reason", spf.reason);
    from.number("terms", spf.terms);
    from.number("void_lookups", spf.void_lookups);
}

void write_dkim(JsonObject& to, const auth::DkimEvidence& dkim) {
    to.name("result", dkim.result);
    to.text("domain", dkim.domain);
    to.text("organizational_domain", dkim.organizational_domain);
    to.text("selector", dkim.selector);
    to.text("identity", dkim.identity);
    to.text("algorithm", dkim.algorithm);
    to.text("signature_prefix", dkim.signature_prefix);
    to.number("key_bits", dkim.key_bits);
    to.flag("verified", dkim.verified);
    to.flag("testing", dkim.testing);
    to.text("reason", dkim.reason);
    if (dkim.unsigned_octets) to.number("unsigned_octets", *dkim.unsigned_octets);
}

void read_number(const JsonFields& from, std::string_view name, std::uint64_t& out) {
    from.number(name, out);
}
void read_policy_name(const JsonFields& from, std::string_view name, auth::Policy& out) {
    from.name(name, out);
}

void read_dkim(const JsonFields& from, auth::DkimEvidence& dkim) {
    from.name("result", dkim.result);
    from.text("domain", dkim.domain);
    from.text("organizational_domain", dkim.organizational_domain);
    from.text("selector", dkim.selector);
    from.text("identity", dkim.identity);
    from.text("algorithm", dkim.algorithm);
    from.text("signature_prefix", dkim.signature_prefix);
    from.number("key_bits", dkim.key_bits);
    from.flag("verified", dkim.verified);
    from.flag("testing", dkim.testing);
    from.text("reason", dkim.reason);
    from.optional("unsigned_octets", dkim.unsigned_octets, read_number);
}

void write_arc_set(JsonObject& to, const auth::ArcSetEvidence& set) {
    to.number("instance", set.instance);
    to.text("chain_status", set.chain_status);
    to.name("seal", set.seal);
    to.text("seal_domain", set.seal_domain);
    to.text("seal_selector", set.seal_selector);
    to.name("signature", set.signature);
    to.text("signature_domain", set.signature_domain);
    to.text("signature_selector", set.signature_selector);
    to.text("authentication_results", set.authentication_results);
}

void read_arc_set(const JsonFields& from, auth::ArcSetEvidence& set) {
    from.number("instance", set.instance);
    from.text("chain_status", set.chain_status);
    from.name("seal", set.seal);
    from.text("seal_domain", set.seal_domain);
    from.text("seal_selector", set.seal_selector);
    from.name("signature", set.signature);
    from.text("signature_domain", set.signature_domain);
    from.text("signature_selector", set.signature_selector);
    from.text("authentication_results", set.authentication_results);
}

/// Most messages have no chain, and their records no more than that.
void write_arc(JsonObject& to, const auth::ArcEvidence& arc) {
    to.name("result", arc.result);
    if (arc.result == auth::ArcResult::none) return;
    to.text("reason", arc.reason);
    to.number("oldest_pass", arc.oldest_pass);
    to.array("sets", arc.sets, write_arc_set);
}

void read_arc(const JsonFields& from, auth::ArcEvidence& arc) {
    from.name("result", arc.result);
    from.text("reason", arc.reason);
    from.number("oldest_pass", arc.oldest_pass);
    from.array("sets", arc.sets, read_arc_set);
}

/// Most clients are not known as forwarders, and their records say no more than that.
void write_forwarder(JsonObject& to, const auth::ForwarderEvidence& forwarder) {
    to.name("status", forwarder.status);
    if (forwarder.status == auth::ForwarderStatus::unknown) return;
    to.text("network", forwarder.network);
    to.number("domains", forwarder.domains);
}

void read_forwarder(const JsonFields& from, auth::ForwarderEvidence& forwarder) {
    from.name("status", forwarder.status);
    from.text("network", forwarder.network);
    from.number("domains", forwarder.domains);
}

void write_uri(JsonObject& to, const auth::ReportUri& uri) {
    to.text("uri", uri.uri);
    if (uri.max_octets) to.number("max_octets", *uri.max_octets);
}

void read_uri(const JsonFields& from, auth::ReportUri& uri) {
    from.text("uri", uri.uri);
    from.optional("max_octets", uri.max_octets, read_number);
}

void write_record(JsonObject& to, const auth::DmarcRecord& record) {
    to.name("policy", record.policy);
    if (record.subdomain_policy) to.name("subdomain_policy", *record.subdomain_policy);
    if (record.nonexistent_policy) to.name("nonexistent_policy", *record.nonexistent_policy);
    to.name("public_suffix", record.public_suffix);
    to.flag("testing", record.testing);
    to.name("dkim_alignment", record.dkim_alignment);
    to.name("spf_alignment", record.spf_alignment);
    to.number("percent", record.percent);
    to.number("report_interval_seconds", record.report_interval_seconds);
    to.text("failure_options", record.failure_options);
    to.array("aggregate_uris", record.aggregate_uris, write_uri);
    to.array("failure_uris", record.failure_uris, write_uri);
}

void read_record(const JsonFields& from, auth::DmarcRecord& record) {
    from.name("policy", record.policy);
    from.optional("subdomain_policy", record.subdomain_policy, read_policy_name);
    from.optional("nonexistent_policy", record.nonexistent_policy, read_policy_name);
    from.name("public_suffix", record.public_suffix);
    from.flag("testing", record.testing);
    from.name("dkim_alignment", record.dkim_alignment);
    from.name("spf_alignment", record.spf_alignment);
    from.number("percent", record.percent);
    from.number("report_interval_seconds", record.report_interval_seconds);
    from.text("failure_options", record.failure_options);
    from.array("aggregate_uris", record.aggregate_uris, read_uri);
    from.array("failure_uris", record.failure_uris, read_uri);
}

void write_policy(JsonObject& to, const auth::PolicyEvidence& policy) {
    to.text("author_domain", policy.author_domain);
    to.text("organizational_domain", policy.organizational_domain);
    to.name("outcome", policy.outcome);
    to.text("policy_domain", policy.policy_domain);
    to.text("record_text", policy.record_text);
    if (policy.outcome == auth::PolicyOutcome::found)
        to.object("record", [&](JsonObject& record) { write_record(record, policy.record); });
    to.text("failure", policy.failure);
    to.name("existence", policy.existence);
}

void read_policy(const JsonFields& from, auth::PolicyEvidence& policy) {
    from.text("author_domain", policy.author_domain);
    from.text("organizational_domain", policy.organizational_domain);
    from.name("outcome", policy.outcome);
    from.text("policy_domain", policy.policy_domain);
    from.text("record_text", policy.record_text);
    from.object("record", [&](const JsonFields& record) { read_record(record, policy.record); });
    from.text("failure", policy.failure);
    from.name("existence", policy.existence);
}

bool holds_record(const auth::WalkedName& name) {
    return name.answer == auth::WalkAnswer::record || name.answer == auth::WalkAnswer::record_without_policy;
}

/// Most names of a walk hold nothing, so what is empty is left out.
void write_walked(JsonObject& to, const auth::WalkedName& name) {
    to.text("domain", name.domain);
    to.name("answer", name.answer);
    if (holds_record(name)) {
        to.text("record_text", name.record_text);
        to.object("record", [&](JsonObject& record) { write_record(record, name.record); });
    }
    if (!name.failure.empty()) to.text("failure", name.failure);
}

void read_walked(const JsonFields& from, auth::WalkedName& name) {
    from.text("domain", name.domain);
    from.name("answer", name.answer);
    from.text("record_text", name.record_text);
    from.object("record", [&](const JsonFields& record) { read_record(record, name.record); });
    from.text("failure", name.failure);
}

void write_evidence(JsonObject& to, const auth::Evidence& evidence) {
    to.number("v", version);
    to.text("queue_id", evidence.queue_id);
    to.number("received_at", evidence.received_at);
    to.number("draw", evidence.draw);
    to.object("client", [&](JsonObject& client) { write_client(client, evidence.client); });
    to.text("mail_from", evidence.mail_from);
    to.flag("rewritten_sender", evidence.rewritten_sender);
    to.object("author", [&](JsonObject& author) {
        author.name("status", evidence.author_status);
        author.text("reason", evidence.author_reason);
        author.texts("addresses", evidence.author_addresses);
    });
    to.array("spf", evidence.spf, write_spf);
    to.array("dkim", evidence.dkim, write_dkim);
    to.object("arc", [&](JsonObject& arc) { write_arc(arc, evidence.arc); });
    to.array("policies", evidence.policies, write_policy);
    to.array("walked", evidence.walked, write_walked);
    to.text("list_id", evidence.list_id);
    to.text("resent_from", evidence.resent_from);
    to.object("forwarder", [&](JsonObject& forwarder) { write_forwarder(forwarder, evidence.forwarder); });
    to.texts("limits_reached", evidence.limits_reached);
    to.flag("own_report_mail", evidence.own_report_mail);
}

void read_evidence(const JsonFields& from, auth::Evidence& evidence) {
    from.text("queue_id", evidence.queue_id);
    from.number("received_at", evidence.received_at);
    from.number("draw", evidence.draw);
    from.object("client", [&](const JsonFields& client) { read_client(client, evidence.client); });
    from.text("mail_from", evidence.mail_from);
    from.flag("rewritten_sender", evidence.rewritten_sender);
    from.object("author", [&](const JsonFields& author) {
        author.name("status", evidence.author_status);
        author.text("reason", evidence.author_reason);
        author.texts("addresses", evidence.author_addresses);
    });
    from.array("spf", evidence.spf, read_spf);
    from.array("dkim", evidence.dkim, read_dkim);
    from.object("arc", [&](const JsonFields& arc) { read_arc(arc, evidence.arc); });
    from.array("policies", evidence.policies, read_policy);
    from.array("walked", evidence.walked, read_walked);
    from.text("list_id", evidence.list_id);
    from.text("resent_from", evidence.resent_from);
    from.object("forwarder",
                [&](const JsonFields& forwarder) { read_forwarder(forwarder, evidence.forwarder); });
    from.texts("limits_reached", evidence.limits_reached);
    from.flag("own_report_mail", evidence.own_report_mail);
}

}  // namespace

std::string json_of(const auth::Evidence& evidence) {
    return json_object([&](JsonObject& to) { write_evidence(to, evidence); }, usual_octets);
}

Json to_json(const auth::Evidence& evidence) {
    return Json::parse(json_of(evidence));
}

Result<auth::Evidence> evidence_from_json(std::string_view text) {
    return read_document<auth::Evidence>(text, "evidence", version, read_evidence);
}

}  // namespace defender::store
