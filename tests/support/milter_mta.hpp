/// An MTA at the unix socket of a milter: sends octets, and waits for answers, one after another.
#pragma once

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/milter_packets.hpp"

namespace defender::test {

class MilterMta {
  public:
    explicit MilterMta(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy_n(path.begin(), std::min(path.size(), sizeof address.sun_path - 1), address.sun_path);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(socket_);
            throw std::runtime_error("nobody listens at " + path);
        }
    }
    ~MilterMta() { ::close(socket_); }
    MilterMta(const MilterMta&) = delete;
    MilterMta& operator=(const MilterMta&) = delete;

    void send(std::string_view octets) {
        while (!octets.empty()) octets.remove_prefix(send_some(octets, 0));
    }

    /// True once the milter has read all that was sent.
    [[nodiscard]] bool all_is_read() const {
        int unread = 0;
        if (::ioctl(socket_, SIOCOUTQ, &unread) != 0)
            throw std::runtime_error("the kernel does not say what is unread");
        return unread == 0;
    }

    /// As much as there is room for; how many octets that was.
    std::size_t send_without_waiting(std::string_view octets) {
        std::size_t all = 0;
        while (all < octets.size()) {
            const auto sent = send_some(octets.substr(all), MSG_DONTWAIT);
            if (sent == 0) break;
            all += sent;
        }
        return all;
    }

    /// Nothing where the milter closed the connection. Throws where no answer comes.
    std::optional<MilterAnswer> answer() {
        while (answers_.empty() && !closed_) read();
        if (answers_.empty()) return std::nullopt;
        auto first = std::move(answers_.front());
        answers_.pop_front();
        return first;
    }

    /// The codes of the next answers, up to one of `last`.
    std::string codes_up_to(std::string_view last) {
        std::string codes;
        do {
            const auto next = answer();
            if (!next) throw std::runtime_error("the milter closed the connection after " + codes);
            codes += next->code;
        } while (last.find(codes.back()) == std::string_view::npos);
        return codes;
    }

    /// True once the milter has closed the connection; its answers before that are dropped.
    bool is_closed() {
        while (!closed_) read();
        return true;
    }

  private:
    static constexpr std::chrono::milliseconds patience{20000};

    std::size_t send_some(std::string_view octets, int flags) const {
        const auto sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL | flags);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EAGAIN) return 0;
        throw std::runtime_error("the milter takes nothing more");
    }

    void read() {
        pollfd ready{socket_, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) throw std::runtime_error("no answer");
        char buffer[65536];
        const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
        if (count <= 0) {
            closed_ = true;
            return;
        }
        octets_.append(buffer, static_cast<std::size_t>(count));
        for (auto& answer : take_answers(octets_)) answers_.push_back(std::move(answer));
    }

    int socket_;
    bool closed_ = false;
    std::string octets_;
    std::deque<MilterAnswer> answers_;
};

}  // namespace defender::test
