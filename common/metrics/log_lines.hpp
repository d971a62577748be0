/// Log lines as a metric: defender_log_lines_total{id,level}, so that whatever is logged can be alerted on.
///
/// The log is one for the whole program, and so is where its counts come from. Thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "common/base/line_count.hpp"

namespace defender::metrics {

/// From now on every Metrics shows these counts; `source` is called whenever somebody looks, by any thread.
void show_log_lines(std::function<std::vector<LineCount>()> source);

}  // namespace defender::metrics
