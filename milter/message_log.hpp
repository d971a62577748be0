/// The one log line of a message: MESSAGE_JUDGED or MESSAGE_EXEMPT.
///
/// Thread-safety: a pure function.
#pragma once

#include <chrono>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/log/log.hpp"

namespace defender::milter {

/// The fields in their documented order.
[[nodiscard]] log::Fields message_fields(const auth::Evidence& evidence, const auth::Judgement& judgement,
                                         std::chrono::milliseconds spent);

}  // namespace defender::milter
