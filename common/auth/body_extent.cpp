#include "common/auth/body_extent.hpp"

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::uint64_t crlf_octets = 2;

/// Empty lines at the end of a body do not count; a line that is not empty brings those before it back.
void add_line(std::uint64_t& octets, std::uint64_t& empty_lines, std::uint64_t line) {
    if (line == 0) {
        ++empty_lines;
        return;
    }
    octets += empty_lines * crlf_octets + line + crlf_octets;
    empty_lines = 0;
}

}  // namespace

void BodyExtent::end_line() {
    add_line(simple_, simple_empty_, line_octets_);
    add_line(relaxed_, relaxed_empty_, relaxed_line_);
    line_octets_ = 0;
    relaxed_line_ = 0;
    blank_pending_ = false;
}

void BodyExtent::add_octet(char c) {
    ++line_octets_;
    if (text::is_blank(c)) {
        blank_pending_ = true;
        return;
    }
    relaxed_line_ += blank_pending_ ? 2 : 1;
    blank_pending_ = false;
}

void BodyExtent::add(std::span<const char> octets) {
    for (const char c : octets) {
        if (pending_cr_ && c == '\n') {
            pending_cr_ = false;
            end_line();
            continue;
        }
        if (pending_cr_) {
            bare_cr_ = true;
            add_octet('\r');
        }
        bare_lf_ = bare_lf_ || c == '\n';
        pending_cr_ = c == '\r';
        if (!pending_cr_) add_octet(c);
    }
}

std::uint64_t BodyExtent::simple_octets() const noexcept {
    auto octets = simple_;
    auto empty_lines = simple_empty_;
    if (!ends_with_crlf()) add_line(octets, empty_lines, line_octets_ + (pending_cr_ ? 1 : 0));
    return octets == 0 ? crlf_octets : octets;
}

std::uint64_t BodyExtent::relaxed_octets() const noexcept {
    auto octets = relaxed_;
    auto empty_lines = relaxed_empty_;
    const std::uint64_t pending = pending_cr_ ? (blank_pending_ ? 2 : 1) : 0;
    if (!ends_with_crlf()) add_line(octets, empty_lines, relaxed_line_ + pending);
    return octets;
}

}  // namespace defender::auth
