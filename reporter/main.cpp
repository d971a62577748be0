// defender-reporter: reads and checks its settings. Reports themselves are not made by this version.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "common/config/settings_reader.hpp"

namespace {

constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;

}  // namespace

int main(int argc, char** argv) {
    std::string settings_file = "/etc/defender/defender.toml";
    bool check_only = false;
    CLI::App app("Makes DMARC aggregate reports. This version only checks its settings.",
                 "defender-reporter");
    app.add_option("-c,--config", settings_file, "The settings")->capture_default_str();
    app.add_flag("--check-config", check_only, "Check the settings and end");
    app.set_version_flag("--version", std::string("defender-reporter ") + DEFENDER_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }

    const auto reading = defender::config::read_settings_file(settings_file);
    for (const auto& error : reading.errors) std::cerr << error.to_string() << '\n';
    if (!reading.settings) return exit_wrong;
    if (check_only) return 0;
    std::cerr << "defender-reporter: this version makes no reports; run it with --check-config\n";
    return exit_usage;
}
