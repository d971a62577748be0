#include "common/auth/canonicalization.hpp"

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t piece_octets = 16384;

std::string_view without_trailing_blanks(std::string_view s) {
    while (!s.empty() && text::is_blank(s.back())) s.remove_suffix(1);
    return s;
}

/// Unfolded, runs of blanks as one space, none at either end.
std::string relaxed_value(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    bool blank = false;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value.substr(at, crlf.size()) == crlf) {
            ++at;
            continue;
        }
        if (text::is_blank(value[at])) {
            blank = true;
            continue;
        }
        if (blank && !out.empty()) out += ' ';
        blank = false;
        out += value[at];
    }
    return out;
}

}  // namespace

std::string canonical_field(const mail::HeaderField& field, Canonicalization mode) {
    if (mode == Canonicalization::simple) return field.name + ":" + field.value;
    return text::to_lower(without_trailing_blanks(field.name)) + ":" + relaxed_value(field.value);
}

std::string without_signature(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    bool first = true;
    for (const auto piece : text::split(value, ';')) {
        if (!first) out += ';';
        first = false;
        const auto equals = piece.find('=');
        const bool is_b = equals != std::string_view::npos && text::trim(piece.substr(0, equals)) == "b";
        out += is_b ? piece.substr(0, equals + 1) : piece;
    }
    return out;
}

void BodyCanonicalizer::put(std::string_view octets) {
    out_ += octets;
    if (out_.size() < piece_octets) return;
    sink_(out_);
    out_.clear();
}

/// Brings back the empty lines before a line that turns out not to be empty.
void BodyCanonicalizer::open_line() {
    for (; empty_lines_ > 0; --empty_lines_) put(crlf);
    line_open_ = true;
    anything_ = true;
}

/// Octets that stand in the canonical form as they are.
void BodyCanonicalizer::add_run(std::string_view octets) {
    if (!line_open_) open_line();
    if (blank_pending_) put(" ");
    blank_pending_ = false;
    put(octets);
}

void BodyCanonicalizer::end_line() {
    blank_pending_ = false;
    if (!line_open_) {
        ++empty_lines_;
        return;
    }
    put(crlf);
    line_open_ = false;
}

void BodyCanonicalizer::add(std::span<const char> octets) {
    const std::string_view all(octets.data(), octets.size());
    const std::string_view stops = mode_ == Canonicalization::relaxed ? "\r \t" : "\r";
    std::size_t at = 0;
    while (at < all.size()) {
        if (pending_cr_) {
            pending_cr_ = false;
            if (all[at] == '\n') {
                end_line();
                ++at;
                continue;
            }
            add_run("\r");
        }
        const auto run = all.substr(at, all.find_first_of(stops, at) - at);
        if (!run.empty()) add_run(run);
        at += run.size();
        if (at == all.size()) break;
        if (all[at] == '\r') {
            pending_cr_ = true;
        } else {
            blank_pending_ = true;
        }
        ++at;
    }
}

void BodyCanonicalizer::finish() {
    if (pending_cr_) add_run("\r");
    pending_cr_ = false;
    if (line_open_) end_line();
    // An empty body is one CRLF in the simple form, and nothing in the relaxed one.
    if (!anything_ && mode_ == Canonicalization::simple) put(crlf);
    if (!out_.empty()) sink_(out_);
    out_.clear();
}

}  // namespace defender::auth
