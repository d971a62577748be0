#include "common/config/toml_text.hpp"

#include <algorithm>
#include <variant>

#include "common/base/text.hpp"
#include "common/config/toml_nesting.hpp"

namespace defender::config {
namespace {

/// Each broken statement costs a parse of the whole.
constexpr std::size_t most_syntax_errors = 20;
constexpr std::size_t described_octets = 200;

struct Line {
    std::size_t begin = 0;
    std::size_t end = 0;  ///< of its line feed, or the end of the text
};

/// The line of this number, from 1; empty at the end of the text where there is no such line.
Line line_of(std::string_view toml, unsigned number) {
    std::size_t begin = 0;
    for (unsigned n = 1; n < number && begin < toml.size(); ++n) {
        begin = std::min(toml.find('\n', begin), toml.size() - 1) + 1;
    }
    return {begin, std::min(toml.find('\n', begin), toml.size())};
}

/// What stands behind the '=' of a line "bare-key = …"; nothing for other lines.
std::optional<std::string_view> value_of_statement(std::string_view line) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto key = text::trim(line.substr(0, equals));
    const bool bare = std::all_of(
        key.begin(), key.end(), [](char c) { return text::is_alnum(c) || c == '_' || c == '-' || c == '.'; });
    if (key.empty() || !bare) return std::nullopt;
    return text::trim(line.substr(equals + 1));
}

bool begins_statement(std::string_view line) {
    const auto trimmed = text::trim(line);
    return trimmed.empty() || trimmed.front() == '#' || trimmed.front() == '[' || value_of_statement(line);
}

/// The library as Debian builds it reports errors by exceptions; they end here.
std::variant<toml::table, toml::parse_error> parse_once(std::string_view toml) {
    try {
        return toml::parse(toml);
    } catch (const toml::parse_error& error) {
        return error;
    }
}

/// Whether the broken line is a statement of its own, so that the rest can be understood without it.
bool stands_alone(std::string_view toml, unsigned number) {
    const Line line = line_of(toml, number);
    const Line next = line_of(toml, number + 1);
    return value_of_statement(toml.substr(line.begin, line.end - line.begin)) &&
           begins_statement(toml.substr(next.begin, next.end - next.begin)) &&
           std::holds_alternative<toml::table>(parse_once(toml.substr(0, line.begin)));
}

std::string mend_syntax(std::string_view description, std::string_view line) {
    if (description.find("redefine") != std::string_view::npos)
        return "keep one of the two and remove the other";
    const auto value = value_of_statement(line);
    if (value && !value->empty() && text::is_alpha(value->front())) {
        return "write text in double quotes; only true and false stand without";
    }
    return "see whether the quotes, the brackets and the = of this line are complete";
}

SettingsError syntax_error(const toml::parse_error& error, std::string_view toml,
                           const std::string& file_name) {
    const auto place = error.source().begin;
    const auto number = static_cast<unsigned>(place.line);
    const Line line = line_of(toml, number);
    const auto description = error.description();
    return {file_name, number, static_cast<unsigned>(place.column),
            "this is not TOML (" + text::printable(description, described_octets) + ")",
            mend_syntax(description, toml.substr(line.begin, line.end - line.begin))};
}

std::optional<SettingsError> unfit(std::string_view toml, const std::string& file_name) {
    if (toml.size() > max_settings_octets) {
        return SettingsError{file_name, 0, 0, "is larger than 1 MiB", "give a file of settings only"};
    }
    if (const auto line = line_nested_too_deep(toml)) {
        return SettingsError{file_name, *line, 1, "brackets or dots nest deeper than any setting does",
                             "close brackets, and write TABLE.KEY with one dot"};
    }
    return std::nullopt;
}

}  // namespace

TomlText parse_toml(std::string_view toml, const std::string& file_name) {
    if (auto error = unfit(toml, file_name)) return {std::nullopt, {*std::move(error)}};
    std::string rest(toml);
    TomlText out;
    for (;;) {
        auto parsed = parse_once(rest);
        if (auto* root = std::get_if<toml::table>(&parsed)) {
            out.root = std::move(*root);
            return out;
        }
        out.errors.push_back(syntax_error(std::get<toml::parse_error>(parsed), rest, file_name));
        const unsigned number = out.errors.back().line;
        if (out.errors.size() == most_syntax_errors || !stands_alone(rest, number)) return out;
        const Line line = line_of(rest, number);
        std::fill(rest.begin() + static_cast<std::ptrdiff_t>(line.begin),
                  rest.begin() + static_cast<std::ptrdiff_t>(line.end), ' ');
    }
}

}  // namespace defender::config
