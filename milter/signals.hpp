/// Signals of the process: SIGHUP reloads, SIGTERM and SIGINT stop.
///
/// libmilter has a signal thread of its own, which would end the process on SIGHUP. The kernel hands a signal
/// of the process to its first thread where that thread does not block it, so: the first thread alone leaves
/// them open and waits here; every other thread, libmilter's among them, is started with all of them blocked.
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
