/// OutsideCalls: lets other threads call into something for as long as it is there.
///
/// Replies are given and work is handed on by threads that whoever takes it does not end. What they use of
/// it, such as a connection's strand or a pool of workers, must not be gone before such a call has returned.
/// Thread-safe.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace defender::milter {

class OutsideCalls {
  public:
    /// Kept for as long as the call takes; empty where there is nothing to be called any more.
    [[nodiscard]] std::shared_lock<std::shared_mutex> enter() {
        std::shared_lock lock(mutex_);
        if (over_) lock.unlock();
        return lock;
    }
    /// Waits for the calls that are being made; none is let in afterwards.
    void end() {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }

  private:
    std::shared_mutex mutex_;
    bool over_ = false;
};

}  // namespace defender::milter
