#include "common/log/recent_problems.hpp"

#include <deque>
#include <memory>
#include <mutex>

namespace defender::log {
namespace {

constexpr std::size_t kept_problems = 20;

struct Memory {
    std::mutex mutex;
    std::deque<Problem> problems;
};

/// Never destroyed, so that threads that outlive main's statics may still log.
Memory& memory() {
    static auto* const instance = std::make_unique<Memory>().release();
    return *instance;
}

}  // namespace

void note_problem(Problem problem) {
    auto& kept = memory();
    const std::lock_guard lock(kept.mutex);
    kept.problems.push_back(std::move(problem));
    if (kept.problems.size() > kept_problems) kept.problems.pop_front();
}

std::vector<Problem> recent_problems() {
    auto& kept = memory();
    const std::lock_guard lock(kept.mutex);
    return {kept.problems.begin(), kept.problems.end()};
}

}  // namespace defender::log
