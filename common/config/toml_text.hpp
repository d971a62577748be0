/// TOML text parsed as far as it can be, with an error for each statement that is no TOML.
///
/// The parser stops at its first error. So that an operator sees all mistakes at once, a line that is a whole
/// broken `key = value` statement is taken out and the rest is parsed again; where the damage may reach
/// further, the text counts as unreadable. Thread-safe.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings_reader.hpp"

namespace defender::config {

struct TomlText {
    std::optional<toml::table> root;  ///< what could be read, without the broken statements
    std::vector<SettingsError> errors;
};
[[nodiscard]] TomlText parse_toml(std::string_view toml, const std::string& file_name);

}  // namespace defender::config
