/// `defenderctl stats`, as commands.hpp has the other subcommands.
///
/// Thread-safety: one thread.
#pragma once

#include "ctl/commands.hpp"

namespace defender::ctl {

void add_stats(CLI::App& app, Context& context);

}  // namespace defender::ctl
