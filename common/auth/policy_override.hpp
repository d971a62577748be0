/// Policy overrides: the operator's `[[policy.override]]` entries against one failing author domain.
///
/// Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

/// The index of the first entry that matches. An entry matches where each of its lists that is not empty has
/// an entry that matches: the author domain (that name, or one below it), the client's network, the domain of
/// a signature that authenticates it (authenticates() in alignment.hpp; that very name), the list identifier
/// of the message, the newest seal of an ARC chain that passes.
[[nodiscard]] std::optional<std::size_t> find_override(std::span<const config::PolicyOverride> entries,
                                                       std::string_view author_domain,
                                                       const Evidence& evidence,
                                                       config::PartialBody partial_body);

[[nodiscard]] OverrideType override_type(config::OverrideReason reason) noexcept;

}  // namespace defender::auth
