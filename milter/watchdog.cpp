#include "milter/watchdog.hpp"

#include <utility>

#include "common/log/log.hpp"

namespace defender::milter {

Watchdog::Watchdog(Gateway& gateway, Notify notify) : gateway_(gateway), notify_(std::move(notify)) {}

void Watchdog::look() {
    const bool writer = writer_lives();
    if (!answered_) return ask_workers();
    const bool workers = *answered_;
    // Asked once until it is answered, so that questions do not pile up.
    if (workers) ask_workers();
    if (workers && writer) {
        complained_ = false;
        notify_("WATCHDOG=1");
    } else if (!std::exchange(complained_, true)) {
        log::warning("MILTER_NOT_ANSWERING", {{"workers", workers}, {"writer", writer}});
    }
}

void Watchdog::ask_workers() {
    answered_ = std::make_shared<std::atomic<bool>>(false);
    gateway_.post([answered = answered_] { *answered = true; });
}

bool Watchdog::writer_lives() {
    const auto counts = gateway_.writer().counts();
    const auto before = std::exchange(appends_, counts.appends);
    return !counts.appending || counts.appends != before;
}

}  // namespace defender::milter
