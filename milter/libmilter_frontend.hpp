/// The libmilter front end: translates libmilter's callbacks into the events of a Session, and replies back.
///
/// Source: libmilter 8.17 (milter protocol 6). It decides nothing. Its end-of-message callback waits for the
/// session's reply and keeps the MTA patient meanwhile. One front end a process, as libmilter has it.
#pragma once

#include "common/config/settings.hpp"
#include "milter/frontend.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

class LibmilterFrontend final : public Frontend {
  public:
    /// Registers with libmilter and opens the socket. Throws std::runtime_error where that fails.
    LibmilterFrontend(Gateway& gateway, const config::MilterSettings& settings);

    void run() override;
    /// run() returns within a few seconds. Messages in flight are not waited for.
    void stop() override;
};

}  // namespace defender::milter
