// defenderctl report show: everything about one report: to whom, each step, each answer, who was skipped and
// why.
#include <iostream>

#include "common/store/json_fields.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/report_listing.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

struct ShowOptions {
    std::string report_id;
    bool json = false;
};

Result<std::vector<DeliveryStory>> stories_of(store::ReportStore& store,
                                              const std::vector<store::DeliveryListing>& listings) {
    std::vector<DeliveryStory> stories;
    for (const auto& listing : listings) {
        auto steps = store.history(listing.delivery.id);
        if (!steps) return steps.error();
        stories.push_back({listing.delivery, std::move(steps).value()});
    }
    return stories;
}

void show(const ShowOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_report_store(*settings, store::OpenMode::read_only, context);
    if (!store) return;
    store::DeliveryFilter filter;
    filter.report_id = options.report_id;
    const auto listings = store->list(filter);
    if (!listings) return fail(context, listings.error());
    if (listings->empty()) return fail(context, Error{"no report with the id " + cell(options.report_id)});
    const auto stories = stories_of(*store, *listings);
    if (!stories) return fail(context, stories.error());
    const auto& document = listings->front().document;
    if (options.json) {
        std::cout << store::json_text(story_json(document, *stories)) << '\n';
    } else {
        std::cout << story_text(document, *stories);
    }
}

}  // namespace

void add_report_show(CLI::App& report, Context& context) {
    const auto options = std::make_shared<ShowOptions>();
    auto* command = report.add_subcommand("show", "One report: where it went, each step and each answer");
    command->add_option("report-id", options->report_id, "As `report list` and the mail have it")->required();
    command->add_flag("--json", options->json, "For machines: one object");
    command->callback([options, &context] { show(*options, context); });
}

}  // namespace defender::ctl
