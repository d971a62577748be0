/// Signals of the process: SIGHUP reloads, SIGTERM and SIGINT stop.
///
/// They are blocked in every thread and taken by next_event() alone. libmilter has a signal thread of its
/// own, which would take them from it by sigwait() and end the process on SIGHUP; so this program brings a
/// sigwait() that never returns, which stands before the C library's for libmilter too.
#pragma once

#include <chrono>
#include <optional>

namespace defender::milter {

enum class Event { reload, stop };

/// Blocks SIGHUP, SIGTERM and SIGINT (and ignores SIGPIPE). Call first thing in main(), before any thread is
/// there.
void block_signals();
/// Waits for the next of them, those that came since block_signals() included; nothing where none came within
/// `patience`, if that is given.
[[nodiscard]] std::optional<Event> next_event(std::optional<std::chrono::microseconds> patience);
/// Makes next_event() return stop, from another thread.
void request_stop();

}  // namespace defender::milter
