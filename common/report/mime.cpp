#include "common/report/mime.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>

#include "common/auth/base64.hpp"
#include "common/base/text.hpp"
#include "common/store/record_row.hpp"

namespace defender::report {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t columns = 76;
/// RFC 5322 section 2.1.1, without CRLF.
constexpr std::size_t longest_line = 998;
/// Of a word in a header, so that a line has room for the field's name before it.
constexpr std::size_t longest_word = 900;
/// Octets in one encoded word: 60 columns of base64 and the word's own 12 stay under RFC 2047's 75.
constexpr std::size_t octets_in_word = 45;
/// RFC 5321 section 4.5.3.1: a local part of 64 octets, "@", a domain of 255.
constexpr std::size_t longest_address = 320;

bool is_ascii_text(std::string_view s) noexcept {
    return std::all_of(s.begin(), s.end(), text::is_printable);
}

/// RFC 5322 section 3.2.3.
bool is_atext(char c) noexcept {
    return text::is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view s) {
    const auto atoms = text::split(s, '.');
    return std::all_of(atoms.begin(), atoms.end(), [](std::string_view atom) {
        return !atom.empty() && std::all_of(atom.begin(), atom.end(), is_atext);
    });
}

std::string quoted_string(std::string_view s) {
    std::string out = "\"";
    for (const char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

/// Controls as blanks, and what is not UTF-8 replaced: text that an encoded word may carry.
std::string without_controls(std::string_view s) {
    std::string out = store::column_text(s);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
        ' ');
    return out;
}

std::vector<std::string> words_of(std::string_view s) {
    std::vector<std::string> words;
    for (const auto piece : text::split(s, ' ')) {
        if (!piece.empty()) words.emplace_back(piece);
    }
    return words;
}

/// The end of the piece of at most `octets_in_word` octets at `begin` that breaks no character (RFC 2047
/// section 5).
std::size_t end_of_word(std::string_view utf8, std::size_t begin) {
    std::size_t end = std::min(utf8.size(), begin + octets_in_word);
    while (end < utf8.size() && (static_cast<unsigned char>(utf8[end]) & 0xc0U) == 0x80U) --end;
    return end;
}

std::vector<std::string> encoded_words(std::string_view utf8) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < utf8.size();) {
        const auto end = end_of_word(utf8, at);
        words.push_back("=?utf-8?B?" + auth::encode_base64(utf8.substr(at, end - at)) + "?=");
        at = end;
    }
    return words;
}

std::string header_word(std::string_view s) {
    std::string out(s.substr(0, longest_word));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return !text::is_printable(c); }, '?');
    return out;
}

/// The address as RFC 5322 has it in angle brackets; empty where it cannot be one.
std::string addr_spec(std::string_view address) {
    const auto at = address.rfind('@');
    if (at == std::string_view::npos || at == 0 || address.size() > longest_address) return {};
    const auto local = address.substr(0, at);
    const auto domain = address.substr(at + 1);
    const bool is_literal = domain.starts_with('[') && domain.ends_with(']') &&
                            domain.find_first_of(" \\[]", 1) == domain.size() - 1;
    if (!is_ascii_text(address) || !(is_dot_atom(domain) || is_literal)) return {};
    return (is_dot_atom(local) ? std::string(local) : quoted_string(local)) + "@" + std::string(domain);
}

std::string hex(unsigned char octet) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return {'=', digits[octet >> 4U], digits[octet & 15U]};
}

/// RFC 2045 section 6.7, one line of text.
std::string quoted_printable_line(std::string_view line) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool at_end = i + 1 == line.size();
        const bool plain = (text::is_printable(c) && c != '=' && c != ' ') || (c == ' ' && !at_end);
        const std::string piece = plain ? std::string(1, c) : hex(static_cast<unsigned char>(c));
        if (column + piece.size() >= columns) {
            out += "=\r\n";
            column = 0;
        }
        out += piece;
        column += piece.size();
    }
    return out;
}

bool may_stand_as_it_is(std::string_view line) {
    return line.size() <= longest_line &&
           std::all_of(line.begin(), line.end(), [](char c) { return text::is_printable(c) || c == '\t'; });
}

}  // namespace

std::string rfc5322_date(UtcSeconds moment) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_days day{std::chrono::days(UtcDay::of(moment).number)};
    const std::chrono::year_month_day date{day};
    const auto second = moment - UtcDay::of(moment).begin();
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
        days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
        months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
        static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string header_field(std::string_view name, const std::vector<std::string>& words) {
    std::string field = std::string(name) + ":";
    std::size_t column = field.size();
    bool first = true;
    for (const auto& word : words) {
        const std::string piece = header_word(word);
        // Never before the first word of a long line: a line of blanks alone is obsolete syntax.
        if (!first && column + 1 + piece.size() > columns) {
            field += crlf;
            column = 0;
        }
        field += " " + piece;
        column += 1 + piece.size();
        first = false;
    }
    return field + std::string(crlf);
}

std::vector<std::string> unstructured_words(std::string_view text) {
    const std::string clean = without_controls(text);
    auto words = words_of(clean);
    const bool plain = is_ascii_text(clean) && clean.find("=?") == std::string::npos &&
                       std::all_of(words.begin(), words.end(),
                                   [](const std::string& word) { return word.size() <= columns; });
    return plain ? words : encoded_words(clean);
}

std::vector<std::string> mailbox_words(std::string_view display_name, std::string_view address) {
    const std::string spec = addr_spec(address);
    if (spec.empty()) return {};
    const std::string name(text::trim(without_controls(display_name)));
    if (name.empty()) return {spec};
    std::vector<std::string> words;
    if (!is_ascii_text(name) || name.size() > columns || name.find("=?") != std::string::npos) {
        words = encoded_words(name);
    } else if (std::all_of(name.begin(), name.end(), [](char c) { return is_atext(c) || c == ' '; })) {
        words = words_of(name);
    } else {
        words = {quoted_string(name)};
    }
    words.push_back("<" + spec + ">");
    return words;
}

std::string base64_lines(std::string_view octets) {
    const std::string text = auth::encode_base64(octets);
    std::string lines;
    lines.reserve(text.size() + text.size() / columns * 2 + 2);
    for (std::size_t at = 0; at < text.size(); at += columns) {
        lines.append(text, at, columns);
        lines += crlf;
    }
    return lines;
}

EncodedLines encode_lines(std::string_view octets) {
    auto lines = text::split(octets, '\n');
    if (lines.back().empty()) lines.pop_back();
    for (auto& line : lines) {
        if (line.ends_with('\r')) line.remove_suffix(1);
    }
    const bool plain = std::all_of(lines.begin(), lines.end(), may_stand_as_it_is);
    EncodedLines encoded{plain ? "7bit" : "quoted-printable", {}};
    for (const auto line : lines) {
        encoded.text += plain ? std::string(line) : quoted_printable_line(line);
        encoded.text += crlf;
    }
    return encoded;
}

std::string text_part(std::string_view text) {
    const auto encoded = encode_lines(store::column_text(text));
    return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: " +
           std::string(encoded.encoding) + "\r\n\r\n" + encoded.text;
}

Multipart join_parts(std::string_view seed, const std::vector<std::string>& parts) {
    constexpr std::size_t longest_seed = 60;  // RFC 2046 section 5.1.1: a boundary has at most 70 characters
    std::string marks;
    std::copy_if(seed.begin(), seed.end(), std::back_inserter(marks), text::is_alnum);
    marks.resize(std::min(marks.size(), longest_seed));
    Multipart joined;
    const auto occurs = [&](const std::string& part) {
        return part.find(joined.boundary) != std::string::npos;
    };
    unsigned attempt = 0;
    do {
        // "=_" is in no base64 and in no quoted-printable text.
        joined.boundary = "=_" + marks + "." + std::to_string(attempt++);
    } while (std::any_of(parts.begin(), parts.end(), occurs));
    // The line end before a delimiter belongs to the delimiter, so that each part keeps its own.
    for (const auto& part : parts) joined.body += "--" + joined.boundary + "\r\n" + part + "\r\n";
    joined.body += "--" + joined.boundary + "--\r\n";
    return joined;
}

}  // namespace defender::report
