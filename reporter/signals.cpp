#include "reporter/signals.hpp"

#include <signal.h>

#include <initializer_list>
#include <utility>

namespace defender::reporter {
namespace {

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, number);
    return set;
}

timespec timespec_of(std::chrono::milliseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
}

}  // namespace

Signals::Signals() {
    const auto set = our_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

bool Signals::pending() {
    const auto set = our_signals();
    const timespec at_once{};
    for (int number = sigtimedwait(&set, nullptr, &at_once); number > 0;
         number = sigtimedwait(&set, nullptr, &at_once)) {
        (number == SIGHUP ? reload_ : stop_) = true;
    }
    return stop_ || reload_;
}

void Signals::wait(std::chrono::milliseconds time) {
    if (pending()) return;
    const auto set = our_signals();
    const auto longest = timespec_of(time);
    const int number = sigtimedwait(&set, nullptr, &longest);
    if (number > 0) (number == SIGHUP ? reload_ : stop_) = true;
}

bool Signals::take_reload() noexcept {
    return std::exchange(reload_, false);
}

}  // namespace defender::reporter
