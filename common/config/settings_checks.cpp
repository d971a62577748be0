#include "common/config/settings_checks.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

namespace {

void find_missing_sender(const Settings& settings, std::vector<Conflict>& conflicts) {
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
    if (settings.failure.enabled && !settings.report.enabled) {
        conflicts.push_back({{"failure.enabled", "report.enabled"},
                             "is true, but report.enabled is false",
                             "write enabled = true in [report], or enabled = false in [failure]"});
    }
}

/// The password must never cross a network where it can be read: without TLS, or where an attacker can have
/// it left out.
void find_bad_login(const ReportSettings& report, std::vector<Conflict>& conflicts) {
    const bool login = !report.smtp_user.empty();
    if (login && report.smtp_password_file.empty()) {
        conflicts.push_back({{"report.smtp_user", "report.smtp_password_file"},
                             "is set, but report.smtp_password_file is empty",
                             "name the file that holds the password, or write \"\" for no login"});
    }
    if (!login && !report.smtp_password_file.empty()) {
        conflicts.push_back({{"report.smtp_password_file", "report.smtp_user"},
                             "is set, but report.smtp_user is empty",
                             "name the user to log in as, or write \"\" for no login"});
    }
    const bool covered = report.smtp.starts_with("smtps://") || report.smtp_tls == SmtpTls::required;
    if (login && !covered && !is_loopback_url(report.smtp)) {
        conflicts.push_back({{"report.smtp_tls", "report.smtp_user", "report.smtp"},
                             "does not ensure TLS, but report.smtp_user logs in over the network",
                             "write smtp_tls = \"required\", or an smtps:// URL in report.smtp"});
    }
}

/// The parts of a signing key with their names: all are given, or none.
using KeyParts = std::array<std::pair<const char*, const std::string*>, 3>;

void find_incomplete_key(const KeyParts& parts, std::vector<Conflict>& conflicts) {
    const auto given = std::find_if(std::begin(parts), std::end(parts),
                                    [](const auto& part) { return !part.second->empty(); });
    const auto missing = std::find_if(std::begin(parts), std::end(parts),
                                      [](const auto& part) { return part.second->empty(); });
    if (given == std::end(parts) || missing == std::end(parts)) return;
    conflicts.push_back({{given->first, missing->first},
                         "is set, but " + std::string(missing->first) + " is empty",
                         std::string("give ") + parts[0].first + ", " + parts[1].first + " and " +
                             parts[2].first + ", or none of them"});
}

}  // namespace

std::vector<Conflict> find_conflicts(const Settings& settings) {
    std::vector<Conflict> conflicts;
    find_missing_sender(settings, conflicts);
    find_bad_login(settings.report, conflicts);
    const auto& report = settings.report;
    find_incomplete_key({{{"report.dkim_domain", &report.dkim_domain},
                          {"report.dkim_selector", &report.dkim_selector},
                          {"report.dkim_key_file", &report.dkim_key_file}}},
                        conflicts);
    find_incomplete_key({{{"arc.domain", &settings.arc.domain},
                          {"arc.selector", &settings.arc.selector},
                          {"arc.key_file", &settings.arc.key_file}}},
                        conflicts);
    const auto& metrics = settings.report.metrics_listen;
    if (!metrics.empty() && metrics == settings.metrics.listen) {
        conflicts.push_back({{"report.metrics_listen", "metrics.listen"},
                             "is the address that metrics.listen has",
                             "give the milter and the reporter ports of their own"});
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
