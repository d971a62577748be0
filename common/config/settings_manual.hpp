/// The documents made from the table of settings: the shipped file, the manual page, and which settings a
/// reload takes up.
///
/// conf/defender.toml, docs/man/defender.toml.5 and docs/RELOADING.md are written by the program
/// settings-manual; a test compares them. Pure and thread-safe.
#pragma once

#include <string>

namespace defender::config {

/// Every setting with its paragraph and its default, as a file that can be used.
[[nodiscard]] std::string shipped_settings();
/// defender.toml(5), as roff.
[[nodiscard]] std::string settings_man_page();
/// A page of Markdown.
[[nodiscard]] std::string reloading_page();

}  // namespace defender::config
