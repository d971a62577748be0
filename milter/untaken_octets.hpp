/// UntakenOctets: what has come on a connection and could not be taken yet: the begin of a packet that is not
/// whole, or what lies behind the end of a message.
///
/// Unlike a string it has room that is not set to anything, for a socket to read into. Thread-safety: one
/// thread at a time. Failure: std::bad_alloc, with the octets as they were.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace defender::milter {

class UntakenOctets {
  public:
    [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    void append(std::string_view octets);
    void drop_front(std::size_t octets) noexcept;
    /// Room for just this many more, so that a long packet is not copied as it grows; memory is touched only
    /// as octets come.
    [[nodiscard]] std::span<char> room(std::size_t octets);
    /// So many have come into the room.
    void grow(std::size_t octets) noexcept { size_ += octets; }
    /// Gives the memory back, with what is in it.
    void release() noexcept;

  private:
    void reserve(std::size_t octets);

    std::unique_ptr<char[]> data_;  // NOLINT(modernize-avoid-c-arrays): a vector would set what it reserves
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace defender::milter
