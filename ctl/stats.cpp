#include "ctl/stats.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "common/base/ip_prefix.hpp"
#include "common/store/json_fields.hpp"

namespace defender::ctl {
namespace {

/// What one sender mostly has of each kind of address.
constexpr unsigned ipv4_network_bits = 24;
constexpr unsigned ipv6_network_bits = 48;

std::string network_of(const std::string& client) {
    const auto address = IpAddress::parse(client);
    if (!address) return std::string(no_client_network);
    return IpPrefix::around(*address, address->is_v4() ? ipv4_network_bits : ipv6_network_bits).to_string();
}

/// The types in a column of reasons, each once.
std::set<std::string> override_types(const std::string& reasons) {
    std::set<std::string> types;
    const auto list = store::Json::parse(reasons, nullptr, false);
    if (!list.is_array()) return types;
    for (const auto& reason : list) {
        if (reason.is_object() && reason.contains("type") && reason["type"].is_string()) {
            types.insert(reason["type"].get<std::string>());
        }
    }
    return types;
}

void count_result(const store::RecordSummary& record, StatsCounts& counts) {
    if (record.exemption != "no") {
        counts.exempt = 1;
    } else if (record.failed) {
        counts.failed = 1;
    } else {
        counts.pass = record.result == "pass";
        counts.fail = record.result == "fail";
        counts.none = record.result == "none";
        counts.temperror = record.result == "temperror";
        counts.permerror = record.result == "permerror";
    }
}

StatsCounts counts_of(const store::RecordSummary& record) {
    StatsCounts counts;
    counts.messages = 1;
    count_result(record, counts);
    counts.quarantine = record.disposition == "quarantine";
    counts.reject = record.disposition == "reject";
    counts.tagged = record.action == "tag";
    counts.held = record.action == "hold";
    counts.refused = record.action == "reject";
    counts.deferred = record.action == "tempfail";
    return counts;
}

bool weightier(const StatsGroup& a, const StatsGroup& b) {
    return std::tie(b.counts.fail, b.counts.messages, a.name) <
           std::tie(a.counts.fail, a.counts.messages, b.name);
}

bool more_messages(const StatsGroup& a, const StatsGroup& b) {
    return std::tie(b.counts.messages, a.name) < std::tie(a.counts.messages, b.name);
}

bool earlier(const StatsGroup& a, const StatsGroup& b) {
    return a.name < b.name;
}

auto order_of(StatsBy by) {
    if (by == StatsBy::day) return earlier;
    return by == StatsBy::override_type ? more_messages : weightier;
}

}  // namespace

std::string_view to_string(StatsBy by) noexcept {
    switch (by) {
        case StatsBy::day:
            return "day";
        case StatsBy::domain:
            return "domain";
        case StatsBy::source:
            return "source";
        case StatsBy::override_type:
            return "override";
    }
    return "";
}

std::optional<StatsBy> stats_by_from(std::string_view name) noexcept {
    for (const auto by : stats_kinds) {
        if (to_string(by) == name) return by;
    }
    return std::nullopt;
}

void StatsCounts::add(const StatsCounts& other) {
    for (const auto& column : stats_columns) this->*column.count += other.*column.count;
}

void Stats::add(const store::RecordSummary& record) {
    auto message = counts_of(record);
    const auto overrides = override_types(record.reasons);
    message.overridden = !overrides.empty();
    totals_.add(message);
    count(StatsBy::day, UtcDay::of(record.received_at).to_string(), message);
    count(StatsBy::domain,
          record.author_domain.empty() ? std::string(no_author_domain) : record.author_domain, message);
    count(StatsBy::source, network_of(record.client), message);
    for (const auto& type : overrides) count(StatsBy::override_type, type, message);
}

void Stats::count(StatsBy by, const std::string& name, const StatsCounts& message) {
    auto& kind = kind_of(by);
    kind.groups[name].add(message);
    if (kind.groups.size() > max_groups_) merge_small(kind);
}

void Stats::merge_small(Kind& kind) const {
    std::vector<StatsGroup> groups;
    groups.reserve(kind.groups.size());
    for (const auto& [name, counts] : kind.groups) groups.push_back({name, counts});
    const auto kept = groups.begin() + static_cast<std::ptrdiff_t>(max_groups_ / 2);
    std::nth_element(groups.begin(), kept, groups.end(), weightier);
    for (auto small = kept; small != groups.end(); ++small) {
        kind.others.add(small->counts);
        kind.groups.erase(small->name);
    }
}

std::vector<StatsGroup> Stats::groups(StatsBy by) const {
    const auto& kind = kinds_[static_cast<std::size_t>(by)];
    std::vector<StatsGroup> sorted;
    sorted.reserve(kind.groups.size() + 1);
    for (const auto& [name, counts] : kind.groups) sorted.push_back({name, counts});
    std::sort(sorted.begin(), sorted.end(), order_of(by));
    if (kind.others.messages > 0) sorted.push_back({std::string(other_groups), kind.others});
    return sorted;
}

}  // namespace defender::ctl
