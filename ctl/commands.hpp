/// The subcommands of defenderctl: each file registers one with CLI11.
///
/// A subcommand's callback does its work and leaves its exit status in the Context: 0 done, 1 the thing asked
/// about is wrong, 2 wrong usage, 75 try again later. Results go to stdout, errors to stderr. Thread-safety:
/// one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"

namespace defender::ctl {

enum ExitStatus { exit_done = 0, exit_wrong = 1, exit_usage = 2, exit_try_again = 75 };

inline constexpr const char* default_config_path = "/etc/defender/defender.toml";

struct Context {
    std::string config_path;
    int exit_status = exit_done;
};

void add_check(CLI::App& app, Context& context);
void add_expire(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_forwarders(CLI::App& app, Context& context);
void add_migrate(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_what_if(CLI::App& app, Context& context);

/// The settings of context.config_path, or the defaults where that is the default path and no file is there;
/// where they are wrong, says each error on stderr, sets the exit status and gives nothing.
[[nodiscard]] std::shared_ptr<const config::Settings> load_settings(Context& context);

/// Looking makes no store. Where the settings name a file alone and it is not there, says so as fail() does,
/// and is false; a host that only makes reports in PostgreSQL has no file.
[[nodiscard]] bool store_is_there(const config::StoreSettings& settings, Context& context);

/// Says `error` on stderr and sets the exit status: try again later for a store that is busy or away, else
/// wrong.
void fail(Context& context, const Error& error);

}  // namespace defender::ctl
