/// Alarm: wakes its owner at one moment. A seam, so that tests can turn the clock by hand.
///
/// make_alarm() gives the one of the programs; it rings on an EventThread.
#pragma once

#include <functional>
#include <memory>

#include "common/dns/event_thread.hpp"
#include "common/dns/resolver.hpp"

namespace defender::dns {

class Alarm {
  public:
    virtual ~Alarm() = default;
    /// Calls `ring` at `when` or soon after, in place of what was set before; a ring under way may still
    /// come. Never calls it inside set(). Callable from any thread.
    virtual void set(Clock::time_point when, std::function<void()> ring) = 0;
};

[[nodiscard]] std::unique_ptr<Alarm> make_alarm(EventThread& thread);

}  // namespace defender::dns
