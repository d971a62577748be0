// defenderctl status: is all well with the milter, the store and the reports, and if not, what to do.
#include <filesystem>
#include <iostream>

#include "common/base/utc_clock.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"
#include "ctl/health.hpp"
#include "ctl/milter_status.hpp"

namespace defender::ctl {
namespace {

constexpr std::chrono::seconds patience{5};

Result<store::Json> milter_status(const std::string& socket_path) {
    if (socket_path.empty()) return Error{"milter.status_socket is not set"};
    return ask_milter(socket_path, patience);
}

Result<store::StoreStatus> status_of(Result<std::unique_ptr<store::RecordStore>> store) {
    if (!store) return store.error();
    return store.value()->status();
}

/// Nothing, too, where the file cannot be read: the store as a whole then says why.
std::optional<store::StoreStatus> journal_status(const config::StoreSettings& settings) {
    if (settings.postgresql.empty() || !std::filesystem::exists(settings.path)) return std::nullopt;
    const auto status = status_of(store::open_sqlite_store(settings.path, store::OpenMode::read_only));
    return status ? std::optional(*status) : std::nullopt;
}

Result<ReportHealth> report_health(const config::Settings& settings) {
    const auto reports = store::open_reports(settings.store, store::OpenMode::read_only);
    if (!reports) return reports.error();
    const auto counts = reports.value()->counts();
    if (!counts) return counts.error();
    const auto next_due =
        reports.value()->next_due(settings.report.delay.count(), settings.report.spread.count());
    if (!next_due) return next_due.error();
    return ReportHealth{*counts, *next_due};
}

Health look(const config::Settings& settings) {
    Health health{utc_now(),
                  milter_status(settings.milter.status_socket),
                  settings.store.path,
                  status_of(store::open_records(settings.store, store::OpenMode::read_only)),
                  journal_status(settings.store),
                  std::nullopt};
    if (settings.report.enabled) health.reports = report_health(settings);
    return health;
}

void show_status(bool json, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto health = look(*settings);
    std::cout << (json ? store::json_text(health_json(health)) + "\n" : health_text(health));
    context.exit_status = troubles(health).empty() ? exit_done : exit_wrong;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
    const auto json = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("status", "Is all well, and if not, what is to be done");
    command->add_flag("--json", *json, "For machines: one object");
    command->callback([json, &context] { show_status(*json, context); });
}

}  // namespace defender::ctl
