#include "milter/untaken_octets.hpp"

#include <algorithm>
#include <utility>

namespace defender::milter {

void UntakenOctets::reserve(std::size_t octets) {
    if (octets <= capacity_) return;
    auto larger = std::make_unique_for_overwrite<char[]>(octets);  // NOLINT(modernize-avoid-c-arrays)
    std::copy_n(data_.get(), size_, larger.get());
    data_ = std::move(larger);
    capacity_ = octets;
}

void UntakenOctets::append(std::string_view octets) {
    if (octets.empty()) return;
    reserve(size_ + octets.size());
    std::copy(octets.begin(), octets.end(), data_.get() + size_);
    size_ += octets.size();
}

void UntakenOctets::drop_front(std::size_t octets) noexcept {
    if (octets == 0) return;
    std::copy(data_.get() + octets, data_.get() + size_, data_.get());
    size_ -= octets;
}

std::span<char> UntakenOctets::room(std::size_t octets) {
    reserve(size_ + octets);
    return {data_.get() + size_, octets};
}

void UntakenOctets::release() noexcept {
    data_.reset();
    size_ = 0;
    capacity_ = 0;
}

}  // namespace defender::milter
