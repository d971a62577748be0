/// ForwarderRefresh: the thread that reads from the store which forwarders are known, for the gateway.
///
/// At the start, once a minute and when it is told to, so that no message waits for the store. A store that
/// cannot be read leaves in place what was known before. Where settings.indirect is not enabled nothing is
/// read and nothing is known. Logged: FORWARDERS_READ where other networks are known than before,
/// FORWARDERS_NOT_READ once for each failure that lasts. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "common/store/stores.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

class ForwarderRefresh {
  public:
    /// Opens the store for one reading; what takes long is to be given up as soon as `give_up` says so.
    using OpenStore =
        std::function<Result<std::unique_ptr<store::Forwarders>>(std::function<bool()> give_up)>;

    /// `gateway` must outlive it.
    ForwarderRefresh(Gateway& gateway, OpenStore open);
    ForwarderRefresh(Gateway& gateway, OpenStore open, std::chrono::milliseconds interval);
    ~ForwarderRefresh();
    ForwarderRefresh(const ForwarderRefresh&) = delete;
    ForwarderRefresh& operator=(const ForwarderRefresh&) = delete;

    /// Reads soon, under the settings that are then in force.
    void read_again();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// For the store that the settings name.
[[nodiscard]] std::unique_ptr<ForwarderRefresh> make_forwarder_refresh(Gateway& gateway,
                                                                       const config::StoreSettings& settings);

}  // namespace defender::milter
