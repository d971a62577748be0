#include "common/auth/bare_line_ends.hpp"

#include "common/auth/octet_blocks.hpp"

namespace defender::auth {
namespace {

constexpr auto is_bare_cr = [](auto octet, auto next) { return (octet == '\r') & (next != '\n'); };
constexpr auto is_before_bare_lf = [](auto octet, auto next) { return (octet != '\r') & (next == '\n'); };
constexpr auto is_half_a_line_end = [](auto octet, auto next) { return (octet == '\r') ^ (next == '\n'); };

template <typename Marked>
bool is_anywhere(std::string_view octets, Marked marked) {
    return find_pair(octets, marked) < octets.size();
}

}  // namespace

void BareLineEnds::add(std::span<const char> octets) {
    if (octets.empty()) return;
    const std::string_view all(octets.data(), octets.size());
    cr_ = cr_ || is_bare_cr(last_, all.front());
    lf_ = lf_ || is_before_bare_lf(last_, all.front());
    // One search for both first, as nearly no mail has either.
    if ((!cr_ || !lf_) && is_anywhere(all, is_half_a_line_end)) {
        cr_ = cr_ || is_anywhere(all, is_bare_cr);
        lf_ = lf_ || is_anywhere(all, is_before_bare_lf);
    }
    last_ = all.back();
}

}  // namespace defender::auth
