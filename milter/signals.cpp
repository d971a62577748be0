#include "milter/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace defender::milter {
namespace {

// Written by the handler, read by next_event(): one octet an event.
std::array<int, 2> event_pipe{-1, -1};

constexpr char reload_octet = 'r';
constexpr char stop_octet = 's';

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
    return set;
}

void put(char octet) {
    const int saved = errno;
    // A full pipe holds enough events to be acted on.
    [[maybe_unused]] const auto written = write(event_pipe[1], &octet, 1);
    errno = saved;
}

extern "C" void on_signal(int signal) {
    put(signal == SIGHUP ? reload_octet : stop_octet);
}

}  // namespace

/// Only libmilter's signal thread calls this, and it must never have a signal: see signals.hpp.
extern "C" int sigwait(const sigset_t* /*signals*/, int* /*signal*/) {
    for (;;) pause();
}

void block_signals() {
    const auto set = our_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void open_signals() {
    if (pipe2(event_pipe.data(), O_CLOEXEC) != 0 || fcntl(event_pipe[1], F_SETFL, O_NONBLOCK) != 0) {
        throw std::runtime_error("cannot make a pipe for signals");
    }
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
    const auto set = our_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Event next_event() {
    pollfd readable{event_pipe[0], POLLIN, 0};
    while (poll(&readable, 1, -1) < 0 && errno == EINTR) {
    }
    char octet = stop_octet;
    while (read(event_pipe[0], &octet, 1) < 0 && errno == EINTR) {
    }
    return octet == reload_octet ? Event::reload : Event::stop;
}

void request_stop() {
    put(stop_octet);
}

}  // namespace defender::milter
