// defenderctl what-if: what other settings would have made of the messages that are stored.
#include <iostream>
#include <limits>

#include "common/base/domain_name.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_scan.hpp"
#include "ctl/commands.hpp"
#include "ctl/judging_again.hpp"
#include "ctl/moment.hpp"
#include "ctl/progress.hpp"
#include "ctl/what_if_listing.hpp"

namespace defender::ctl {
namespace {

struct WhatIfOptions {
    std::string since;
    std::vector<std::string> assignments;
    std::string messages_of;
    bool list = false;
    std::uint64_t limit = 100;
    bool json = false;
};

std::string check_domain(const std::string& text) {
    return DomainName::parse(text) ? std::string() : text + " is no domain name";
}

WhatIfLimits limits_of(const WhatIfOptions& options) {
    WhatIfLimits limits;
    if (options.list || !options.messages_of.empty()) limits.messages = options.limit;
    if (const auto domain = DomainName::parse(options.messages_of)) limits.author_domain = domain->text();
    return limits;
}

Status look(store::RecordScan& records, UtcSeconds since, const TwoSettings& settings, WhatIf& what_if) {
    const auto all = records.count_since(since);
    if (!all) return all.error();
    Progress progress(std::cerr, errors_go_to_a_terminal(), "judging again");
    const auto done = judge_all_again(records, since, settings, what_if,
                                      [&](std::uint64_t looked_at) { progress.update(looked_at, *all); });
    if (done) progress.finish();
    return done;
}

WhatIfListing listing_of(const WhatIfOptions& options, const WhatIf& what_if) {
    WhatIfListing listing;
    listing.since = parse_moment(options.since);
    listing.counts = what_if.counts();
    listing.changes = what_if.changes();
    if (listing.changes.size() > options.limit) {
        listing.changes_left_out = listing.changes.size() - options.limit;
        listing.changes.resize(options.limit);
    }
    if (options.list || !options.messages_of.empty()) listing.messages = what_if.messages();
    return listing;
}

void say_what_is_missing(const WhatIfListing& listing, const WhatIf& what_if) {
    if (listing.changes_left_out > 0) {
        std::cerr << "defenderctl: " << listing.changes_left_out
                  << " rarer changes left out; --limit shows more\n";
    }
    if (!what_if.first_unreadable().empty()) {
        std::cerr << "defenderctl: not all records can be read: " << what_if.first_unreadable() << '\n';
    }
}

void what_if(const WhatIfOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    auto changed = change_by(*settings, options.assignments);
    if (!changed.settings) {
        for (const auto& error : changed.errors) std::cerr << "defenderctl: --set " << error << '\n';
        context.exit_status = exit_usage;
        return;
    }
    const auto records = store::RecordScan::open(settings->store);
    if (!records) return fail(context, records.error());
    const TwoSettings both{auth::judge_settings(*settings), auth::judge_settings(*changed.settings)};
    const auto since = parse_moment(options.since).value_or(std::numeric_limits<UtcSeconds>::min());
    WhatIf found(limits_of(options));
    if (const auto done = look(**records, since, both, found); !done) return fail(context, done.error());
    auto listing = listing_of(options, found);
    listing.settings = std::move(changed.differences);
    std::cout << (options.json ? store::json_text(what_if_json(listing)) + "\n" : what_if_text(listing));
    say_what_is_missing(listing, found);
}

}  // namespace

void add_what_if(CLI::App& app, Context& context) {
    const auto options = std::make_shared<WhatIfOptions>();
    auto* command = app.add_subcommand("what-if", "What other settings would have made of stored messages");
    command->add_option("--since", options->since, "Only messages received at this time or day, or later")
        ->check(is_moment());
    command->add_option("--set", options->assignments, "A setting and its changed value; may be given again")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    auto* messages =
        command->add_option("--messages", options->messages_of, "List the messages of this author domain")
            ->check(CLI::Validator(check_domain, "DOMAIN"));
    command->add_flag("--list", options->list, "List the messages of all author domains")->excludes(messages);
    command->add_option("--limit", options->limit, "At most so many changes, and so many messages")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000000}));
    command->add_flag("--json", options->json, "For machines: one object");
    command->callback([options, &context] { what_if(*options, context); });
}

}  // namespace defender::ctl
