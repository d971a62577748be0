/// The libmilter front end: translates libmilter's callbacks into the events of a Session, and replies back.
///
/// Source: libmilter 8.17 (milter protocol 6). It decides nothing. Its end-of-message callback waits for the
/// session's reply and keeps the MTA patient meanwhile. One front end a process, as libmilter has it.
#pragma once

#include <string>

#include "common/config/settings.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

class LibmilterFrontend {
  public:
    /// Registers with libmilter and opens the socket. Throws std::runtime_error where that fails.
    LibmilterFrontend(Gateway& gateway, const config::MilterSettings& settings);
    LibmilterFrontend(const LibmilterFrontend&) = delete;
    LibmilterFrontend& operator=(const LibmilterFrontend&) = delete;

    /// Serves MTAs until stop(). Call on a thread with all signals blocked.
    void run();
    /// Makes run() return within a few seconds. Messages in flight are not waited for. Callable from any
    /// thread.
    static void stop();
};

}  // namespace defender::milter
