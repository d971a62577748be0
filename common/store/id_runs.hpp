/// IdRuns: a set of ids as runs without gaps, so that a million ids in a row take the room of one.
///
/// Ids are added in ascending order. Thread-safety: a plain value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

namespace defender::store {

class IdRuns {
  public:
    /// `id` is greater than any before.
    void add(std::int64_t id) {
        if (!runs_.empty() && runs_.back().last + 1 == id) {
            runs_.back().last = id;
        } else {
            runs_.push_back({id, id});
        }
    }

    [[nodiscard]] bool contains(std::int64_t id) const {
        const auto after =
            std::upper_bound(runs_.begin(), runs_.end(), id,
                             [](std::int64_t value, const Run& run) { return value < run.first; });
        return after != runs_.begin() && id <= std::prev(after)->last;
    }

    [[nodiscard]] std::size_t runs() const noexcept { return runs_.size(); }

  private:
    struct Run {
        std::int64_t first;
        std::int64_t last;
    };
    std::vector<Run> runs_;
};

}  // namespace defender::store
