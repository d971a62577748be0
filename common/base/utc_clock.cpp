#include "common/base/utc_clock.hpp"

#include <chrono>

namespace defender {

UtcSeconds utc_now() noexcept {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace defender
