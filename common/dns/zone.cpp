#include "common/dns/zone.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/dns/dns_message.hpp"

namespace defender::dns {
namespace {

std::string_view parent_of(std::string_view name) {
    const auto dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

Answer& list_for(std::map<RecordType, Answer>& answers, RecordType type, std::uint32_t ttl) {
    const auto [at, first] = answers.try_emplace(type);
    at->second.outcome = Outcome::found;
    at->second.ttl_seconds = first ? ttl : std::min(at->second.ttl_seconds, ttl);
    return at->second;
}

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

Status Zone::add(const std::string& owner, std::uint32_t ttl, RecordData data) {
    Node& node = nodes_[owner];
    const bool is_cname = std::holds_alternative<CanonicalName>(data);
    const bool has_data = !node.answers.empty() || node.has_other || node.negative_ttl;
    if (node.cname || (is_cname && has_data)) return Error{"a CNAME stands beside other data"};
    insert(node, ttl, std::move(data));
    for (std::string_view name = owner;; name = parent_of(name)) {
        if (!existing_.emplace(name).second || name.empty()) break;
    }
    return Done{};
}

void Zone::insert(Node& node, std::uint32_t ttl, RecordData data) {
    std::visit(Overloaded{
                   [&](TextRecord& record) {
                       list_for(node.answers, RecordType::txt, ttl).texts.push_back(std::move(record.text));
                   },
                   [&](IpAddress& address) {
                       const auto type = address.is_v4() ? RecordType::a : RecordType::aaaa;
                       list_for(node.answers, type, ttl).addresses.push_back(address);
                   },
                   [&](Exchange& exchange) {
                       list_for(node.answers, RecordType::mx, ttl).exchanges.push_back(std::move(exchange));
                   },
                   [&](PointerRecord& record) {
                       list_for(node.answers, RecordType::ptr, ttl).names.push_back(std::move(record.name));
                   },
                   [&](CanonicalName& record) {
                       node.cname = std::move(record);
                       node.cname_ttl = ttl;
                   },
                   [&](StartOfAuthority& record) { node.negative_ttl = std::min(ttl, record.minimum); },
                   [&](OtherRecord&) { node.has_other = true; },
                   [&](FailingName&) { node.fails = true; },
               },
               data);
}

/// The name's own node, or the wildcard that stands for it; null with an empty non-terminal and with
/// NXDOMAIN.
const Zone::Node* Zone::find(const std::string& name) const {
    if (const auto own = nodes_.find(name); own != nodes_.end()) return &own->second;
    if (existing_.contains(name)) return nullptr;
    std::string_view encloser = parent_of(name);
    while (!encloser.empty() && !existing_.contains(encloser)) encloser = parent_of(encloser);
    const auto wildcard = nodes_.find(encloser.empty() ? "*" : "*." + std::string(encloser));
    return wildcard == nodes_.end() ? nullptr : &wildcard->second;
}

AnswerPtr Zone::negative(std::string_view name, Outcome outcome, std::uint32_t chain_ttl) const {
    Answer answer;
    answer.outcome = outcome;
    for (;; name = parent_of(name)) {
        const auto node = nodes_.find(std::string(name));
        if (node != nodes_.end() && node->second.negative_ttl) {
            answer.ttl_seconds = std::min(*node->second.negative_ttl, chain_ttl);
            break;
        }
        if (name.empty()) break;
    }
    return std::make_shared<const Answer>(std::move(answer));
}

AnswerPtr Zone::answer(const Question& question) const {
    std::string name = question.name;
    std::set<std::string> seen{name};
    std::uint32_t chain_ttl = std::numeric_limits<std::uint32_t>::max();
    for (unsigned aliases = 0; aliases <= max_aliases; ++aliases) {
        const Node* node = find(name);
        if (node == nullptr) {
            const bool exists = existing_.contains(name);
            return negative(name, exists ? Outcome::nodata : Outcome::nxdomain, chain_ttl);
        }
        if (node->fails) return tempfail("TEMPFAIL");
        if (const auto list = node->answers.find(question.type); list != node->answers.end()) {
            Answer answer = list->second;
            answer.ttl_seconds = std::min(answer.ttl_seconds, chain_ttl);
            return std::make_shared<const Answer>(std::move(answer));
        }
        if (!node->cname) return negative(name, Outcome::nodata, chain_ttl);
        chain_ttl = std::min(chain_ttl, node->cname_ttl);
        name = node->cname->target;
        if (!seen.insert(name).second) return tempfail("CNAME loop");
    }
    return tempfail("CNAME chain too long");
}

}  // namespace defender::dns
