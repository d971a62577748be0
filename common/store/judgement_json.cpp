#include "common/store/judgement_json.hpp"

#include "common/store/json_fields.hpp"
#include "common/store/json_object.hpp"

namespace defender::store {
namespace {

constexpr int version = 1;
constexpr std::size_t usual_octets = 2048;

void read_override(const JsonFields& from, auth::OverrideApplied& applied) {
    from.name("type", applied.type);
    from.text("comment", applied.comment);
}

void write_override(JsonObject& to, const auth::OverrideApplied& applied) {
    to.name("type", applied.type);
    to.text("comment", applied.comment);
}

void write_domain(JsonObject& to, const auth::DomainJudgement& domain) {
    to.text("author_domain", domain.author_domain);
    to.text("policy_domain", domain.policy_domain);
    to.name("result", domain.result);
    to.flag("spf_aligned", domain.spf_aligned);
    to.flag("dkim_aligned", domain.dkim_aligned);
    to.name("discovery", domain.discovery);
    to.name("requested", domain.requested);
    to.flag("testing", domain.testing);
    to.name("disposition", domain.disposition);
    to.array("overrides", domain.overrides, write_override);
}

void read_domain(const JsonFields& from, auth::DomainJudgement& domain) {
    from.text("author_domain", domain.author_domain);
    from.text("policy_domain", domain.policy_domain);
    from.name("result", domain.result);
    from.flag("spf_aligned", domain.spf_aligned);
    from.flag("dkim_aligned", domain.dkim_aligned);
    from.name("discovery", domain.discovery);
    from.name("requested", domain.requested);
    from.flag("testing", domain.testing);
    from.name("disposition", domain.disposition);
    from.array("overrides", domain.overrides, read_override);
}

void read_step(const JsonFields& from, auth::TraceStep& step) {
    from.text("rule", step.rule);
    from.text("text", step.text);
}

void write_step(JsonObject& to, const auth::TraceStep& step) {
    to.text("rule", step.rule);
    to.text("text", step.text);
}

void write_judgement(JsonObject& to, const auth::Judgement& judgement) {
    to.number("v", version);
    to.name("exemption", judgement.exemption);
    to.name("result", judgement.result);
    to.array("domains", judgement.domains, write_domain);
    to.number("deciding", judgement.deciding);
    to.name("requested", judgement.requested);
    to.name("disposition", judgement.disposition);
    to.name("action", judgement.action);
    to.array("overrides", judgement.overrides, write_override);
    to.array("trace", judgement.trace, write_step);
}

void read_judgement(const JsonFields& from, auth::Judgement& judgement) {
    from.name("exemption", judgement.exemption);
    from.name("result", judgement.result);
    from.array("domains", judgement.domains, read_domain);
    from.number("deciding", judgement.deciding);
    if (!judgement.domains.empty() && judgement.deciding >= judgement.domains.size()) {
        from.wrong("deciding", "an index of a domain");
    }
    from.name("requested", judgement.requested);
    from.name("disposition", judgement.disposition);
    from.name("action", judgement.action);
    from.array("overrides", judgement.overrides, read_override);
    from.array("trace", judgement.trace, read_step);
}

}  // namespace

std::string json_of(const std::vector<auth::OverrideApplied>& overrides) {
    std::string out;
    JsonObject::write_array(out, overrides, write_override);
    return out;
}

std::string json_of(const auth::Judgement& judgement) {
    return json_object([&](JsonObject& to) { write_judgement(to, judgement); }, usual_octets);
}

Json to_json(const auth::Judgement& judgement) {
    return Json::parse(json_of(judgement));
}

Result<auth::Judgement> judgement_from_json(std::string_view text) {
    return read_document<auth::Judgement>(text, "judgement", version, read_judgement);
}

}  // namespace defender::store
