/// A unix socket that answers one connection with fixed text and closes, as a milter's status socket does.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace defender::test {

class StatusSocket {
  public:
    /// Without an answer, connections are left waiting.
    explicit StatusSocket(const std::string& path, std::optional<std::string> answer = std::nullopt)
        : listening_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy_n(path.begin(), std::min(path.size(), sizeof address.sun_path - 1), address.sun_path);
        ::unlink(path.c_str());
        if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listening_, 4) != 0 || ::pipe(end_) != 0) {
            throw std::runtime_error("no status socket");
        }
        if (answer) thread_ = std::thread([this, text = *answer] { serve(text); });
    }
    ~StatusSocket() {
        ::close(end_[1]);
        if (thread_.joinable()) thread_.join();
        ::close(end_[0]);
        ::close(listening_);
    }
    StatusSocket(const StatusSocket&) = delete;
    StatusSocket& operator=(const StatusSocket&) = delete;

  private:
    void serve(std::string_view text) const {
        pollfd ready[2] = {{listening_, POLLIN, 0}, {end_[0], POLLIN, 0}};
        if (::poll(ready, 2, -1) < 1 || (ready[0].revents & POLLIN) == 0) return;
        const int connection = ::accept(listening_, nullptr, nullptr);
        while (!text.empty()) {
            const auto sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) break;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        ::close(connection);
    }

    int listening_;
    int end_[2]{};
    std::thread thread_;
};

}  // namespace defender::test
