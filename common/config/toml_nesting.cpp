#include "common/config/toml_nesting.hpp"

#include <algorithm>

namespace defender::config {
namespace {

constexpr unsigned deepest = 16;

/// The offset behind the string that begins at `at`, or the end of its line where it is not closed.
std::size_t behind_string(std::string_view toml, std::size_t at) {
    const char quote = toml[at];
    const std::string_view triple = quote == '"' ? "\"\"\"" : "'''";
    const bool multi_line = toml.substr(at).starts_with(triple);
    at += multi_line ? 3 : 1;
    while (at < toml.size()) {
        if (toml[at] == '\\' && quote == '"') {
            at += 2;
        } else if (multi_line && toml.substr(at).starts_with(triple)) {
            return at + 3;
        } else if (!multi_line && toml[at] == quote) {
            return at + 1;
        } else if (!multi_line && toml[at] == '\n') {
            return at;
        } else {
            ++at;
        }
    }
    return toml.size();
}

std::size_t behind_comment(std::string_view toml, std::size_t at) {
    return std::min(toml.find('\n', at), toml.size());
}

}  // namespace

std::optional<unsigned> line_nested_too_deep(std::string_view toml) {
    unsigned brackets = 0;
    unsigned dots = 0;
    std::size_t at = 0;
    while (at < toml.size()) {
        const char c = toml[at];
        if (c == '"' || c == '\'') {
            at = behind_string(toml, at);
            continue;
        }
        if (c == '#') {
            at = behind_comment(toml, at);
            continue;
        }
        if (c == '\n' || c == '=' || c == ',') dots = 0;
        if (c == '.') ++dots;
        if (c == '[' || c == '{') ++brackets;
        if ((c == ']' || c == '}') && brackets > 0) --brackets;
        if (dots > deepest || brackets > deepest) {
            const auto lines = std::count(toml.begin(), toml.begin() + static_cast<std::ptrdiff_t>(at), '\n');
            return static_cast<unsigned>(lines) + 1;
        }
        ++at;
    }
    return std::nullopt;
}

}  // namespace defender::config
