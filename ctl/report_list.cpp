// defenderctl report list: what was sent, to whom, with what answer.
#include <iostream>

#include "common/store/json_fields.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/report_listing.hpp"

namespace defender::ctl {
namespace {

using store::DeliveryState;

constexpr DeliveryState states[] = {DeliveryState::made,   DeliveryState::verified, DeliveryState::sending,
                                    DeliveryState::sent,   DeliveryState::retry,    DeliveryState::given_up,
                                    DeliveryState::skipped};

struct ListOptions {
    ReportChoice choice;
    std::string state;
    std::uint64_t limit = 1000;
    bool json = false;
};

std::optional<DeliveryState> state_named(const std::string& name) {
    for (const auto state : states) {
        if (store::to_string(state) == name) return state;
    }
    return std::nullopt;
}

std::vector<std::string> state_names() {
    std::vector<std::string> names;
    for (const auto state : states) names.emplace_back(store::to_string(state));
    return names;
}

void list(const ListOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_report_store(*settings, store::OpenMode::read_only, context);
    if (!store) return;
    store::DeliveryFilter filter;
    filter.day = day_of(options.choice);
    filter.policy_domain = domain_of(options.choice);
    filter.state = state_named(options.state);
    filter.limit = options.limit;
    const auto listings = store->list(filter);
    if (!listings) return fail(context, listings.error());
    if (options.json) {
        std::cout << store::json_text(deliveries_json(*listings)) << '\n';
        return;
    }
    std::cout << deliveries_text(*listings);
    if (listings->size() == options.limit) {
        std::cerr << "defenderctl: only the first " << options.limit << "; --limit shows more\n";
    }
}

}  // namespace

void add_report_list(CLI::App& report, Context& context) {
    const auto options = std::make_shared<ListOptions>();
    auto* command = report.add_subcommand("list", "Deliveries: what went where, and with what answer");
    add_choice(*command, options->choice);
    command->add_option("--state", options->state, "Only deliveries in this state")
        ->check(CLI::IsMember(state_names()));
    command->add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000000000}));
    command->add_flag("--json", options->json, "For machines: an array of objects");
    command->callback([options, &context] { list(*options, context); });
}

}  // namespace defender::ctl
