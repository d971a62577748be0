/// The socket that MTAs connect to: opened for the Asio front end, and what libmilter's needs beyond
/// libmilter.
///
/// Group and mode of a unix socket are the settings'. On TCP a reply must not wait for the MTA's delayed ACK,
/// as libmilter sends it in several packets and the MTA answers none of them; accepted sockets inherit
/// TCP_NODELAY on Linux (unix(7), tcp(7)). Failures are std::runtime_error with what an operator has to mend.
/// Thread-safety: one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/config/settings.hpp"

namespace defender::milter {

/// Connections that may wait to be accepted.
inline constexpr int listening_backlog = 1024;

/// Call after libmilter has opened the socket.
void prepare_listening_socket(const config::MilterSettings& settings);

/// Makes way for a unix socket: removes a socket file at `path` that nobody serves. Throws where somebody
/// does.
void claim_socket_path(const std::string& path);

/// A socket that listens at milter.socket, without blocking. Closed when it goes, and the file of a unix
/// socket removed, if it is still this socket's.
class ListeningSocket {
  public:
    explicit ListeningSocket(const config::MilterSettings& settings);
    ~ListeningSocket();
    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// AF_UNIX, AF_INET or AF_INET6.
    [[nodiscard]] int family() const noexcept { return family_; }

  private:
    void listen_on_path(const config::MilterSettings& settings);
    void listen_on_port(const std::string& socket);
    void open(int family);

    int descriptor_ = -1;
    int family_ = 0;
    std::string path_;  ///< of a unix socket
    dev_t device_ = 0;  ///< of the file at that path
    ino_t inode_ = 0;
};

}  // namespace defender::milter
