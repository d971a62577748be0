// defenderctl report suppress: destinations that get no report for a time.
#include <iostream>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/report_listing.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

constexpr UtcSeconds seconds_per_day = 86400;

struct SuppressOptions {
    std::string destination;
    std::string now;
    unsigned days = 30;
    bool lift = false;
    bool list = false;
    bool json = false;
};

/// An address or a domain in the form of the store; nothing where it is neither.
std::optional<std::string> normal_destination(const std::string& text) {
    const auto at = text.rfind('@');
    const auto domain = DomainName::parse(at == std::string::npos ? text : text.substr(at + 1));
    if (!domain || at == 0) return std::nullopt;
    return at == std::string::npos ? domain->text()
                                   : text::to_lower(text.substr(0, at)) + "@" + domain->text();
}

std::string check_destination(const std::string& text) {
    return normal_destination(text) ? std::string() : text + " is neither an address nor a domain name";
}

void show_all(store::ReportStore& store, bool json, Context& context) {
    const auto all = store.suppressions();
    if (!all) return fail(context, all.error());
    if (json) {
        std::cout << store::json_text(suppressions_json(*all)) << '\n';
    } else {
        std::cout << suppressions_text(*all);
    }
}

void lift(store::ReportStore& store, const std::string& destination, bool json, Context& context) {
    const auto lifted = store.lift_suppression(destination);
    if (!lifted) return fail(context, lifted.error());
    if (!*lifted) return fail(context, Error{cell(destination) + " is not suppressed"});
    if (json) {
        std::cout << store::json_text({{"destination", destination}, {"lifted", true}}) << '\n';
    } else {
        std::cout << cell(destination) << " gets reports again\n";
    }
}

void put(store::ReportStore& store, const store::Suppression& suppression, bool json, Context& context) {
    const auto done = store.suppress(suppression);
    if (!done) return fail(context, done.error());
    if (json) {
        std::cout << store::json_text(suppressions_json({suppression}).front()) << '\n';
    } else {
        std::cout << cell(suppression.destination) << " gets no reports until "
                  << to_rfc3339(suppression.until) << '\n';
    }
}

void suppress(const SuppressOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto mode = options.list ? store::OpenMode::read_only : store::OpenMode::read_write;
    const auto store = open_report_store(*settings, mode, context);
    if (!store) return;
    if (options.list) return show_all(*store, options.json, context);
    const auto destination = normal_destination(options.destination).value();
    if (options.lift) return lift(*store, destination, options.json, context);
    const auto until = moment_of(options.now) + UtcSeconds{options.days} * seconds_per_day;
    put(*store, {destination, until, 0, "by the operator"}, options.json, context);
}

}  // namespace

void add_report_suppress(CLI::App& report, Context& context) {
    const auto options = std::make_shared<SuppressOptions>();
    auto* command = report.add_subcommand("suppress", "Send no reports to an address or domain for a time");
    auto* destination = command->add_option("destination", options->destination, "An address or a domain")
                            ->check(CLI::Validator(check_destination, "ADDRESS|DOMAIN"));
    auto* days = command->add_option("--for", options->days, "For so many days")
                     ->type_name("DAYS")
                     ->capture_default_str()
                     ->check(CLI::Range(1U, 3650U));
    auto* lift = command->add_flag("--lift", options->lift, "Send reports there again")->excludes(days);
    command->add_flag("--list", options->list, "Show who is suppressed, until when and why")
        ->excludes(destination)
        ->excludes(days)
        ->excludes(lift);
    add_now(*command, options->now);
    command->add_flag("--json", options->json, "For machines: an object, or an array for --list");
    command->callback([options, &context] {
        if (!options->list && options->destination.empty()) {
            throw CLI::RequiredError("destination, or --list");
        }
        suppress(*options, context);
    });
}

}  // namespace defender::ctl
