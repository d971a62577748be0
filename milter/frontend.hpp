/// Frontend: what speaks the milter protocol with MTAs, whichever it is (milter.frontend).
///
/// It turns packets into the events of a Session and replies into packets, and decides nothing. Source: the
/// milter protocol, version 6. Made where the socket can be opened; its constructor throws std::runtime_error
/// where that fails.
#pragma once

#include <chrono>

namespace defender::milter {

/// Between signs of life to an MTA that waits for the reply to a message.
inline constexpr std::chrono::seconds progress_interval{5};

class Frontend {
  public:
    Frontend() = default;
    virtual ~Frontend() = default;
    Frontend(const Frontend&) = delete;
    Frontend& operator=(const Frontend&) = delete;

    /// Serves MTAs until stop(). Call on a thread with all signals blocked. Throws where it cannot go on.
    virtual void run() = 0;
    /// Has run() come to its end. Callable from any thread.
    virtual void stop() = 0;
};

}  // namespace defender::milter
