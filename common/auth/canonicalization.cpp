#include "common/auth/canonicalization.hpp"

#include <algorithm>
#include <utility>

#include "common/auth/octet_blocks.hpp"
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
void add_relaxed_value(std::string& out, std::string_view value) {
    const auto begin = out.size();
    bool blank = false;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\r' && value.substr(at, crlf.size()) == crlf) {
            ++at;
            continue;
        }
        if (text::is_blank(value[at])) {
            blank = true;
            continue;
        }
        if (blank && out.size() > begin) out += ' ';
        blank = false;
        out += value[at];
    }
}

/// Where an octet and the one behind it are not both canonical as they stand, in either form: a CR that is no
/// line end, and a line that may be empty.
constexpr auto changed_in_simple = [](auto octet, auto next) {
    return ((octet == '\r') & (next != '\n')) | ((octet == '\n') & (next == '\r'));
};
/// In the relaxed form besides: a tab, and a blank before another or before a line end.
constexpr auto changed_in_relaxed = [](auto octet, auto next) {
    return changed_in_simple(octet, next) | (octet == '\t') |
           ((octet == ' ') & ((next == ' ') | (next == '\r')));
};

/// How many octets at the front are canonical as they stand, as far as can be told from each octet and the
/// next. Of a line feed before a line that may be empty it is the latter that is not.
std::size_t clean_octets(std::string_view octets, Canonicalization mode) {
    const auto at = mode == Canonicalization::relaxed ? find_pair(octets, changed_in_relaxed)
                                                      : find_pair(octets, changed_in_simple);
    return at < octets.size() && octets[at] == '\n' ? at + 1 : at;
}

}  // namespace

std::string canonical_field(const mail::HeaderField& field, Canonicalization mode) {
    std::string out;
    out.reserve(field.name.size() + 1 + field.value.size() + crlf.size());  // with room for its line end
    if (mode == Canonicalization::simple) return out.append(field.name).append(1, ':').append(field.value);
    for (const char c : without_trailing_blanks(field.name)) out += text::to_lower(c);
    out += ':';
    add_relaxed_value(out, field.value);
    return out;
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

void BodyCanonicalizer::flush() {
    if (!out_.empty()) sink_(out_);
    out_.clear();
}

void BodyCanonicalizer::put(std::string_view octets) {
    if (out_.size() + octets.size() > piece_octets) flush();
    if (octets.size() >= piece_octets) return sink_(octets);
    if (out_.capacity() < piece_octets) out_.reserve(piece_octets);
    out_ += octets;
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

/// Takes the octets at the front that stand in the canonical form as they are, with the line ends among them;
/// gives how many they were.
std::size_t BodyCanonicalizer::add_clean(std::string_view octets) {
    const bool relaxed = mode_ == Canonicalization::relaxed;
    const bool line_may_be_empty = octets.front() == '\r' && (!line_open_ || blank_pending_);
    const bool blanks_go_on = blank_pending_ && text::is_blank(octets.front());
    if (pending_cr_ || line_may_be_empty || blanks_go_on) return 0;
    auto clean = octets.substr(0, clean_octets(octets, mode_));
    // What comes behind them decides about these.
    while (!clean.empty() && (clean.back() == '\r' || (relaxed && text::is_blank(clean.back()))))
        clean.remove_suffix(1);
    if (clean.empty()) return 0;
    add_run(clean);
    if (clean.ends_with(crlf)) line_open_ = false;
    return clean.size();
}

/// Takes one line end, or one run of blanks, or one octet off the front; gives how many octets they were.
std::size_t BodyCanonicalizer::add_one(std::string_view octets) {
    const char first = octets.front();
    if (std::exchange(pending_cr_, false)) {
        if (first == '\n') {
            end_line();
            return 1;
        }
        add_run("\r");
    }
    if (octets.starts_with(crlf)) {
        end_line();
        return crlf.size();
    }
    if (first == '\r') {
        pending_cr_ = true;
        return 1;
    }
    if (mode_ == Canonicalization::relaxed && text::is_blank(first)) {
        blank_pending_ = true;
        const auto* end = std::find_if_not(octets.begin(), octets.end(), text::is_blank);
        return static_cast<std::size_t>(end - octets.begin());
    }
    add_run(octets.substr(0, 1));
    return 1;
}

void BodyCanonicalizer::add(std::span<const char> octets) {
    std::string_view rest(octets.data(), octets.size());
    while (!rest.empty()) {
        const auto clean = add_clean(rest);
        rest.remove_prefix(clean > 0 ? clean : add_one(rest));
    }
}

void BodyCanonicalizer::finish() {
    if (pending_cr_) add_run("\r");
    pending_cr_ = false;
    if (line_open_) end_line();
    // An empty body is one CRLF in the simple form, and nothing in the relaxed one.
    if (!anything_ && mode_ == Canonicalization::simple) put(crlf);
    flush();
}

}  // namespace defender::auth
