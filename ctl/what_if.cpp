#include "ctl/what_if.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace defender::ctl {
namespace {

bool names_a_setting(const std::string& rule) {
    return !rule.starts_with("RFC ");
}

/// Of the deciding author domain, in whichever of the two there is one: an exempt message has none.
std::string author_domain_of(const auth::Judgement& in_force, const auth::Judgement& changed) {
    for (const auto* judgement : {&changed, &in_force}) {
        if (judgement->deciding < judgement->domains.size()) {
            return judgement->domains[judgement->deciding].author_domain;
        }
    }
    return {};
}

bool is_as_stored(const store::StoredRecord& record, const Outcome& outcome) {
    using auth::to_string;
    return record.exemption == to_string(outcome.exemption) && record.result == to_string(outcome.result) &&
           record.disposition == to_string(outcome.disposition) && record.action == to_string(outcome.action);
}

bool newer(const ChangedMessage& a, const ChangedMessage& b) {
    return std::tie(a.received_at, a.queue_id) > std::tie(b.received_at, b.queue_id);
}

}  // namespace

Outcome outcome_of(const auth::Judgement& judgement) {
    return {judgement.exemption, judgement.result, judgement.disposition, judgement.action};
}

std::string parting_rule(const std::vector<auth::TraceStep>& in_force,
                         const std::vector<auth::TraceStep>& changed) {
    const auto [before, after] =
        std::mismatch(in_force.begin(), in_force.end(), changed.begin(), changed.end());
    const bool there_before = before != in_force.end();
    if (after == changed.end()) return there_before ? before->rule : std::string();
    const bool setting_was_left =
        there_before && names_a_setting(before->rule) && !names_a_setting(after->rule);
    return setting_was_left ? before->rule : after->rule;
}

void WhatIf::add(const store::StoredRecord& record, const auth::Judgement& in_force,
                 const auth::Judgement& changed) {
    const auto from = outcome_of(in_force);
    const auto to = outcome_of(changed);
    ++counts_.looked_at;
    counts_.exempt_in_force += from.exemption != auth::Exemption::no;
    counts_.exempt_changed += to.exemption != auth::Exemption::no;
    counts_.otherwise_when_received += !is_as_stored(record, from);
    if (from == to) return;
    ++counts_.changed;
    const WhatIfChange change{author_domain_of(in_force, changed), from, to,
                              parting_rule(in_force.trace, changed.trace)};
    count(change);
    keep(record, change);
}

void WhatIf::add_without_evidence() {
    ++counts_.looked_at;
    ++counts_.without_evidence;
}

void WhatIf::add_unreadable(const store::StoredRecord& record, const Error& error) {
    ++counts_.looked_at;
    if (counts_.unreadable++ == 0) {
        first_unreadable_ = "record " + std::to_string(record.id) + ": " + error.message;
    }
}

void WhatIf::count(const WhatIfChange& change) {
    if (const auto known = changes_.find(change); known != changes_.end()) {
        ++known->second;
    } else if (changes_.size() < limits_.kinds) {
        changes_.emplace(change, 1);
    } else {
        auto other = change;
        other.author_domain = other_domains;
        ++changes_[std::move(other)];
    }
}

void WhatIf::keep(const store::StoredRecord& record, const WhatIfChange& change) {
    if (limits_.messages == 0) return;
    if (!limits_.author_domain.empty() && limits_.author_domain != change.author_domain) return;
    ChangedMessage message{record.received_at, record.queue_id, change};
    if (messages_.size() == limits_.messages) {
        if (!newer(message, messages_.front())) return;
        std::pop_heap(messages_.begin(), messages_.end(), newer);
        messages_.pop_back();
    }
    messages_.push_back(std::move(message));
    std::push_heap(messages_.begin(), messages_.end(), newer);
}

std::vector<CountedChange> WhatIf::changes() const {
    std::vector<CountedChange> sorted;
    sorted.reserve(changes_.size());
    for (const auto& [change, messages] : changes_) sorted.push_back({change, messages});
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.messages > b.messages; });
    return sorted;
}

std::vector<ChangedMessage> WhatIf::messages() const {
    auto sorted = messages_;
    std::sort(sorted.begin(), sorted.end(), newer);
    return sorted;
}

}  // namespace defender::ctl
