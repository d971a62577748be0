#include "ctl/what_if.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace defender::ctl {
namespace {

bool names_a_setting(const std::string& rule) {
    return !rule.starts_with("RFC ");
}

/// How a tree walk went (RFC 9989 sections 4.10 and 4.10.2): what follows from it comes in later steps.
bool tells_of_walk(const auth::TraceStep& step) {
    return step.rule == "RFC 9989 4.10" || step.rule == "RFC 9989 4.10.2";
}

bool has_walk(const std::vector<auth::TraceStep>& trace) {
    return std::any_of(trace.begin(), trace.end(), tells_of_walk);
}

using Step = std::vector<auth::TraceStep>::const_iterator;

Step skip_walk(Step first, Step last) {
    return std::find_if_not(first, last, tells_of_walk);
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
    auto before = skip_walk(in_force.begin(), in_force.end());
    auto after = skip_walk(changed.begin(), changed.end());
    while (before != in_force.end() && after != changed.end() && before->text == after->text) {
        before = skip_walk(before + 1, in_force.end());
        after = skip_walk(after + 1, changed.end());
    }
    if (before == in_force.end()) return after == changed.end() ? std::string() : after->rule;
    if (after == changed.end()) return before->rule;
    const bool two_standards = has_walk(in_force) != has_walk(changed);
    if (two_standards && before->rule != after->rule) return before->rule + " -> " + after->rule;
    return names_a_setting(before->rule) && !names_a_setting(after->rule) ? before->rule : after->rule;
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
