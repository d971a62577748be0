/// What this milter agrees on with an MTA when a connection begins.
///
/// Decided once for every front end. Source: the milter protocol, version 6. Thread-safe.
#pragma once

#include <optional>

#include "milter/gateway.hpp"
#include "milter/milter_terms.hpp"

namespace defender::milter {

/// What to agree on under the settings in force; nothing where the MTA cannot do what is needed, which is
/// logged as MILTER_MTA_UNSUITABLE.
[[nodiscard]] std::optional<Terms> negotiate(const Gateway& gateway, const Terms& offered);

}  // namespace defender::milter
