/// A proxy on loopback that cuts a connection at a chosen step, to see what a client makes of it.
///
/// A step is one piece of what a client sends. A cut before it loses the piece; a cut after it loses the
/// answer, when the server has already done what it was asked. Only one connection is cut, once; the others
/// pass. Thread-safe.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

namespace defender::test {

class CuttingProxy {
  public:
    enum class Cut { before, after };

    explicit CuttingProxy(int server_port) : server_port_(server_port) {
        listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
            ::listen(listening_, 16) != 0 || ::pipe(end_.data()) != 0 ||
            ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
            throw std::runtime_error("no proxy");
        }
        port_ = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept(); });
    }
    ~CuttingProxy() {
        ::close(end_[1]);  // wakes every thread
        accepting_.join();
        for (auto& each : passing_) each.join();
        ::close(end_[0]);
        ::close(listening_);
    }
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    [[nodiscard]] int port() const noexcept { return port_; }
    /// Cuts at the `step`th piece from now on, counted from 1.
    void cut_at(int step, Cut cut) {
        const std::lock_guard lock(mutex_);
        left_ = step;
        cut_ = cut;
    }
    /// False where the step has not been reached yet.
    [[nodiscard]] bool has_cut() const {
        const std::lock_guard lock(mutex_);
        return left_ <= 0;
    }

  private:
    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        return address;
    }

    void accept() {
        for (;;) {
            std::array<pollfd, 2> ready{{{listening_, POLLIN, 0}, {end_[0], POLLIN, 0}}};
            ::poll(ready.data(), ready.size(), -1);
            if (ready[1].revents != 0) return;
            const int client = ::accept(listening_, nullptr, nullptr);
            passing_.emplace_back([this, client] { pass(client); });
        }
    }

    void pass(int client) {
        const int server = ::socket(AF_INET, SOCK_STREAM, 0);
        const auto address = loopback(server_port_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            while (pass_piece(client, server)) {
            }
        }
        ::close(server);
        ::close(client);
    }

    /// False at the end of either side, and at the cut.
    bool pass_piece(int client, int server) {
        std::array<pollfd, 3> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}, {end_[0], POLLIN, 0}}};
        ::poll(ready.data(), ready.size(), -1);
        if (ready[2].revents != 0) return false;
        if (ready[1].revents != 0) return copy(server, client);
        const auto now = reached_cut();
        if (now == Cut::before) return false;
        if (!copy(client, server)) return false;
        if (!now) return true;
        // Not every piece has an answer of its own.
        pollfd answer{server, POLLIN, 0};
        ::poll(&answer, 1, 1000);
        return false;
    }

    /// The cut that is to be made at this piece.
    std::optional<Cut> reached_cut() {
        const std::lock_guard lock(mutex_);
        if (left_ <= 0 || --left_ > 0) return std::nullopt;
        return cut_;
    }

    static bool copy(int from, int to) {
        std::array<char, 65536> piece{};
        const auto got = ::recv(from, piece.data(), piece.size(), 0);
        if (got <= 0) return false;
        std::string_view rest(piece.data(), static_cast<std::size_t>(got));
        while (!rest.empty()) {
            const auto sent = ::send(to, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            rest.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    const int server_port_;
    int listening_ = -1;
    int port_ = 0;
    std::array<int, 2> end_{};
    mutable std::mutex mutex_;
    int left_ = 0;
    Cut cut_ = Cut::before;
    std::thread accepting_;
    std::vector<std::thread> passing_;  // the accepting thread's own, until it has ended
};

}  // namespace defender::test
