/// The table of settings: every setting once, with its default, limits, manual and place in Settings.
///
/// The reader, `--check-config`, conf/defender.toml and defender.toml(5) are made from it. To add a setting,
/// add its member to settings.hpp and its row to the section's file. Thread-safety: built once on first use,
/// then immutable.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/setting_row.hpp"
#include "common/config/settings.hpp"

namespace defender::config {

/// One [[TABLE.KEY]]: a list of entries that all have the same settings. Its rows are those of the last
/// entry.
struct SettingsArray {
    std::string_view key;
    std::string_view manual;
    std::string_view example;  ///< an entry, as TOML
    std::vector<SettingRow<Settings>> rows;
    std::function<void(Settings&)> add;      ///< appends an entry, for the rows to fill
    std::optional<Problem> without_list{};   ///< what is wrong with an entry none of whose lists has an item
    std::function<void(Settings&)> clear{};  ///< takes out every entry
};

/// One [TABLE] of the file.
struct SettingsSection {
    std::string_view name;
    std::string_view manual;
    std::vector<SettingRow<Settings>> rows;
    std::vector<SettingsArray> arrays{};
};

/// In the order of the shipped file.
[[nodiscard]] const std::vector<SettingsSection>& settings_sections();

/// The sections, each made in a file of its own.
[[nodiscard]] SettingsSection milter_section();
[[nodiscard]] SettingsSection dns_section();
[[nodiscard]] SettingsSection dmarc_section();
[[nodiscard]] SettingsSection spf_section();
[[nodiscard]] SettingsSection dkim_section();
[[nodiscard]] SettingsSection arc_section();
[[nodiscard]] SettingsSection indirect_section();
[[nodiscard]] SettingsSection policy_section();
[[nodiscard]] SettingsSection trust_section();
[[nodiscard]] SettingsSection limits_section();
[[nodiscard]] SettingsSection store_section();
[[nodiscard]] SettingsSection report_section();
[[nodiscard]] SettingsSection failure_section();
[[nodiscard]] SettingsSection log_section();
[[nodiscard]] SettingsSection metrics_section();

}  // namespace defender::config
