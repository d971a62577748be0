/// ProcessCost: what a program has cost so far, from Linux's /proc and the clocks of its processes: those
/// that are named and all that descend from them, those included that have ended and were waited for.
///
/// Thread-safety: any thread. Failure: a process that has gone counts as nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace defender::bench {

struct ProcessCost {
    double processor_ms = 0;        ///< user and system time
    std::uint64_t resident_kb = 0;  ///< now, of all together
    std::uint64_t peak_kb = 0;      ///< the sum of each one's peak
    std::size_t processes = 0;
};

ProcessCost cost_of(const std::vector<pid_t>& roots);

/// Lets each one's peak begin anew with what it has now; needs the right to (root, or the same account).
void restart_peaks(const std::vector<pid_t>& roots);

}  // namespace defender::bench
