#include "common/report/failure_report_redaction.hpp"

#include <algorithm>
#include <array>

#include "common/base/text.hpp"
#include "common/report/report_model_id.hpp"

namespace defender::report {
namespace {

constexpr std::size_t token_digits = 24;
/// A quote further back opens something else than a local part (RFC 5321 section 4.5.3.1.1 has 64 octets).
constexpr std::size_t longest_quoted = 256;

/// Names before a "=" that are not part of the local part behind it: those of RFC 8601 properties, of
/// Received-SPF (RFC 7208 section 9.1) and of DKIM-Signature. Any other is taken for a part of it, as in the
/// bounce addresses of mailing lists.
constexpr std::array<std::string_view, 8> property_names{
    "i",        "smtp.mailfrom", "smtp.mfrom",    "smtp.rcptto",
    "header.i", "header.from",   "envelope-from", "header.sender"};

constexpr std::array<std::string_view, 6> identifier_fields{"message-id", "resent-message-id", "in-reply-to",
                                                            "references", "content-id",        "list-id"};

bool is_local_octet(char c) noexcept {
    return text::is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

/// The length of the "@", written as such or percent-encoded, at `at`; 0 where there is none.
std::size_t at_sign(std::string_view s, std::size_t at) noexcept {
    if (s[at] == '@') return 1;
    return s.substr(at).starts_with("%40") ? 3 : 0;
}

bool starts_domain(std::string_view s) noexcept {
    return !s.empty() && (text::is_alnum(s[0]) || s[0] == '[' || static_cast<unsigned char>(s[0]) >= 0x80);
}

/// Where a quoted string that ends at the end of `s` begins; its end where there is none.
std::size_t begin_of_quoted(std::string_view s) noexcept {
    if (!s.ends_with('"')) return s.size();
    const std::size_t floor = s.size() > longest_quoted ? s.size() - longest_quoted : 0;
    for (std::size_t at = s.size() - 1; at-- > floor;) {
        if (s[at] == '"' && (at == 0 || s[at - 1] != '\\')) return at;
    }
    return s.size();
}

/// Where the local part that ends at the end of `s` begins; its end where there is none.
std::size_t begin_of_local_part(std::string_view s) noexcept {
    if (const auto quoted = begin_of_quoted(s); quoted != s.size()) return quoted;
    std::size_t at = s.size();
    while (at > 0 && is_local_octet(s[at - 1])) --at;
    const auto local = s.substr(at);
    for (const auto name : property_names) {
        if (text::istarts_with(local, name) && local.substr(name.size()).starts_with('='))
            return at + name.size() + 1;
    }
    return at;
}

std::string token_of(std::string_view local, std::string_view key) {
    return derived_id({std::string(key), text::to_lower(local)}, token_digits);
}

bool is_identifier_field(std::string_view field) {
    const auto name = text::trim(field.substr(0, field.find(':')));
    return std::any_of(identifier_fields.begin(), identifier_fields.end(),
                       [&](std::string_view each) { return text::iequals(name, each); });
}

/// The end of the header field at `begin`, its folds and last line end included.
std::size_t end_of_field(std::string_view header, std::size_t begin) noexcept {
    auto end = header.find('\n', begin);
    while (end != std::string_view::npos && end + 1 < header.size() && text::is_blank(header[end + 1]))
        end = header.find('\n', end + 1);
    return end == std::string_view::npos ? header.size() : end + 1;
}

}  // namespace

std::string redact_addresses(std::string_view text, std::string_view key) {
    std::string out;
    std::size_t taken = 0;  // all before is in `out`
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto sign = at_sign(text, at);
        if (sign == 0 || !starts_domain(text.substr(at + sign))) continue;
        const auto before = text.substr(taken, at - taken);
        const auto begin = begin_of_local_part(before);
        out += before.substr(0, begin);
        if (begin != before.size()) out += token_of(before.substr(begin), key);
        out += text.substr(at, sign);
        taken = at + sign;
        at = taken - 1;
    }
    return out.append(text.substr(taken));
}

std::string redact_header(std::string_view header, std::string_view key) {
    std::string out;
    for (std::size_t begin = 0; begin < header.size();) {
        const auto end = end_of_field(header, begin);
        const auto field = header.substr(begin, end - begin);
        out += is_identifier_field(field) ? std::string(field) : redact_addresses(field, key);
        begin = end;
    }
    return out;
}

}  // namespace defender::report
