/// The subcommands of `defenderctl report`, and what they share.
///
/// Each file registers one below the command `report`. Times are RFC 3339, days are 2026-05-01, both UTC.
/// Thread-safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/base/utc_time.hpp"
#include "common/store/report_store.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"

namespace defender::ctl {

void add_report_list(CLI::App& report, Context& context);
void add_report_preview(CLI::App& report, Context& context);
void add_report_resend(CLI::App& report, Context& context);
void add_report_send(CLI::App& report, Context& context);
void add_report_show(CLI::App& report, Context& context);
void add_report_suppress(CLI::App& report, Context& context);

/// Which reports a command is about, as the operator typed it.
struct ReportChoice {
    std::string day;
    std::string domain;
};
/// Adds --day and --domain; what is no day or no domain is wrong usage.
void add_choice(CLI::App& command, ReportChoice& choice);
[[nodiscard]] std::optional<UtcDay> day_of(const ReportChoice& choice);
/// In the form of the store (lower-case A-labels); empty: any.
[[nodiscard]] std::string domain_of(const ReportChoice& choice);

/// Adds --now; nothing given means the present.
void add_now(CLI::App& command, std::string& now);
[[nodiscard]] UtcSeconds moment_of(const std::string& now);

/// The reports of the settings' store, which must be there already: looking makes none. On failure it is
/// said, the exit status is set, and there is nothing.
[[nodiscard]] std::unique_ptr<store::ReportStore> open_report_store(const config::Settings& settings,
                                                                    store::OpenMode mode, Context& context);

}  // namespace defender::ctl
