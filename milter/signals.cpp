#include "milter/signals.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace {

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
    return set;
}

timespec timespec_of(std::chrono::microseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
}

}  // namespace

/// Only libmilter's signal thread calls this, and it must never have a signal: see signals.hpp.
extern "C" int sigwait(const sigset_t* /*signals*/, int* /*signal*/) {
    for (;;) pause();
}

namespace defender::milter {

void block_signals() {
    const auto set = our_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

std::optional<Event> next_event(std::optional<std::chrono::microseconds> patience) {
    const auto set = our_signals();
    const auto longest = timespec_of(patience.value_or(std::chrono::microseconds{0}));
    int signal = -1;
    do {
        signal = sigtimedwait(&set, nullptr, patience ? &longest : nullptr);
    } while (signal < 0 && errno == EINTR);
    if (signal < 0) return std::nullopt;
    return signal == SIGHUP ? Event::reload : Event::stop;
}

void request_stop() {
    kill(getpid(), SIGTERM);
}

}  // namespace defender::milter
