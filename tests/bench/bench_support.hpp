/// What all benchmarks do alike: the clock, a line for each part, and the end.
///
/// Thread-safety: one thread.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/base/result.hpp"

namespace defender::bench {

using Clock = std::chrono::steady_clock;

/// The value, or an exception with the error.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

/// Megabytes that were resident at most.
inline std::uint64_t peak_memory() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        std::uint64_t kilobytes = 0;
        if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
    }
    return 0;
}

/// Time that this program has spent on the processors.
inline std::chrono::duration<double> processor_time() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return std::chrono::duration<double>(seconds(used.ru_utime) + seconds(used.ru_stime));
}

/// What a part takes: of the clock, and of the processors, which tells more where others use them too.
struct Spent {
    std::chrono::duration<double> passed{};
    std::chrono::duration<double> worked{};
};

/// Where a part begins.
class Begin {
  public:
    [[nodiscard]] Spent spent() const { return {Clock::now() - clock_, processor_time() - processors_}; }

  private:
    Clock::time_point clock_ = Clock::now();
    std::chrono::duration<double> processors_ = processor_time();
};

/// The line of one part: its time, its rate, and the peak of the resident memory so far.
inline void print_line(const std::string& part, double amount, int decimals, const std::string& unit,
                       const Spent& spent) {
    std::printf("%-28s %9.*f %-8s %8.1f s %8.1f s of processors %10.*f %s/s   peak %llu MB\n", part.c_str(),
                decimals, amount, unit.c_str(), spent.passed.count(), spent.worked.count(), decimals,
                amount / spent.passed.count(), unit.c_str(), static_cast<unsigned long long>(peak_memory()));
    std::fflush(stdout);
}

inline void print(const std::string& part, std::uint64_t count, const std::string& unit, const Spent& spent) {
    print_line(part, static_cast<double>(count), 0, unit, spent);
}

inline void print(const std::string& part, std::uint64_t count, const std::string& unit, const Begin& began) {
    print(part, count, unit, began.spent());
}

inline void print_megabytes(const std::string& part, std::uint64_t octets, const Spent& spent) {
    print_line(part, static_cast<double>(octets) / 1e6, 1, "MB", spent);
}

/// Runs `measure` with the folder made anew, and removes it where all went well; gives the exit status.
template <typename Measure>
int run(const std::string& name, const std::string& folder, Measure measure) {
    try {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        measure();
        std::filesystem::remove_all(folder);
    } catch (const std::exception& problem) {
        std::cerr << name << ": " << problem.what() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace defender::bench
