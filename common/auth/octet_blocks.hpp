/// Octet blocks: sixteen octets of a body looked at together, each with the one behind it.
///
/// Most octets of a body need nothing done about them, so what has to be done is looked for first, many
/// octets at a time. Written with the vectors that GCC and clang know on every processor. Pure functions,
/// thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace defender::auth {

using OctetBlock [[gnu::vector_size(16)]] = char;
/// Of each octet of a block: all bits set where something holds, none where it does not.
using OctetMarks [[gnu::vector_size(16)]] = signed char;

inline std::array<std::uint64_t, 2> halves_of(OctetMarks marks) noexcept {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), &marks, sizeof halves);
    return halves;
}

/// The place of the first mark; the size of a block where there is none.
inline std::size_t first_mark(OctetMarks marks) noexcept {
    const auto halves = halves_of(marks);
    constexpr bool little = std::endian::native == std::endian::little;
    const auto octets_before = [](std::uint64_t half) {
        return static_cast<std::size_t>(little ? std::countr_zero(half) : std::countl_zero(half)) / 8;
    };
    const auto first = octets_before(halves[0]);
    return first < 8 ? first : 8 + octets_before(halves[1]);
}

inline bool any_mark(OctetMarks marks) noexcept {
    const auto halves = halves_of(marks);
    return (halves[0] | halves[1]) != 0;
}

/// What `marked` says of sixteen octets, of which and of one more behind them there have to be as many.
template <typename Marked>
OctetMarks marks_at(const char* octets, Marked marked) {
    OctetBlock here;
    OctetBlock next;
    std::memcpy(&here, octets, sizeof here);
    std::memcpy(&next, octets + 1, sizeof next);
    return marked(here, next);
}

/// How many octets at the front have no mark, in steps of four blocks.
template <typename Marked>
std::size_t unmarked_stretch(std::string_view octets, Marked marked) {
    constexpr std::size_t block = sizeof(OctetBlock);
    std::size_t at = 0;
    for (; at + 4 * block < octets.size(); at += 4 * block) {
        const auto* const from = octets.data() + at;
        if (any_mark(marks_at(from, marked) | marks_at(from + block, marked) |
                     marks_at(from + 2 * block, marked) | marks_at(from + 3 * block, marked)))
            break;
    }
    return at;
}

/// The place of the first octet for which `marked(octet, next)` holds, `next` being the one behind it; the
/// size of `octets` where it holds for none. The last octet is not looked at, as nothing is known of what
/// follows it. `marked` takes two chars and gives whether, or two blocks and gives marks.
template <typename Marked>
std::size_t find_pair(std::string_view octets, Marked marked) {
    constexpr std::size_t block = sizeof(OctetBlock);
    // Where marks are few they are far; where they are many, looking for stretches would be in vain.
    constexpr std::size_t far = 8 * block;
    std::size_t at = 0;
    for (; at + block < octets.size(); at += block) {
        if (at == far) {
            at += unmarked_stretch(octets.substr(at), marked);
            if (at + block >= octets.size()) break;
        }
        const auto mark = first_mark(marks_at(octets.data() + at, marked));
        if (mark < block) return at + mark;
    }
    for (; at + 1 < octets.size(); ++at) {
        if (marked(octets[at], octets[at + 1])) return at;
    }
    return octets.size();
}

}  // namespace defender::auth
