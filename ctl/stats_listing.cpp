#include "ctl/stats_listing.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using store::Json;

constexpr std::string_view all = "all";
constexpr std::string_view total = "total";
constexpr std::string_view line_end = "\r\n";

bool always_shown(const StatsColumn& column) {
    return column.name == "messages" || column.name == "pass" || column.name == "fail";
}

std::vector<StatsColumn> shown_columns(const std::vector<StatsGroup>& groups) {
    std::vector<StatsColumn> shown;
    for (const auto& column : stats_columns) {
        const auto counted = [&](const StatsGroup& group) { return group.counts.*column.count > 0; };
        if (always_shown(column) || std::any_of(groups.begin(), groups.end(), counted)) {
            shown.push_back(column);
        }
    }
    return shown;
}

std::string upper(std::string_view name) {
    std::string text(name);
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

std::string table_text(std::string_view heading, const std::vector<StatsGroup>& groups) {
    const auto columns = shown_columns(groups);
    std::vector<TextRow> rows{{upper(heading)}};
    for (const auto& column : columns) rows.front().push_back(upper(column.name));
    for (const auto& group : groups) {
        TextRow row{group.name};
        for (const auto& column : columns) row.push_back(std::to_string(group.counts.*column.count));
        rows.push_back(std::move(row));
    }
    return text_table(rows);
}

std::string period_text(const StatsListing& listing) {
    return "Messages received from " + (listing.since ? to_rfc3339(*listing.since) : "the first record") +
           " to " + (listing.until ? to_rfc3339(*listing.until) : "the last") + "\n";
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += c;
        quoted += c;
    }
    return quoted + '"';
}

std::string csv_line(std::string_view by, std::string_view group, const StatsCounts& counts) {
    auto line = csv_field(by) + "," + csv_field(group);
    for (const auto& column : stats_columns) line += "," + std::to_string(counts.*column.count);
    return line.append(line_end);
}

Json counts_json(const StatsCounts& counts) {
    Json object;
    for (const auto& column : stats_columns) object[std::string(column.name)] = counts.*column.count;
    return object;
}

Json table_json(const StatsTable& table) {
    auto groups = Json::array();
    for (const auto& group : table.groups) {
        Json object{{"name", group.name}};
        object.update(counts_json(group.counts));
        groups.push_back(std::move(object));
    }
    return {{"by", to_string(table.by)}, {"groups", std::move(groups)}, {"left_out", table.left_out}};
}

Json moment_json(const std::optional<UtcSeconds>& moment) {
    return moment ? Json(to_rfc3339(*moment)) : Json(nullptr);
}

}  // namespace

std::string stats_text(const StatsListing& listing) {
    auto text = period_text(listing) + "\n" + table_text(all, {{std::string(total), listing.totals}});
    for (const auto& table : listing.tables) {
        if (!table.groups.empty()) text += "\n" + table_text(to_string(table.by), table.groups);
    }
    return text;
}

std::string stats_csv(const StatsListing& listing) {
    std::string text = "by,group";
    for (const auto& column : stats_columns) text.append(",").append(column.name);
    text.append(line_end);
    text += csv_line(all, total, listing.totals);
    for (const auto& table : listing.tables) {
        for (const auto& group : table.groups)
            text += csv_line(to_string(table.by), group.name, group.counts);
    }
    return text;
}

Json stats_json(const StatsListing& listing) {
    auto tables = Json::array();
    for (const auto& table : listing.tables) tables.push_back(table_json(table));
    return {{"since", moment_json(listing.since)},
            {"until", moment_json(listing.until)},
            {"totals", counts_json(listing.totals)},
            {"tables", std::move(tables)}};
}

}  // namespace defender::ctl
