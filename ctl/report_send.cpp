// defenderctl report send: closes the reports that are asked for and delivers what is due, now, without
// waiting for the reporter.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "common/config/host_name.hpp"
#include "common/log/log.hpp"
#include "common/metrics/metrics.hpp"
#include "common/report/reporting.hpp"
#include "common/report/reporting_tools.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/chosen_reports.hpp"
#include "ctl/progress.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

struct SendOptions {
    ReportChoice choice;
    std::string now;
    bool json = false;
};

/// Tells how far a round is each time that it asks whether to stop.
std::function<bool()> telling(Progress& progress, std::uint64_t all) {
    return [&progress, all, done = std::uint64_t{0}]() mutable {
        progress.update(std::min(done++, all), all);
        return false;
    };
}

Status send_all(report::Reporting& reporting, store::ReportStore& store, UtcSeconds now) {
    const bool terminal = errors_go_to_a_terminal();
    Progress folding(std::cerr, terminal, "folding records");
    const auto folded =
        reporting.fold([&folding](std::uint64_t done, std::uint64_t all) { folding.update(done, all); });
    if (!folded) return folded;
    folding.finish();

    auto counts = store.counts();
    if (!counts) return counts.error();
    Progress closing(std::cerr, terminal, "making reports");
    const auto closed = reporting.close_due(now, telling(closing, counts->open_reports));
    if (!closed) return closed;
    closing.finish();

    counts = store.counts();
    if (!counts) return counts.error();
    Progress delivering(std::cerr, terminal, "sending reports");
    const auto delivered = reporting.deliver_due(now, telling(delivering, counts->waiting));
    if (!delivered) return delivered;
    delivering.finish();
    return Done{};
}

void print(const report::ReportingCounts& counts, bool json) {
    if (json) {
        std::cout << store::json_text({{"folded", counts.folded},
                                       {"closed", counts.closed},
                                       {"failed", counts.failed},
                                       {"documents", counts.documents},
                                       {"sent", counts.sent},
                                       {"waiting", counts.waiting},
                                       {"given_up", counts.given_up},
                                       {"skipped", counts.skipped}})
                  << '\n';
        return;
    }
    std::cout << text_table({{"records folded", std::to_string(counts.folded)},
                             {"reports closed", std::to_string(counts.closed)},
                             {"reports that failed", std::to_string(counts.failed)},
                             {"files made", std::to_string(counts.documents)},
                             {"mails sent", std::to_string(counts.sent)},
                             {"to be tried again", std::to_string(counts.waiting)},
                             {"given up", std::to_string(counts.given_up)},
                             {"skipped", std::to_string(counts.skipped)}});
}

int status_of(const report::ReportingCounts& counts) {
    if (counts.given_up > 0 || counts.failed > 0) return exit_wrong;
    return counts.waiting > 0 ? exit_try_again : exit_done;
}

void send(const SendOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    if (!settings->report.enabled) return fail(context, Error{"report.enabled is false"});
    const auto store = open_report_store(*settings, store::OpenMode::read_write, context);
    if (!store) return;
    const auto reader = open_report_store(*settings, store::OpenMode::read_write, context);
    if (!reader) return;
    log::configure(log::Level::warning, log::Target::stderr_);
    metrics::Metrics metrics;
    const auto tools = report::ReportingTools::make(*settings, metrics.dns());
    if (!tools) return fail(context, tools.error());
    ChosenReports chosen(*store, day_of(options.choice), domain_of(options.choice));
    report::Reporting reporting(tools.value()->parts(chosen, *reader), *settings,
                                config::host_name() + " defenderctl " + std::to_string(::getpid()));
    const auto done = send_all(reporting, chosen, moment_of(options.now));
    print(reporting.counts(), options.json);
    if (!done) return fail(context, done.error());
    context.exit_status = status_of(reporting.counts());
}

}  // namespace

void add_report_send(CLI::App& report, Context& context) {
    const auto options = std::make_shared<SendOptions>();
    auto* command = report.add_subcommand(
        "send", "Close the reports of days that are over, and deliver all that is due, now");
    add_choice(*command, options->choice);
    add_now(*command, options->now);
    command->add_flag("--json", options->json, "For machines: one object");
    command->callback([options, &context] { send(*options, context); });
}

}  // namespace defender::ctl
