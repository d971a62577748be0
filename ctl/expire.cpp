// defenderctl expire: deletes records and forwarding sightings that are older than they are to be kept.
#include <iostream>
#include <optional>

#include "common/base/utc_clock.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"

namespace defender::ctl {
namespace {

constexpr UtcSeconds seconds_per_day = 86400;

struct ExpireOptions {
    std::string before;
    std::string now;
    bool local = false;
    bool json = false;
};

std::string check_moment(const std::string& text) {
    return parse_rfc3339(text) ? std::string() : text + " is no RFC 3339 time such as 2026-05-01T00:00:00Z";
}

UtcSeconds limit_of(const ExpireOptions& options, UtcSeconds now, unsigned keep_days) {
    if (const auto before = parse_rfc3339(options.before)) return *before;
    return now - UtcSeconds{keep_days} * seconds_per_day;
}

Result<std::uint64_t> expire_records(const config::StoreSettings& where, bool local, UtcSeconds before) {
    if (local) return store::expire_local_records(where, before);
    auto store = store::open_records(where, store::OpenMode::read_write);
    if (!store) return store.error();
    return store.value()->expire(before);
}

void expire(const ExpireOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    auto where = settings->store;
    if (options.local) where.postgresql.clear();
    if (!store_is_there(where, context)) return;
    const auto now = parse_rfc3339(options.now).value_or(utc_now());
    const auto before = limit_of(options, now, where.keep_days);
    const auto expired = expire_records(where, options.local, before);
    if (!expired) return fail(context, expired.error());
    // --before is about records; sightings are kept for their own time.
    const auto sightings =
        store::expire_sightings(where, store::first_day_that_counts(settings->indirect.keep_days, now));
    if (!sightings) return fail(context, sightings.error());
    if (options.json) {
        std::cout << store::json_text({{"before", to_rfc3339(before)},
                                       {"expired", *expired},
                                       {"expired_sightings", *sightings}})
                  << '\n';
    } else {
        std::cout << *expired << " records received before " << to_rfc3339(before) << " deleted\n";
    }
}

}  // namespace

void add_expire(CLI::App& app, Context& context) {
    const auto options = std::make_shared<ExpireOptions>();
    auto* command =
        app.add_subcommand("expire", "Delete records older than store.keep, or than a given time");
    const CLI::Validator moment(check_moment, "RFC3339");
    auto* before =
        command->add_option("--before", options->before, "Delete what was received before this time")
            ->check(moment);
    command->add_option("--now", options->now, "Count store.keep back from this time instead of the present")
        ->check(moment)
        ->excludes(before);
    command->add_flag("--local", options->local,
                      "Only in this host's file; what has moved to PostgreSQL is left to others");
    command->add_flag("--json", options->json, "For machines: one object");
    command->callback([options, &context] { expire(*options, context); });
}

}  // namespace defender::ctl
