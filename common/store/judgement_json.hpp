/// Judgement as JSON: how it is kept in the store and shown to machines.
///
/// Version 1, with the same promises as evidence_json.hpp. Thread-safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/judgement.hpp"
#include "common/base/result.hpp"

namespace defender::store {

[[nodiscard]] std::string json_of(const auth::Judgement& judgement);
/// Why a disposition is not what the policy asks for, alone: [{"type","comment"}…].
[[nodiscard]] std::string json_of(const std::vector<auth::OverrideApplied>& overrides);
/// A judgement as a value.
[[nodiscard]] nlohmann::ordered_json to_json(const auth::Judgement& judgement);
[[nodiscard]] Result<auth::Judgement> judgement_from_json(std::string_view text);

}  // namespace defender::store
