/// Signals of the process: SIGHUP reloads, SIGTERM and SIGINT stop.
///
/// They are blocked in every thread and looked for between two steps of the work. Thread-safety: one object
/// in a process, used by its first thread.
#pragma once

#include <chrono>

namespace defender::reporter {

class Signals {
  public:
    /// Blocks the three (and ignores SIGPIPE). Before any other thread is there.
    Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// Takes those that have come; true where one of them is still to be acted on.
    [[nodiscard]] bool pending();
    /// Returns when one is to be acted on, or when the time is over.
    void wait(std::chrono::milliseconds time);

    [[nodiscard]] bool stop() const noexcept { return stop_; }
    /// True once for any number of SIGHUPs before it.
    [[nodiscard]] bool take_reload() noexcept;

  private:
    bool stop_ = false;
    bool reload_ = false;
};

}  // namespace defender::reporter
