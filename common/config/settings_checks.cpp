#include "common/config/settings_checks.hpp"

#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

std::vector<Conflict> find_conflicts(const Settings& settings) {
    std::vector<Conflict> conflicts;
    if (settings.report.enabled && settings.report.org_name.empty()) {
        conflicts.push_back({{"report.enabled", "report.org_name"},
                             "is true, but report.org_name is empty",
                             "name the reporting organization in report.org_name, or write enabled = false"});
    }
    if (settings.report.enabled && settings.report.email.empty()) {
        conflicts.push_back(
            {{"report.enabled", "report.email"},
             "is true, but report.email is empty",
             "give the address that reports come from in report.email, or write enabled = false"});
    }
    const auto& status = settings.milter.status_socket;
    if (!status.empty() && unix_path(settings.milter.socket) == status) {
        conflicts.push_back({{"milter.status_socket", "milter.socket"},
                             "is the path that milter.socket has",
                             "give the two sockets paths of their own"});
    }
    return conflicts;
}

std::vector<std::string> changes_needing_restart(const Settings& before, const Settings& after) {
    std::vector<std::string> keys;
    for (const auto& section : settings_sections()) {
        for (const auto& row : section.rows) {
            if (row.info.change == Change::on_reload || row.get(before) == row.get(after)) continue;
            keys.push_back(std::string(section.name) + "." + std::string(row.info.name));
        }
    }
    return keys;
}

}  // namespace defender::config
