/// Statistics of a load: what was answered, and how long that took.
///
/// Times are milliseconds. A percentile is the smallest value that at least so many percent of all do not
/// exceed. Thread-safety: one thread at a time.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace defender::bench {

/// {"p50", "p90", "p99", "max", "mean"} of the times; {} where there is none.
nlohmann::json distribution(std::vector<double> times);

/// What became of one message.
struct Outcome {
    std::string kind;       ///< the answer; "lost" where there was none
    double whole = 0;       ///< from before the first octet to the answer
    double end = 0;         ///< from the end of the message on; of all milters of a chain together
    std::string problem{};  ///< why it was lost
    bool early = false;     ///< a milter had its answer before it had heard all
};

/// {"messages", "replies", "early", "whole_ms", "end_ms"}, and "problem": why the first that was lost was
/// lost. The times are of those that were answered.
nlohmann::json summary(const std::vector<Outcome>& outcomes);

}  // namespace defender::bench
