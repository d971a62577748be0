#include "milter/reload.hpp"

#include "common/base/text.hpp"
#include "common/config/settings_checks.hpp"
#include "common/config/settings_reader.hpp"
#include "common/log/log.hpp"

namespace defender::milter {

std::shared_ptr<const config::Settings> reload(Gateway& gateway, metrics::Metrics& metrics,
                                               const std::string& settings_file) {
    const auto reading = config::read_settings_file(settings_file);
    for (const auto& error : reading.errors)
        log::error("MILTER_RELOAD_FAILED", {{"what", error.to_string()}});
    if (!reading.settings) return nullptr;
    const auto current = gateway.configuration();
    auto configuration = make_configuration(reading.settings, current.get(), metrics);
    if (!configuration) {
        log::error("MILTER_RELOAD_FAILED", {{"what", configuration.error().message}});
        return nullptr;
    }
    const auto waiting = config::changes_needing_restart(*current->settings, *reading.settings);
    gateway.replace_configuration(std::move(*configuration));
    log::info("MILTER_RELOADED", {{"file", settings_file},
                                  {"after_restart", waiting.empty() ? "none" : text::join(waiting, ",")}});
    return reading.settings;
}

}  // namespace defender::milter
