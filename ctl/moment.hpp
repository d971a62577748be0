/// Moments on the command line: a time as in RFC 3339, or a day in UTC, which stands for its first second.
///
/// Thread-safety: pure functions.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "common/base/utc_time.hpp"

namespace defender::ctl {

[[nodiscard]] std::optional<UtcSeconds> parse_moment(const std::string& text);

/// Lets the command line take only what parse_moment() reads.
[[nodiscard]] CLI::Validator is_moment();

}  // namespace defender::ctl
