/// StatusServer: the unix socket that tells how the milter is doing, for `defenderctl status`.
///
/// Whoever connects gets one JSON object and the end of the stream. Nothing is read. Thread-safety: make and
/// destroy on one thread; it serves on a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "common/store/record_mover.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

class StatusServer {
  public:
    /// Replaces a socket file that nobody listens on. Throws std::runtime_error where it cannot listen at
    /// `path`. `mover` is null where records are not moved; all outlive this.
    StatusServer(Gateway& gateway, const std::string& path, const store::RecordMover* mover = nullptr);
    ~StatusServer();
    StatusServer(const StatusServer&) = delete;
    StatusServer& operator=(const StatusServer&) = delete;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::milter
