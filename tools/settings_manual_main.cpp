// settings-manual: writes the documents that are made from tables in the program to the standard output.
#include <iostream>
#include <string_view>

#include "common/config/settings_manual.hpp"
#include "common/log/log_ids.hpp"

int main(int argc, char** argv) {
    const std::string_view what = argc == 2 ? argv[1] : "";
    if (what == "--toml") {
        std::cout << defender::config::shipped_settings();
    } else if (what == "--man") {
        std::cout << defender::config::settings_man_page();
    } else if (what == "--reloading") {
        std::cout << defender::config::reloading_page();
    } else if (what == "--log-man") {
        std::cout << defender::log::log_man_page();
    } else {
        std::cerr << "usage: settings-manual --toml | --man | --reloading | --log-man\n";
        return 2;
    }
    return std::cout.flush() ? 0 : 1;
}
