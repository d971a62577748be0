/// The Asio front end: speaks the milter protocol itself, with a few threads for any number of connections.
///
/// An event of a session runs where its packet was read; what verifies signatures runs on the gateway's
/// workers, and a message that waits for its reply holds no thread. At stop() the socket closes at once, and
/// each connection when it has no message: a message that was begun has some seconds to come to its end, one
/// in flight as long as it takes. Source: the milter protocol, version 6. Logged: see milter_connection.hpp
/// and descriptors.hpp.
#pragma once

#include <chrono>
#include <memory>

#include "common/config/settings.hpp"
#include "milter/asio_connection.hpp"
#include "milter/frontend.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

struct AsioTimes {
    ConnectionTimes connection;
    std::chrono::milliseconds look{std::chrono::seconds{1}};  ///< between looks at what is due
    /// For messages that were begun and have not come to their end when stop() is called.
    std::chrono::milliseconds grace{std::chrono::seconds{5}};
};

class AsioFrontend final : public Frontend {
  public:
    /// Opens the socket; MTAs are served by milter.workers threads. The gateway outlives it. Throws
    /// std::runtime_error where the socket cannot be opened.
    AsioFrontend(Gateway& gateway, const config::MilterSettings& settings, AsioTimes times = {});
    /// run() has come to its end.
    ~AsioFrontend() override;

    void run() override;
    void stop() override;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::milter
