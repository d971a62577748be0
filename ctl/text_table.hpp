/// TextTable: rows of cells as lines for people, the columns as wide as their widest cell.
///
/// Cells may hold text from outside: what is not printable becomes '?', so that no sender speaks to the
/// terminal. Thread-safety: pure functions on values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace defender::ctl {

using TextRow = std::vector<std::string>;

/// Two blanks before each line and between columns; no blanks at the end of a line.
[[nodiscard]] std::string text_table(const std::vector<TextRow>& rows);

/// One cell, made printable and cut to a length that a terminal can show.
[[nodiscard]] std::string cell(std::string_view text);

}  // namespace defender::ctl
