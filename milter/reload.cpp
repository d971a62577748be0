#include "milter/reload.hpp"

#include "common/base/text.hpp"
#include "common/config/settings_reader.hpp"
#include "common/log/log.hpp"

namespace defender::milter {

std::vector<std::string> changes_that_need_restart(const config::Settings& before,
                                                   const config::Settings& after) {
    std::vector<std::string> keys;
    const auto compare = [&](const char* key, const auto& was, const auto& is) {
        if (was != is) keys.emplace_back(key);
    };
    compare("milter.socket", before.milter.socket, after.milter.socket);
    compare("milter.socket_group", before.milter.socket_group, after.milter.socket_group);
    compare("milter.socket_mode", before.milter.socket_mode, after.milter.socket_mode);
    compare("milter.status_socket", before.milter.status_socket, after.milter.status_socket);
    compare("milter.workers", before.milter.workers, after.milter.workers);
    compare("store.path", before.store.path, after.store.path);
    compare("store.queue_max", before.store.queue_max, after.store.queue_max);
    compare("metrics.listen", before.metrics.listen, after.metrics.listen);
    return keys;
}

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
    const auto waiting = changes_that_need_restart(*current->settings, *reading.settings);
    gateway.replace_configuration(std::move(*configuration));
    log::info("MILTER_RELOADED", {{"file", settings_file},
                                  {"after_restart", waiting.empty() ? "none" : text::join(waiting, ",")}});
    return reading.settings;
}

}  // namespace defender::milter
