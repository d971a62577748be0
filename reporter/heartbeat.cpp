#include "reporter/heartbeat.hpp"

#include <algorithm>
#include <utility>

namespace defender::reporter {

Heartbeat::Heartbeat(Notify notify, std::optional<std::chrono::microseconds> interval)
    : notify_(std::move(notify)), interval_(interval) {}

void Heartbeat::beat() {
    if (!interval_) return;
    const auto now = std::chrono::steady_clock::now();
    if (last_ && now - *last_ < *interval_) return;
    last_ = now;
    notify_("WATCHDOG=1");
}

std::chrono::milliseconds Heartbeat::bounded(std::chrono::milliseconds wait) const {
    if (!interval_) return wait;
    return std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(*interval_));
}

}  // namespace defender::reporter
