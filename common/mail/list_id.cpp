#include <algorithm>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/author.hpp"
#include "common/mail/rfc5322_lexer.hpp"

namespace defender::mail {
namespace {

// RFC 2919 section 2: a list identifier has at most 255 octets.
constexpr std::size_t max_list_id_octets = 255;

/// RFC 5322 dot-atom-text in ASCII, of two atoms at least.
bool is_list_id(std::string_view id) {
    if (id.size() > max_list_id_octets) return false;
    const auto labels = text::split(id, '.');
    return labels.size() > 1 && std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
               return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
                   return text::is_printable(c) && is_atext(c);
               });
           });
}

}  // namespace

std::string parse_list_id(std::string_view value) {
    value = text::trim(value);
    const auto open = value.rfind('<');
    if (open == std::string_view::npos || value.back() != '>') return "";
    std::string id;
    for (const char c : value.substr(open + 1, value.size() - open - 2)) {
        if (!text::is_space(c)) id += text::to_lower(c);
    }
    return is_list_id(id) ? id : "";
}

}  // namespace defender::mail
