/// The documents made from the table of settings: the shipped file and the manual page.
///
/// conf/defender.toml and docs/man/defender.toml.5 are written by the program settings-manual; a test
/// compares them. Pure and thread-safe.
#pragma once

#include <string>

namespace defender::config {

/// Every setting with its paragraph and its default, as a file that can be used.
[[nodiscard]] std::string shipped_settings();
/// defender.toml(5), as roff.
[[nodiscard]] std::string settings_man_page();

}  // namespace defender::config
