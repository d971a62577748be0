/// HashIndex: finds the number of a thing by the hash of what it says, in eight octets a slot.
///
/// The things themselves are the caller's, who numbers them from 0 in the order in which they were added. An
/// open table, at most two thirds full. Thread-safety: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace defender::store {

class HashIndex {
  public:
    /// The number of the thing with this hash of which `same(number)` is true; `fresh`, which is added, where
    /// there is none.
    template <typename Same>
    std::uint32_t find_or_add(std::uint64_t hash, std::uint32_t fresh, Same same) {
        if ((used_ + 1) * 3 > slots_.size() * 2) grow();
        const auto short_hash = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
        for (auto at = short_hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
            auto& slot = slots_[at];
            if (slot.number == none) {
                slot = {short_hash, fresh};
                ++used_;
                return fresh;
            }
            if (slot.hash == short_hash && same(slot.number)) return slot.number;
        }
    }

  private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t number = none;
    };

    void grow() {
        constexpr std::size_t first_size = 64;
        std::vector<Slot> larger(slots_.empty() ? first_size : slots_.size() * 2);
        for (const auto& slot : slots_) {
            if (slot.number == none) continue;
            auto at = slot.hash & (larger.size() - 1);
            while (larger[at].number != none) at = (at + 1) & (larger.size() - 1);
            larger[at] = slot;
        }
        slots_ = std::move(larger);
    }

    std::vector<Slot> slots_;  ///< as many as a power of two
    std::size_t used_ = 0;
};

}  // namespace defender::store
