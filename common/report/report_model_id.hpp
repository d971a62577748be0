/// derived_id: an identifier that equal values always give, and different ones never in practice.
///
/// Hexadecimal digits of a SHA-256 over the values, each with its length, so that no two lists are one text.
/// Thread-safety: a pure function.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace defender::report {

/// `digits`: at most 64.
[[nodiscard]] std::string derived_id(const std::vector<std::string>& values, std::size_t digits);

}  // namespace defender::report
