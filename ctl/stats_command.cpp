// defenderctl stats: which domains, networks and overrides the messages that are stored were of, by day.
#include "ctl/stats_command.hpp"

#include <iostream>

#include "common/store/json_fields.hpp"
#include "ctl/moment.hpp"
#include "ctl/progress.hpp"
#include "ctl/stats_listing.hpp"

namespace defender::ctl {
namespace {

struct StatsOptions {
    std::string since;
    std::string until;
    std::string by;
    std::uint64_t limit = 10;
    bool csv = false;
    bool json = false;
};

/// Progress is told once for so many records.
constexpr std::uint64_t progress_step = 10000;

store::ScanPeriod period_of(const StatsOptions& options) {
    store::ScanPeriod period;
    period.since = parse_moment(options.since).value_or(period.since);
    period.until = parse_moment(options.until).value_or(period.until);
    return period;
}

Status count(store::RecordScan& records, const store::ScanPeriod& period, Stats& stats) {
    const auto all = records.count_within(period);
    if (!all) return all.error();
    Progress progress(std::cerr, errors_go_to_a_terminal(), "counting");
    const auto done = records.summarize(period, [&](store::RecordSummary&& record) {
        stats.add(record);
        const auto counted = stats.totals().messages;
        if (counted % progress_step == 0) progress.update(counted, *all);
    });
    if (done) progress.finish();
    return done;
}

/// Of days the last ones are shown, of all else the first.
StatsTable table_of(const Stats& stats, StatsBy by, std::uint64_t limit) {
    StatsTable table{by, stats.groups(by), 0};
    if (table.groups.size() <= limit) return table;
    table.left_out = table.groups.size() - limit;
    const auto from = by == StatsBy::day ? table.left_out : 0;
    const auto first = table.groups.begin() + static_cast<std::ptrdiff_t>(from);
    table.groups = std::vector<StatsGroup>(first, first + static_cast<std::ptrdiff_t>(limit));
    return table;
}

StatsListing listing_of(const StatsOptions& options, const Stats& stats) {
    StatsListing listing{parse_moment(options.since), parse_moment(options.until), stats.totals(), {}};
    if (const auto by = stats_by_from(options.by)) {
        listing.tables = {table_of(stats, *by, options.limit)};
        return listing;
    }
    for (const auto by : stats_kinds) listing.tables.push_back(table_of(stats, by, options.limit));
    return listing;
}

void say_what_is_missing(const StatsListing& listing) {
    for (const auto& table : listing.tables) {
        if (table.left_out == 0) continue;
        std::cerr << "defenderctl: " << table.left_out << " more by " << to_string(table.by)
                  << " left out; --limit shows more\n";
    }
}

void stats(const StatsOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto records = store::RecordScan::open(settings->store);
    if (!records) return fail(context, records.error());
    Stats counted;
    if (const auto done = count(**records, period_of(options), counted); !done) {
        return fail(context, done.error());
    }
    const auto listing = listing_of(options, counted);
    if (options.json) {
        std::cout << store::json_text(stats_json(listing)) << '\n';
    } else {
        std::cout << (options.csv ? stats_csv(listing) : stats_text(listing));
    }
    say_what_is_missing(listing);
}

}  // namespace

void add_stats(CLI::App& app, Context& context) {
    const auto options = std::make_shared<StatsOptions>();
    auto* command = app.add_subcommand("stats", "Counts by day, author domain, client network and override");
    command->add_option("--since", options->since, "Only messages received at this time or day, or later")
        ->check(is_moment());
    command->add_option("--until", options->until, "Only messages received before this time or day")
        ->check(is_moment());
    std::vector<std::string> kinds;
    for (const auto by : stats_kinds) kinds.emplace_back(to_string(by));
    command->add_option("--by", options->by, "One table alone")->check(CLI::IsMember(kinds));
    command->add_option("--limit", options->limit, "At most so many lines in a table")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000000}));
    auto* csv = command->add_flag("--csv", options->csv, "For spreadsheets: one line for each group");
    command->add_flag("--json", options->json, "For machines: one object")->excludes(csv);
    command->callback([options, &context] { stats(*options, context); });
}

}  // namespace defender::ctl
