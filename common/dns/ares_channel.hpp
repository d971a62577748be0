/// AresChannel: one c-ares channel to one server, driven by Asio: packets go out, packets come back.
///
/// c-ares does the sockets, the matching of responses to queries (address, id, question) and, where a UDP
/// response is truncated, the change to TCP. It makes one try only: repeating, and what a response means, are
/// the caller's. Where a server answers a query with EDNS by an error, c-ares repeats it once without.
/// Everything runs on the io_context's thread; callbacks run posted, never inside send(). Times are
/// steady-clock. The constructor throws std::runtime_error where c-ares has no memory or the server's address
/// is refused.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "common/dns/server_address.hpp"

namespace defender::dns {

struct ChannelOptions {
    bool tcp_only = false;
    bool edns = true;  ///< every query ends with an OPT record
    std::chrono::milliseconds give_up{};
};

enum class Transfer : std::uint8_t { packet, silence, unreachable };

struct Reply {
    Transfer transfer = Transfer::silence;
    std::vector<std::uint8_t> packet;
};

class AresChannel : public std::enable_shared_from_this<AresChannel> {
  public:
    using Done = std::function<void(Reply)>;

    AresChannel(boost::asio::io_context& context, const ServerAddress& server, const ChannelOptions& options);
    ~AresChannel();
    AresChannel(const AresChannel&) = delete;
    AresChannel& operator=(const AresChannel&) = delete;

    /// True where a query with this id is on its way.
    [[nodiscard]] bool has(std::uint16_t id) const { return attempts_.contains(id); }
    /// Sends a packet whose id is not on its way yet. `done` is called once, unless the id is forgotten
    /// before or the channel destroyed.
    void send(std::uint16_t id, std::span<const std::uint8_t> packet, Done done);
    /// The reply to this id is no longer wanted.
    void forget(std::uint16_t id);

    [[nodiscard]] unsigned sent() const noexcept { return sent_; }
    /// c-ares has switched EDNS off for this channel, so that long responses now need TCP.
    [[nodiscard]] bool degraded() const noexcept { return degraded_; }

  private:
    struct Attempt {
        AresChannel* channel = nullptr;
        std::uint16_t id = 0;
        Done done;
    };
    struct Socket {
        Socket(boost::asio::io_context& context, int fd) : descriptor(context, fd) {}
        boost::asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool reading = false;
        bool writing = false;
    };

    static void on_reply(void* attempt, int status, int timeouts, unsigned char* packet, int length);
    static void on_socket_state(void* channel, ares_socket_t fd, int readable, int writable);

    void finished(std::uint16_t id, int status, std::span<const std::uint8_t> packet);
    void socket_state(int fd, bool readable, bool writable);
    void wait(int fd, const std::shared_ptr<Socket>& socket);
    void wait_readable(int fd, const std::shared_ptr<Socket>& socket);
    void wait_writable(int fd, const std::shared_ptr<Socket>& socket);
    void process(int fd, const std::shared_ptr<Socket>& socket, ares_socket_t read, ares_socket_t write);
    void arm_timer();

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    std::unordered_map<std::uint16_t, Attempt> attempts_;
    std::unordered_map<int, std::shared_ptr<Socket>> sockets_;
    std::unique_ptr<ares_channeldata, void (*)(ares_channeldata*)> channel_;
    unsigned sent_ = 0;
    bool degraded_ = false;
    bool closing_ = false;
    bool timer_armed_ = false;
};

/// The servers of /etc/resolv.conf, as c-ares reads it. Throws std::runtime_error where c-ares cannot start.
[[nodiscard]] std::vector<ServerAddress> system_servers();

}  // namespace defender::dns
