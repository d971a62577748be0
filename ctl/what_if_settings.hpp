/// The settings that `defenderctl what-if` compares: those in force, and the same with what --set names
/// changed.
///
/// Only settings that a judgement of stored evidence depends on can be changed: what decides which evidence
/// is collected, or what is done with a judgement, would change nothing here and is refused. Thread-safety:
/// pure functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"

namespace defender::ctl {

/// One setting as TOML, before and after; `in_force` is empty for a list of tables.
struct SettingDifference {
    std::string key;
    std::string in_force;
    std::string changed;
};

/// Either `settings` is set and `errors` is empty, or the other way round.
struct ChangedSettings {
    std::shared_ptr<const config::Settings> settings;
    std::vector<SettingDifference> differences;
    std::vector<std::string> errors;
};

/// `assignments` are "KEY=VALUE".
[[nodiscard]] ChangedSettings change_by(const config::Settings& in_force,
                                        const std::vector<std::string>& assignments);

/// Whether judge() depends on the setting.
[[nodiscard]] bool is_judged_by(std::string_view key);

}  // namespace defender::ctl
