/// Counts of log lines by id, since the program began.
///
/// log::write() counts each line, whether or not log.level shows it. Every id of the table is there from the
/// beginning, with nought, so that the first line of a kind can be seen as an increase. Thread-safe, without
/// a lock.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/line_count.hpp"

namespace defender::log {

/// Ids that are not in the table are not counted.
void count_line(std::string_view id) noexcept;
/// In the order of the ids.
[[nodiscard]] std::vector<LineCount> line_counts();

}  // namespace defender::log
