/// Heartbeat: tells the service manager, between two steps of the work, that the reporter lives (WATCHDOG=1
/// of sd_notify(3)).
///
/// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace defender::reporter {

/// Tells the service manager a state of sd_notify(3).
using Notify = std::function<void(const char* state)>;

class Heartbeat {
  public:
    /// `interval`: how often the service manager is told at most; nothing where it does not want to know.
    Heartbeat(Notify notify, std::optional<std::chrono::microseconds> interval);

    /// To be called as often as a step is done.
    void beat();
    /// No longer than until the next beat is due.
    [[nodiscard]] std::chrono::milliseconds bounded(std::chrono::milliseconds wait) const;

  private:
    Notify notify_;
    std::optional<std::chrono::microseconds> interval_;
    std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace defender::reporter
