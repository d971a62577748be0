#include "milter/hourly_limits.hpp"

namespace defender::milter {

bool HourlyLimits::take(const std::string& domain, UtcSeconds now, std::uint64_t max_for_domain,
                        std::uint64_t max_in_all) {
    constexpr UtcSeconds seconds_per_hour = 3600;
    if (now / seconds_per_hour != hour_) {
        hour_ = now / seconds_per_hour;
        in_all_ = 0;
        by_domain_.clear();
    }
    if (in_all_ >= max_in_all) return false;
    const auto found = by_domain_.find(domain);
    if (found != by_domain_.end() && found->second >= max_for_domain) return false;
    ++in_all_;
    ++by_domain_[domain];
    return true;
}

}  // namespace defender::milter
