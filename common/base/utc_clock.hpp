/// utc_now(): the clock, apart from utc_time.hpp, which is pure. Only what touches the world includes this.
///
/// Whole seconds; may step where the operator sets the clock. Thread-safe.
#pragma once

#include "common/base/utc_time.hpp"

namespace defender {

[[nodiscard]] UtcSeconds utc_now() noexcept;

}  // namespace defender
