#include "common/store/judgement_json.hpp"

#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

constexpr int version = 1;

void read_override(const JsonFields& from, auth::OverrideApplied& applied) {
    from.name("type", applied.type);
    from.text("comment", applied.comment);
}

Json write_domain(const auth::DomainJudgement& domain) {
    return {{"author_domain", domain.author_domain},        {"policy_domain", domain.policy_domain},
            {"result", to_string(domain.result)},           {"spf_aligned", domain.spf_aligned},
            {"dkim_aligned", domain.dkim_aligned},          {"discovery", to_string(domain.discovery)},
            {"requested", to_string(domain.requested)},     {"testing", domain.testing},
            {"disposition", to_string(domain.disposition)}, {"overrides", to_json(domain.overrides)}};
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

Json to_json(const std::vector<auth::OverrideApplied>& overrides) {
    Json out = Json::array();
    for (const auto& applied : overrides) {
        out.push_back({{"type", to_string(applied.type)}, {"comment", applied.comment}});
    }
    return out;
}

Json to_json(const auth::Judgement& judgement) {
    Json domains = Json::array();
    for (const auto& domain : judgement.domains) domains.push_back(write_domain(domain));
    Json trace = Json::array();
    for (const auto& step : judgement.trace) trace.push_back({{"rule", step.rule}, {"text", step.text}});
    return {{"v", version},
            {"exemption", to_string(judgement.exemption)},
            {"result", to_string(judgement.result)},
            {"domains", std::move(domains)},
            {"deciding", judgement.deciding},
            {"requested", to_string(judgement.requested)},
            {"disposition", to_string(judgement.disposition)},
            {"action", to_string(judgement.action)},
            {"overrides", to_json(judgement.overrides)},
            {"trace", std::move(trace)}};
}

Result<auth::Judgement> judgement_from_json(std::string_view text) {
    return read_document<auth::Judgement>(text, "judgement", version, read_judgement);
}

}  // namespace defender::store
