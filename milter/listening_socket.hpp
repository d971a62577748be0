/// What the listening socket needs beyond libmilter: group and mode of a unix socket, and no delay on TCP.
///
/// libmilter sends a reply in several packets; without TCP_NODELAY each would wait for the MTA's delayed ACK.
/// Accepted sockets inherit the option on Linux.
#pragma once

#include "common/config/settings.hpp"

namespace defender::milter {

/// Call after libmilter has opened the socket. Throws std::runtime_error with what an operator has to mend.
void prepare_listening_socket(const config::MilterSettings& settings);

}  // namespace defender::milter
