#include "ctl/what_if_settings.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "common/base/text.hpp"
#include "common/config/settings_change.hpp"
#include "common/config/settings_table.hpp"

namespace defender::ctl {
namespace {

constexpr std::size_t shown_octets = 200;

config::SettingChange change_of(std::string_view assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos) return {std::string(text::trim(assignment)), ""};
    return {std::string(text::trim(assignment.substr(0, equals))),
            std::string(text::trim(assignment.substr(equals + 1)))};
}

/// The setting's value as TOML; empty where it is a list of tables.
std::string value_of(const config::Settings& settings, std::string_view key) {
    for (const auto& section : config::settings_sections()) {
        for (const auto& row : section.rows) {
            if (std::string(section.name) + "." + std::string(row.info.name) == key) {
                return config::to_toml(row.get(settings));
            }
        }
    }
    return {};
}

/// What the table of settings cannot know: that a setting is given twice, or changes no judgement.
std::vector<std::string> find_useless(const std::vector<config::SettingChange>& changes) {
    std::vector<std::string> errors;
    std::set<std::string> seen;
    for (const auto& change : changes) {
        if (!seen.insert(change.key).second) {
            errors.push_back(change.key + " is given twice; keep one of the two");
        } else if (!is_judged_by(change.key)) {
            errors.push_back(change.key +
                             " changes no judgement of evidence that is stored already; give settings of "
                             "policy, trust, dmarc.standard, dkim.partial_body or indirect.enabled");
        }
    }
    return errors;
}

}  // namespace

bool is_judged_by(std::string_view key) {
    return key.starts_with("policy.") || key.starts_with("trust.") || key == "dmarc.standard" ||
           key == "dkim.partial_body" || key == "indirect.enabled";
}

ChangedSettings change_by(const config::Settings& in_force, const std::vector<std::string>& assignments) {
    std::vector<config::SettingChange> changes;
    std::transform(assignments.begin(), assignments.end(), std::back_inserter(changes), change_of);
    const auto reading = config::change_settings(in_force, changes);
    ChangedSettings result;
    for (const auto& error : reading.errors) {
        result.errors.push_back(error.file + ": " + error.what + "; " + error.mend);
    }
    if (result.errors.empty()) result.errors = find_useless(changes);
    if (!result.errors.empty()) return result;
    result.settings = reading.settings;
    for (const auto& change : changes) {
        const auto changed = value_of(*reading.settings, change.key);
        result.differences.push_back(
            {change.key, value_of(in_force, change.key),
             changed.empty() ? text::printable(change.value, shown_octets) : changed});
    }
    return result;
}

}  // namespace defender::ctl
