// defenderctl report: aggregate reports, what became of them, and who gets none.

#include "common/base/domain_name.hpp"
#include "common/base/utc_clock.hpp"
#include "ctl/report_commands.hpp"

namespace defender::ctl {
namespace {

std::optional<UtcDay> parse_day(const std::string& text) {
    if (text.size() != 10) return std::nullopt;
    const auto begin = parse_rfc3339(text + "T00:00:00Z");
    return begin ? std::optional(UtcDay::of(*begin)) : std::nullopt;
}

std::string check_day(const std::string& text) {
    return parse_day(text) ? std::string() : text + " is no day such as 2026-05-01";
}
std::string check_domain(const std::string& text) {
    return DomainName::parse(text) ? std::string() : text + " is no domain name";
}
std::string check_moment(const std::string& text) {
    return parse_rfc3339(text) ? std::string() : text + " is no RFC 3339 time such as 2026-05-01T00:00:00Z";
}

}  // namespace

void add_choice(CLI::App& command, ReportChoice& choice) {
    command.add_option("--day", choice.day, "Only reports about this day (UTC)")
        ->check(CLI::Validator(check_day, "YYYY-MM-DD"));
    command.add_option("--domain", choice.domain, "Only reports about this policy domain")
        ->check(CLI::Validator(check_domain, "DOMAIN"));
}

std::optional<UtcDay> day_of(const ReportChoice& choice) {
    return parse_day(choice.day);
}

std::string domain_of(const ReportChoice& choice) {
    const auto domain = DomainName::parse(choice.domain);
    return domain ? domain->text() : std::string();
}

void add_now(CLI::App& command, std::string& now) {
    command.add_option("--now", now, "Take this moment as the present")
        ->check(CLI::Validator(check_moment, "RFC3339"));
}

UtcSeconds moment_of(const std::string& now) {
    return parse_rfc3339(now).value_or(utc_now());
}

std::unique_ptr<store::ReportStore> open_report_store(const config::Settings& settings, store::OpenMode mode,
                                                      Context& context) {
    if (!store_is_there(settings.store, context)) return nullptr;
    auto store = store::open_reports(settings.store, mode);
    if (!store) {
        fail(context, store.error());
        return nullptr;
    }
    return std::move(store).value();
}

void add_report(CLI::App& app, Context& context) {
    auto* report = app.add_subcommand("report", "Aggregate reports: look, send, send again, hold back");
    report->require_subcommand(1);
    add_report_preview(*report, context);
    add_report_send(*report, context);
    add_report_list(*report, context);
    add_report_show(*report, context);
    add_report_resend(*report, context);
    add_report_suppress(*report, context);
}

}  // namespace defender::ctl
