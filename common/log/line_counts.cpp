#include "common/log/line_counts.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include "common/log/log_ids.hpp"

namespace defender::log {
namespace {

using Counters = std::vector<std::atomic<std::uint64_t>>;

/// In the order of the ids; never destroyed, so that threads that outlive main's statics may still log.
Counters& counters() {
    static Counters* const instance = std::make_unique<Counters>(log_ids().size()).release();
    return *instance;
}

}  // namespace

void count_line(std::string_view id) noexcept {
    const auto ids = log_ids();
    const auto found =
        std::lower_bound(ids.begin(), ids.end(), id,
                         [](const LogId& row, std::string_view wanted) { return row.id < wanted; });
    if (found == ids.end() || found->id != id) return;
    counters()[static_cast<std::size_t>(found - ids.begin())].fetch_add(1, std::memory_order_relaxed);
}

std::vector<LineCount> line_counts() {
    const auto ids = log_ids();
    const auto& all = counters();
    std::vector<LineCount> counts;
    counts.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        counts.push_back({ids[i].id, to_string(ids[i].level), all[i].load(std::memory_order_relaxed)});
    }
    return counts;
}

}  // namespace defender::log
