/// Evidence as JSON: how it is kept in the store and shown to machines.
///
/// Version 1. What is written is read back whole, but for octets that are not UTF-8, which become U+FFFD. On
/// reading, unknown members are ignored and missing ones keep their defaults; wrong types, unknown names and
/// other versions are errors. Thread-safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/auth/evidence.hpp"
#include "common/base/result.hpp"

namespace defender::store {

[[nodiscard]] std::string json_of(const auth::Evidence& evidence);
/// The same as a value.
[[nodiscard]] nlohmann::ordered_json to_json(const auth::Evidence& evidence);
[[nodiscard]] Result<auth::Evidence> evidence_from_json(std::string_view text);

}  // namespace defender::store
