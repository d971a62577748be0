/// What all benchmarks do alike: the clock, a line for each part, and the end.
///
/// Thread-safety: one thread.
#pragma once

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

/// The line of one part: its time, its rate, and the peak of the resident memory so far.
inline void print(const std::string& part, std::uint64_t count, const std::string& unit,
                  Clock::time_point began) {
    const std::chrono::duration<double> spent = Clock::now() - began;
    std::printf("%-28s %9llu %-8s %8.1f s %10.0f %s/s   peak %llu MB\n", part.c_str(),
                static_cast<unsigned long long>(count), unit.c_str(), spent.count(),
                static_cast<double>(count) / spent.count(), unit.c_str(),
                static_cast<unsigned long long>(peak_memory()));
    std::fflush(stdout);
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
