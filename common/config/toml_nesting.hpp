/// How deep a TOML text nests, found without building anything.
///
/// toml++ bounds nested brackets but not dotted keys (a.a.a.…), and frees tables recursively: a text of
/// 100,000 dots overflows the stack. So texts are looked at first. Linear time; thread-safe.
#pragma once

#include <optional>
#include <string_view>

namespace defender::config {

/// The line, from 1, on which brackets nest deeper than 16, or a key has more than 16 dots; nothing where
/// none does. Dots and brackets in strings and comments do not count.
[[nodiscard]] std::optional<unsigned> line_nested_too_deep(std::string_view toml);

}  // namespace defender::config
