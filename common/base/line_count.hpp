/// LineCount: how often a kind of log line was written; what the log counts and metrics show.
///
/// Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <string_view>

namespace defender {

struct LineCount {
    std::string_view id;     ///< of a table that lives as long as the program
    std::string_view level;  ///< "warning"
    std::uint64_t lines = 0;
};

}  // namespace defender
