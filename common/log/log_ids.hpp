/// The ids of log lines, what each means and what an operator is to do.
///
/// Whoever logs a new id adds its row here; a test finds ids in the sources that have none, and
/// defender-log(7) is made from the table. Thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/log/log.hpp"

namespace defender::log {

struct LogId {
    std::string_view id;
    std::string_view meaning;
    std::string_view advice;  ///< empty: nothing to do
    Level level = Level::info;
};
/// "debug", "info", "warning", "error".
[[nodiscard]] std::string_view to_string(Level level) noexcept;

/// In the order of the ids.
[[nodiscard]] std::span<const LogId> log_ids();

/// defender-log(7), as roff.
[[nodiscard]] std::string log_man_page();

}  // namespace defender::log
