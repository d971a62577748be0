/// Reading settings from TOML.
///
/// Every error is found in one pass and carries its place and the mend, written as
/// "FILE:LINE:COLUMN: what; how to mend it". Nothing is guessed: unknown keys, wrong types and impossible
/// values are errors. Thread-safety: pure but for reading the file and asking for the host's name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"

namespace defender::config {

struct SettingsError {
    std::string file;
    unsigned line = 0;  ///< 1-based; 0 where the file as a whole is meant
    unsigned column = 0;
    std::string what;
    std::string mend;
    [[nodiscard]] std::string to_string() const;
};

/// Either `settings` is set and `errors` is empty, or the other way round.
struct SettingsReading {
    std::shared_ptr<const Settings> settings;
    std::vector<SettingsError> errors;
};

/// A file of settings has a few kilobytes; larger ones are refused unread.
inline constexpr std::size_t max_settings_octets = 1048576;

[[nodiscard]] SettingsReading read_settings(std::string_view toml, const std::string& file_name);
[[nodiscard]] SettingsReading read_settings_file(const std::string& path);
/// The defaults, as an empty file gives them.
[[nodiscard]] std::shared_ptr<const Settings> default_settings();

}  // namespace defender::config
