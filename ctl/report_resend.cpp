// defenderctl report resend: a report is due again, with the same document.
#include <iostream>
#include <limits>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

struct ResendOptions {
    std::string what;
    std::string now;
    bool json = false;
};

std::optional<std::int64_t> delivery_number(const std::string& text) {
    const auto number = text::parse_unsigned(text);
    if (!number || *number > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return static_cast<std::int64_t>(*number);
}

/// The deliveries that are meant: one by its number, or those of a report. Of a report those that were
/// skipped stay so: nothing was to go there, and most would only be skipped again.
Result<std::vector<std::int64_t>> deliveries_of(store::ReportStore& store, const std::string& what) {
    if (const auto number = delivery_number(what)) {
        const auto steps = store.history(*number);
        if (!steps) return steps.error();
        return steps->empty() ? std::vector<std::int64_t>{} : std::vector{*number};
    }
    store::DeliveryFilter filter;
    filter.report_id = what;
    const auto listings = store.list(filter);
    if (!listings) return listings.error();
    std::vector<std::int64_t> numbers;
    for (const auto& listing : *listings) {
        if (listing.delivery.state != store::DeliveryState::skipped) numbers.push_back(listing.delivery.id);
    }
    return numbers;
}

void print(const std::vector<std::int64_t>& due, const std::vector<std::int64_t>& held, bool json) {
    if (json) {
        std::cout << store::json_text({{"due", due}, {"held", held}}) << '\n';
        return;
    }
    for (const auto number : due) std::cout << "Delivery " << number << " is due again\n";
    for (const auto number : held) std::cout << "Delivery " << number << " is being sent at this moment\n";
}

void resend(const ResendOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_report_store(*settings, store::OpenMode::read_write, context);
    if (!store) return;
    const auto numbers = deliveries_of(*store, options.what);
    if (!numbers) return fail(context, numbers.error());
    if (numbers->empty()) {
        return fail(context, Error{"no report or delivery that was to be sent: " + cell(options.what)});
    }
    std::vector<std::int64_t> due;
    std::vector<std::int64_t> held;
    for (const auto number : *numbers) {
        const auto done = store->resend(number, moment_of(options.now));
        if (!done) return fail(context, done.error());
        (*done ? due : held).push_back(number);
    }
    print(due, held, options.json);
    if (!held.empty()) context.exit_status = exit_try_again;
}

}  // namespace

void add_report_resend(CLI::App& report, Context& context) {
    const auto options = std::make_shared<ResendOptions>();
    auto* command = report.add_subcommand("resend", "Have the reporter send a report again, as it was");
    command->add_option("what", options->what, "A report id, or the number of one delivery")
        ->required()
        ->type_name("REPORT-ID|DELIVERY");
    add_now(*command, options->now);
    command->add_flag("--json", options->json, "For machines: one object");
    command->callback([options, &context] { resend(*options, context); });
}

}  // namespace defender::ctl
