// defenderctl forwarders: which clients are known as forwarders, and the operator's word on them.
#include <iostream>

#include "common/base/ip_prefix.hpp"
#include "common/base/utc_clock.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"
#include "ctl/forwarder_listing.hpp"

namespace defender::ctl {
namespace {

using auth::ForwarderStatus;

struct ForwarderOptions {
    std::string network;
    std::string comment;
    bool all = false;
    bool json = false;
};
using Options = std::shared_ptr<ForwarderOptions>;

std::string check_network(const std::string& text) {
    return IpPrefix::parse(text) ? std::string() : text + " is no address or network such as 192.0.2.0/24";
}

std::unique_ptr<store::Forwarders> open_store(const config::Settings& settings, store::OpenMode mode,
                                              Context& context) {
    if (!store_is_there(settings.store, context)) return nullptr;
    auto store = store::open_forwarders(settings.store, mode);
    if (!store) {
        fail(context, store.error());
        return nullptr;
    }
    return std::move(store).value();
}

void list(const ForwarderOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_store(*settings, store::OpenMode::read_only, context);
    if (!store) return;
    const auto terms = store::learning_terms(settings->indirect, utc_now());
    const auto listed = store->list(terms, options.all);
    if (!listed) return fail(context, listed.error());
    if (options.json) {
        std::cout << store::json_text(forwarders_json(*listed)) << '\n';
    } else {
        std::cout << forwarders_text(*listed);
    }
}

void rule(const ForwarderOptions& options, ForwarderStatus status, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_store(*settings, store::OpenMode::read_write, context);
    if (!store) return;
    const store::ForwarderRuling ruling{IpPrefix::parse(options.network)->to_string(), status, utc_now(),
                                        options.comment};
    if (const auto done = store->rule(ruling); !done) return fail(context, done.error());
    if (options.json) {
        std::cout << store::json_text(ruling_json(ruling)) << '\n';
    } else {
        std::cout << ruling.network << " is " << to_string(status) << " as a forwarder\n";
    }
}

void forget(const ForwarderOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto store = open_store(*settings, store::OpenMode::read_write, context);
    if (!store) return;
    const auto network = IpPrefix::parse(options.network)->to_string();
    const auto forgotten = store->forget(network);
    if (!forgotten) return fail(context, forgotten.error());
    if (!*forgotten) return fail(context, Error{"nothing is known of " + network});
    if (options.json) {
        std::cout << store::json_text({{"network", network}, {"forgotten", true}}) << '\n';
    } else {
        std::cout << network << " is forgotten\n";
    }
}

void add_list(CLI::App& forwarders, const Options& options) {
    auto* command = forwarders.add_subcommand("list", "Show them (the default)");
    command->add_flag("--all", options->all, "Also clients seen with too few domains to be known");
    command->add_flag("--json", options->json, "For machines: an array of objects");
}

CLI::App* add_about_network(CLI::App& forwarders, const Options& options, const char* name,
                            const char* description) {
    auto* command = forwarders.add_subcommand(name, description);
    command->add_option("network", options->network, "An address or a network")
        ->required()
        ->check(CLI::Validator(check_network, "NETWORK"));
    command->add_flag("--json", options->json, "For machines: one object");
    return command;
}

void add_ruling(CLI::App& forwarders, const Options& options, ForwarderStatus status, const char* name,
                const char* description, Context& context) {
    auto* command = add_about_network(forwarders, options, name, description);
    command->add_option("--comment", options->comment, "Why, for those who look at the list")
        ->type_name("TEXT");
    command->callback([options, status, &context] { rule(*options, status, context); });
}

}  // namespace

void add_forwarders(CLI::App& app, Context& context) {
    const auto options = std::make_shared<ForwarderOptions>();
    auto* forwarders = app.add_subcommand("forwarders", "Clients known as forwarders, and your word on them");
    forwarders->require_subcommand(0, 1);
    forwarders->add_flag("--all", options->all, "As of list");
    forwarders->add_flag("--json", options->json, "As of list");
    add_list(*forwarders, options);
    add_ruling(*forwarders, options, ForwarderStatus::confirmed, "confirm",
               "Take a network for forwarders, whatever was learned", context);
    add_ruling(*forwarders, options, ForwarderStatus::denied, "deny", "Never take a network for forwarders",
               context);
    add_about_network(*forwarders, options, "forget",
                      "Take back what was said of a network, and learn it anew")
        ->callback([options, &context] { forget(*options, context); });
    forwarders->callback([forwarders, options, &context] {
        const auto chosen = forwarders->get_subcommands();
        if (chosen.empty() || chosen.front()->get_name() == "list") list(*options, context);
    });
}

}  // namespace defender::ctl
