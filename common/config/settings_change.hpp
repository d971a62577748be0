/// Settings changed one by one, apart from the file: "what if policy.mode were enforce?"
///
/// Names, types, limits and errors are those of the file's reader, as the same table drives both.
/// Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings_reader.hpp"

namespace defender::config {

/// "policy.mode" and a value in TOML, where text that is one plain word may stand without quotes.
struct SettingChange {
    std::string key;
    std::string value;
};

/// `settings` with these put in the place of what they had; a list of tables is replaced as a whole. Errors
/// have "KEY=VALUE" for their file.
[[nodiscard]] SettingsReading change_settings(const Settings& settings,
                                              const std::vector<SettingChange>& changes);

}  // namespace defender::config
