#include "ctl/what_if_listing.hpp"

#include "common/store/json_fields.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using auth::to_string;
using store::Json;

/// "fail/reject/accept": result, disposition, action.
std::string outcome_text(const Outcome& outcome) {
    if (outcome.exemption != auth::Exemption::no) {
        return "not judged (" + std::string(to_string(outcome.exemption)) + ")";
    }
    return std::string(to_string(outcome.result)) + "/" + std::string(to_string(outcome.disposition)) + "/" +
           std::string(to_string(outcome.action));
}

Json outcome_json(const Outcome& outcome) {
    return {{"exemption", to_string(outcome.exemption)},
            {"result", to_string(outcome.result)},
            {"disposition", to_string(outcome.disposition)},
            {"action", to_string(outcome.action)}};
}

std::string author_text(const std::string& author_domain) {
    return author_domain.empty() ? "(none)" : author_domain;
}

std::string settings_part(const WhatIfListing& listing) {
    if (listing.settings.empty()) return {};
    std::vector<TextRow> rows{{"SETTING", "IN FORCE", "CHANGED"}};
    for (const auto& setting : listing.settings) {
        rows.push_back({setting.key, setting.in_force.empty() ? "-" : setting.in_force, setting.changed});
    }
    return text_table(rows) + "\n";
}

std::string summary_part(const WhatIfListing& listing) {
    const auto& counts = listing.counts;
    const auto number = [](std::uint64_t n) { return std::to_string(n); };
    std::vector<TextRow> rows{{"since", listing.since ? to_rfc3339(*listing.since) : "the first record"},
                              {"messages", number(counts.looked_at)},
                              {"changed", number(counts.changed)},
                              {"exempt", number(counts.exempt_in_force) + " in force, " +
                                             number(counts.exempt_changed) + " changed"},
                              {"unreadable", number(counts.unreadable)},
                              {"without evidence", number(counts.without_evidence)},
                              {"judged otherwise when received", number(counts.otherwise_when_received)}};
    return text_table(rows);
}

std::string changes_part(const WhatIfListing& listing) {
    if (listing.changes.empty()) return {};
    std::vector<TextRow> rows{{"AUTHOR DOMAIN", "FROM", "TO", "MESSAGES", "RULE"}};
    for (const auto& [change, messages] : listing.changes) {
        rows.push_back({author_text(change.author_domain), outcome_text(change.from), outcome_text(change.to),
                        std::to_string(messages), change.rule});
    }
    return "\n" + text_table(rows);
}

std::string messages_part(const WhatIfListing& listing) {
    if (!listing.messages || listing.messages->empty()) return {};
    std::vector<TextRow> rows{{"RECEIVED", "QUEUE ID", "AUTHOR DOMAIN", "FROM", "TO", "RULE"}};
    for (const auto& message : *listing.messages) {
        const auto& change = message.change;
        rows.push_back({to_rfc3339(message.received_at), message.queue_id, author_text(change.author_domain),
                        outcome_text(change.from), outcome_text(change.to), change.rule});
    }
    return "\n" + text_table(rows);
}

Json change_json(const WhatIfChange& change) {
    return {{"author_domain", change.author_domain},
            {"from", outcome_json(change.from)},
            {"to", outcome_json(change.to)},
            {"rule", change.rule}};
}

Json settings_json(const WhatIfListing& listing) {
    auto all = Json::array();
    for (const auto& setting : listing.settings) {
        all.push_back({{"key", setting.key}, {"in_force", setting.in_force}, {"changed", setting.changed}});
    }
    return all;
}

Json changes_json(const WhatIfListing& listing) {
    auto all = Json::array();
    for (const auto& counted : listing.changes) {
        auto one = change_json(counted.change);
        one["messages"] = counted.messages;
        all.push_back(std::move(one));
    }
    return all;
}

Json messages_json(const std::vector<ChangedMessage>& messages) {
    auto all = Json::array();
    for (const auto& message : messages) {
        auto one = change_json(message.change);
        one["queue_id"] = message.queue_id;
        one["received_at"] = to_rfc3339(message.received_at);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

std::string what_if_text(const WhatIfListing& listing) {
    return settings_part(listing) + summary_part(listing) + changes_part(listing) + messages_part(listing);
}

Json what_if_json(const WhatIfListing& listing) {
    const auto& counts = listing.counts;
    Json out{{"since", listing.since ? Json(to_rfc3339(*listing.since)) : Json(nullptr)},
             {"settings", settings_json(listing)},
             {"messages_looked_at", counts.looked_at},
             {"changed", counts.changed},
             {"exempt", {{"in_force", counts.exempt_in_force}, {"changed", counts.exempt_changed}}},
             {"unreadable", counts.unreadable},
             {"without_evidence", counts.without_evidence},
             {"judged_otherwise_when_received", counts.otherwise_when_received},
             {"changes", changes_json(listing)},
             {"changes_left_out", listing.changes_left_out}};
    if (listing.messages) out["messages"] = messages_json(*listing.messages);
    return out;
}

}  // namespace defender::ctl
