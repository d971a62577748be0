#include "ctl/commands.hpp"

#include <filesystem>
#include <iostream>

#include "common/config/settings_reader.hpp"
#include "common/store/stores.hpp"

namespace defender::ctl {

std::shared_ptr<const config::Settings> load_settings(Context& context) {
    // Without settings anywhere the defaults hold, so that a message can be checked before anything is
    // installed.
    if (context.config_path == default_config_path && !std::filesystem::exists(default_config_path)) {
        return config::default_settings();
    }
    auto reading = config::read_settings_file(context.config_path);
    if (reading.settings) return reading.settings;
    for (const auto& error : reading.errors) std::cerr << error.to_string() << '\n';
    context.exit_status = exit_wrong;
    return nullptr;
}

bool store_is_there(const config::StoreSettings& settings, Context& context) {
    if (!settings.postgresql.empty() || std::filesystem::exists(settings.path)) return true;
    fail(context, Error{settings.path + ": there is no store"});
    return false;
}

void fail(Context& context, const Error& error) {
    std::cerr << "defenderctl: " << error.message << '\n';
    context.exit_status = store::store_may_recover(error) ? exit_try_again : exit_wrong;
}

}  // namespace defender::ctl
