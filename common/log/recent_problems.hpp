/// The last warnings and errors that were logged, for `defenderctl status`.
///
/// log::write() notes each line of level warning and above, whatever the level that is shown. Bounded.
/// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "common/base/utc_time.hpp"

namespace defender::log {

struct Problem {
    UtcSeconds time = 0;
    std::string id;
    std::string line;  ///< as format_line() made it
};

void note_problem(Problem problem);
/// Newest last, at most 20.
[[nodiscard]] std::vector<Problem> recent_problems();

}  // namespace defender::log
