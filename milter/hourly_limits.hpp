/// HourlyLimits: how many of something in one hour, for each domain and in all.
///
/// Hours are those of the clock that is handed in. Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/utc_time.hpp"

namespace defender::milter {

class HourlyLimits {
  public:
    /// True where one more is allowed for `domain` in the hour of `now`; it is counted then.
    [[nodiscard]] bool take(const std::string& domain, UtcSeconds now, std::uint64_t max_for_domain,
                            std::uint64_t max_in_all);

  private:
    std::int64_t hour_ = 0;
    std::uint64_t in_all_ = 0;
    std::map<std::string, std::uint64_t> by_domain_;  ///< bounded by max_in_all, as only what is taken enters
};

}  // namespace defender::milter
