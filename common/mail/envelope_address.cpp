#include <cstddef>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/author.hpp"

namespace defender::mail {
namespace {

constexpr auto npos = std::string_view::npos;

/// Calls `visit(position)` for each octet outside quoted strings, until it returns false.
template <typename Visit>
void for_each_unquoted(std::string_view s, Visit visit) {
    bool quoted = false;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '"') {
            quoted = !quoted;
        } else if (quoted) {
            if (s[i] == '\\') ++i;
        } else if (!visit(i)) {
            return;
        }
    }
}

/// Without the source route "@a,@b:"; the colons of an address literal in it are seen through.
std::string_view without_route(std::string_view s) {
    if (s.empty() || s.front() != '@') return s;
    std::size_t colon = npos;
    bool literal = false;
    for_each_unquoted(s, [&](std::size_t i) {
        if (s[i] == '[') literal = true;
        if (s[i] == ']') literal = false;
        if (s[i] == ':' && !literal) colon = i;
        return colon == npos;
    });
    return colon == npos ? s : s.substr(colon + 1);
}

}  // namespace

EnvelopeAddress parse_envelope_address(std::string_view input) {
    auto address = text::trim(input);
    if (address.size() >= 2 && address.front() == '<' && address.back() == '>') {
        address = text::trim(address.substr(1, address.size() - 2));
    }
    if (address.empty()) return {true, "", ""};
    address = without_route(address);
    std::size_t at = npos;
    for_each_unquoted(address, [&](std::size_t i) {
        if (address[i] == '@') at = i;
        return true;
    });
    if (at == npos) return {false, std::string(address), ""};
    return {false, std::string(address.substr(0, at)), std::string(address.substr(at + 1))};
}

}  // namespace defender::mail
