/// What an operator may have meant by a key that does not exist.
///
/// Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings_table.hpp"

namespace defender::config {

/// Insertions, deletions, replacements and swaps of neighbours that turn one text into the other, case
/// ignored.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known`, where it is near enough to be what was meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view key, const std::vector<std::string>& known);

/// The mend for an unknown table of the file.
[[nodiscard]] std::string mend_unknown_table(std::string_view table);
/// The mend for an unknown key of a table; an empty table is the part of the file before the first [TABLE].
[[nodiscard]] std::string mend_unknown_key(std::string_view table, std::string_view key);
/// The mend for an unknown key of a [[TABLE.ARRAY]].
[[nodiscard]] std::string mend_unknown_entry_key(std::string_view table, const SettingsArray& array,
                                                 std::string_view key);

}  // namespace defender::config
