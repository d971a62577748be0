#include "common/store/evidence_json.hpp"

#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

constexpr int version = 1;

template <typename Values, typename Write>
Json array_of(const Values& values, Write write) {
    Json out = Json::array();
    for (const auto& value : values) out.push_back(write(value));
    return out;
}

Json write_client(const auth::ClientEvidence& client) {
    return {{"address", client.address.to_string()},
            {"local", client.local},
            {"name", client.name},
            {"helo", client.helo},
            {"authenticated", client.authenticated}};
}

void read_client(const JsonFields& from, auth::ClientEvidence& client) {
    from.address("address", client.address);
    from.flag("local", client.local);
    from.text("name", client.name);
    from.text("helo", client.helo);
    from.flag("authenticated", client.authenticated);
}

Json write_spf(const auth::SpfEvidence& spf) {
    return {{"scope", to_string(spf.scope)},
            {"result", to_string(spf.result)},
            {"domain", spf.domain},
            {"organizational_domain", spf.organizational_domain},
            {"reason", spf.reason},
            {"terms", spf.terms},
            {"void_lookups", spf.void_lookups}};
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

Json write_dkim(const auth::DkimEvidence& dkim) {
    Json out{{"result", to_string(dkim.result)},
             {"domain", dkim.domain},
             {"organizational_domain", dkim.organizational_domain},
             {"selector", dkim.selector},
             {"identity", dkim.identity},
             {"algorithm", dkim.algorithm},
             {"signature_prefix", dkim.signature_prefix},
             {"key_bits", dkim.key_bits},
             {"verified", dkim.verified},
             {"testing", dkim.testing},
             {"reason", dkim.reason}};
    if (dkim.unsigned_octets) out["unsigned_octets"] = *dkim.unsigned_octets;
    return out;
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

Json write_arc_set(const auth::ArcSetEvidence& set) {
    return {{"instance", set.instance},
            {"chain_status", set.chain_status},
            {"seal", to_string(set.seal)},
            {"seal_domain", set.seal_domain},
            {"seal_selector", set.seal_selector},
            {"signature", to_string(set.signature)},
            {"signature_domain", set.signature_domain},
            {"signature_selector", set.signature_selector},
            {"authentication_results", set.authentication_results}};
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
Json write_arc(const auth::ArcEvidence& arc) {
    Json out{{"result", to_string(arc.result)}};
    if (arc.result == auth::ArcResult::none) return out;
    out["reason"] = arc.reason;
    out["oldest_pass"] = arc.oldest_pass;
    out["sets"] = array_of(arc.sets, write_arc_set);
    return out;
}

void read_arc(const JsonFields& from, auth::ArcEvidence& arc) {
    from.name("result", arc.result);
    from.text("reason", arc.reason);
    from.number("oldest_pass", arc.oldest_pass);
    from.array("sets", arc.sets, read_arc_set);
}

/// Most clients are not known as forwarders, and their records say no more than that.
Json write_forwarder(const auth::ForwarderEvidence& forwarder) {
    Json out{{"status", to_string(forwarder.status)}};
    if (forwarder.status == auth::ForwarderStatus::unknown) return out;
    out["network"] = forwarder.network;
    out["domains"] = forwarder.domains;
    return out;
}

void read_forwarder(const JsonFields& from, auth::ForwarderEvidence& forwarder) {
    from.name("status", forwarder.status);
    from.text("network", forwarder.network);
    from.number("domains", forwarder.domains);
}

Json write_uri(const auth::ReportUri& uri) {
    Json out{{"uri", uri.uri}};
    if (uri.max_octets) out["max_octets"] = *uri.max_octets;
    return out;
}

void read_uri(const JsonFields& from, auth::ReportUri& uri) {
    from.text("uri", uri.uri);
    from.optional("max_octets", uri.max_octets, read_number);
}

Json write_record(const auth::DmarcRecord& record) {
    Json out{{"policy", to_string(record.policy)}};
    if (record.subdomain_policy) out["subdomain_policy"] = to_string(*record.subdomain_policy);
    if (record.nonexistent_policy) out["nonexistent_policy"] = to_string(*record.nonexistent_policy);
    out["public_suffix"] = to_string(record.public_suffix);
    out["testing"] = record.testing;
    out["dkim_alignment"] = to_string(record.dkim_alignment);
    out["spf_alignment"] = to_string(record.spf_alignment);
    out["percent"] = record.percent;
    out["report_interval_seconds"] = record.report_interval_seconds;
    out["failure_options"] = record.failure_options;
    out["aggregate_uris"] = array_of(record.aggregate_uris, write_uri);
    out["failure_uris"] = array_of(record.failure_uris, write_uri);
    return out;
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

Json write_policy(const auth::PolicyEvidence& policy) {
    Json out{{"author_domain", policy.author_domain},
             {"organizational_domain", policy.organizational_domain},
             {"outcome", to_string(policy.outcome)},
             {"policy_domain", policy.policy_domain},
             {"record_text", policy.record_text}};
    if (policy.outcome == auth::PolicyOutcome::found) out["record"] = write_record(policy.record);
    out["failure"] = policy.failure;
    out["existence"] = to_string(policy.existence);
    return out;
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
Json write_walked(const auth::WalkedName& name) {
    Json out{{"domain", name.domain}, {"answer", to_string(name.answer)}};
    if (holds_record(name)) {
        out["record_text"] = name.record_text;
        out["record"] = write_record(name.record);
    }
    if (!name.failure.empty()) out["failure"] = name.failure;
    return out;
}

void read_walked(const JsonFields& from, auth::WalkedName& name) {
    from.text("domain", name.domain);
    from.name("answer", name.answer);
    from.text("record_text", name.record_text);
    from.object("record", [&](const JsonFields& record) { read_record(record, name.record); });
    from.text("failure", name.failure);
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

Json to_json(const auth::Evidence& evidence) {
    return {{"v", version},
            {"queue_id", evidence.queue_id},
            {"received_at", evidence.received_at},
            {"draw", evidence.draw},
            {"client", write_client(evidence.client)},
            {"mail_from", evidence.mail_from},
            {"rewritten_sender", evidence.rewritten_sender},
            {"author",
             {{"status", to_string(evidence.author_status)},
              {"reason", evidence.author_reason},
              {"addresses", evidence.author_addresses}}},
            {"spf", array_of(evidence.spf, write_spf)},
            {"dkim", array_of(evidence.dkim, write_dkim)},
            {"arc", write_arc(evidence.arc)},
            {"policies", array_of(evidence.policies, write_policy)},
            {"walked", array_of(evidence.walked, write_walked)},
            {"list_id", evidence.list_id},
            {"resent_from", evidence.resent_from},
            {"forwarder", write_forwarder(evidence.forwarder)},
            {"limits_reached", evidence.limits_reached},
            {"own_report_mail", evidence.own_report_mail}};
}

Result<auth::Evidence> evidence_from_json(std::string_view text) {
    return read_document<auth::Evidence>(text, "evidence", version, read_evidence);
}

}  // namespace defender::store
