#include "milter/message_log.hpp"

#include <string>

namespace defender::milter {
namespace {

std::string spf_of(const auth::Evidence& evidence) {
    for (const auto& spf : evidence.spf) {
        if (spf.scope == auth::SpfScope::mail_from) return std::string(auth::to_string(spf.result));
    }
    return "none";
}

/// "pass:example.com,fail:list.example", in the order of the signatures.
std::string dkim_of(const auth::Evidence& evidence) {
    std::string verdicts;
    for (const auto& dkim : evidence.dkim) {
        if (!verdicts.empty()) verdicts += ',';
        verdicts += std::string(auth::to_string(dkim.result)) + ":" + dkim.domain;
    }
    return verdicts.empty() ? "none" : verdicts;
}

std::string authors_of(const auth::Evidence& evidence) {
    std::string authors;
    for (const auto& policy : evidence.policies) {
        if (!authors.empty()) authors += ',';
        authors += policy.author_domain;
    }
    if (authors.empty() && evidence.author_status != mail::AuthorStatus::ok) {
        authors = std::string(mail::to_string(evidence.author_status));
    }
    return authors;
}

}  // namespace

log::Fields message_fields(const auth::Evidence& evidence, const auth::Judgement& judgement,
                           std::chrono::milliseconds spent) {
    log::Fields fields{{"queue_id", evidence.queue_id},
                       {"ip", evidence.client.local ? "local" : evidence.client.address.to_string()},
                       {"helo", evidence.client.helo},
                       {"mail_from", evidence.mail_from},
                       {"author", authors_of(evidence)}};
    if (judgement.exemption != auth::Exemption::no) {
        fields.emplace_back("reason", auth::to_string(judgement.exemption));
        return fields;
    }
    fields.emplace_back("spf", spf_of(evidence));
    fields.emplace_back("dkim", dkim_of(evidence));
    if (evidence.arc.result != auth::ArcResult::none)
        fields.emplace_back("arc", auth::to_string(evidence.arc.result));
    fields.emplace_back("dmarc", auth::to_string(judgement.result));
    fields.emplace_back("policy", auth::to_string(judgement.requested));
    fields.emplace_back("disposition", auth::to_string(judgement.disposition));
    fields.emplace_back("action", auth::to_string(judgement.action));
    fields.emplace_back("ms", spent.count());
    return fields;
}

}  // namespace defender::milter
