/// Watchdog: proof for the service manager that the milter lives (WATCHDOG=1 of sd_notify(3)).
///
/// Each look says that the program lives where the workers have answered what the look before asked them, and
/// the store does not hold the writer of records since then. So a manager that waits for the word restarts a
/// milter whose threads wait for each other or for ever. A writer that opens its store, which takes as long
/// as a migration does, lives; and so does one whose store fails: the records that it keeps in memory until
/// the store is back would be lost by a restart. Thread-safety: one thread. Logged: MILTER_NOT_ANSWERING.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "milter/gateway.hpp"

namespace defender::milter {

class Watchdog {
  public:
    /// Tells the service manager a state of sd_notify(3).
    using Notify = std::function<void(const char* state)>;

    /// The gateway outlives it.
    Watchdog(Gateway& gateway, Notify notify);

    /// To be called several times in the time that the service manager waits for a word.
    void look();

  private:
    void ask_workers();
    [[nodiscard]] bool writer_lives();

    Gateway& gateway_;
    Notify notify_;
    std::shared_ptr<std::atomic<bool>> answered_;  ///< by a worker; null before the first look
    std::uint64_t appends_ = 0;                    ///< of the writer, at the last look
    bool complained_ = false;                      ///< of the silence that there is
};

}  // namespace defender::milter
