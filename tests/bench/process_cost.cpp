#include "tests/bench/process_cost.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "common/base/text.hpp"

namespace defender::bench {
namespace {

/// The figures of /proc/PID/stat that stand behind the program's name (proc(5)); empty where the process has
/// gone.
std::vector<std::string> stat_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    const auto end = all.rfind(')');  // a name may have blanks and parentheses in it
    if (end == std::string::npos) return {};
    std::istringstream rest(all.substr(end + 1));
    return {std::istream_iterator<std::string>(rest), {}};
}

std::vector<pid_t> with_descendants(std::vector<pid_t> family) {
    std::multimap<pid_t, pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto pid = text::parse_unsigned(entry.path().filename().string());
        if (!pid) continue;
        const auto stat = stat_of(static_cast<pid_t>(*pid));
        if (stat.size() > 1) children.emplace(std::stoi(stat[1]), static_cast<pid_t>(*pid));
    }
    for (std::size_t at = 0; at < family.size(); ++at) {
        const auto [first, last] = children.equal_range(family[at]);
        std::for_each(first, last, [&](const auto& pair) { family.push_back(pair.second); });
    }
    return family;
}

/// Kilobytes of a line of /proc/PID/status.
std::uint64_t kilobytes(pid_t pid, const std::string& name) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    while (status >> word) {
        std::uint64_t value = 0;
        if (word == name && status >> value) return value;
    }
    return 0;
}

/// All threads' time so far, those that have ended included. A clock of the kernel's with nanoseconds: the
/// ticks of /proc/PID/stat are too coarse for what few messages cost.
double milliseconds_of(pid_t pid) {
    clockid_t clock = 0;
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace

ProcessCost cost_of(const std::vector<pid_t>& roots) {
    static const auto ticks_per_ms = static_cast<double>(sysconf(_SC_CLK_TCK)) / 1000;
    constexpr std::size_t time_of_children = 13;  // user's and the system's, of those that were waited for
    ProcessCost cost;
    for (const pid_t pid : with_descendants(roots)) {
        const auto stat = stat_of(pid);
        if (stat.size() < time_of_children + 2) continue;
        const double ticks = std::stod(stat[time_of_children]) + std::stod(stat[time_of_children + 1]);
        cost.processor_ms += milliseconds_of(pid) + ticks / ticks_per_ms;
        cost.resident_kb += kilobytes(pid, "VmRSS:");
        cost.peak_kb += kilobytes(pid, "VmHWM:");
        ++cost.processes;
    }
    return cost;
}

void restart_peaks(const std::vector<pid_t>& roots) {
    for (const pid_t pid : with_descendants(roots)) {
        std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5\n";
    }
}

}  // namespace defender::bench
