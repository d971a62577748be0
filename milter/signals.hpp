/// Signals of the process: SIGHUP reloads, SIGTERM and SIGINT stop.
///
/// libmilter has a signal thread of its own, which sits in sigwait() and would end the process on SIGHUP. That a
/// signal of the process goes to a thread that does not block it is no help: whoever calls sigwait() while the
/// signal is pending takes it, and a second signal goes to a sigwait() where the first is not handled yet. So
/// this program brings a sigwait() that never returns, which stands before the C library's for libmilter too. The
/// first thread leaves the signals open and waits here; every other is started with them blocked.
#pragma once

namespace defender::milter {

enum class Event { reload, stop };

/// Blocks SIGHUP, SIGTERM and SIGINT (and ignores SIGPIPE). Call first thing in main().
void block_signals();
/// Lets the three in, to next_event(), on the calling thread, which must be the process's first.
void open_signals();
/// Waits for the next of them.
[[nodiscard]] Event next_event();
/// Makes next_event() return stop, from another thread.
void request_stop();

}  // namespace defender::milter
