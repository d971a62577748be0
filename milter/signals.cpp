#include "milter/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace {

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
    return set;
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

Event next_event() {
    const auto set = our_signals();
    int signal = -1;
    while (signal < 0) signal = sigwaitinfo(&set, nullptr);  // -1: interrupted by another signal
    return signal == SIGHUP ? Event::reload : Event::stop;
}

void request_stop() {
    kill(getpid(), SIGTERM);
}

}  // namespace defender::milter
