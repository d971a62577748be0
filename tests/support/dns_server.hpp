/// DnsServer: a DNS server on loopback whose every reply the test scripts; UDP and TCP on one port, own
/// thread.
///
/// The script is called on the server's thread with each query and gives the packets to send back, each after
/// a delay; none is silence. Closing a protocol makes the port refuse it.
#pragma once

#include <array>
#include <boost/asio.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/dns_packet.hpp"

namespace defender::testing {

struct ServerQuery {
    bool tcp = false;
    std::uint16_t id = 0;
    std::string name;  ///< with the case as it came
    Octets wire_name;
    unsigned type = 0;
    bool edns = false;
    unsigned udp_size = 512;
    std::uint16_t source_port = 0;
    Octets packet;

    /// A response with the question as it came.
    [[nodiscard]] DnsPacket reply(unsigned flags = 0x8180) const {
        DnsPacket packet_(id, flags);
        packet_.question(wire_name, type);
        return packet_;
    }
};

struct ServerReply {
    Octets packet;
    std::chrono::milliseconds delay{0};
};
using ServerReplies = std::vector<ServerReply>;

inline ServerReplies send(const DnsPacket& packet) {
    return {{packet.octets(), {}}};
}
inline ServerReplies silence() {
    return {};
}

class DnsServer {
  public:
    using Script = std::function<ServerReplies(const ServerQuery&)>;
    enum class Serve { udp_and_tcp, udp_only };

    explicit DnsServer(Script script, Serve serve = Serve::udp_and_tcp)
        : script_(std::move(script)), udp_(io_), acceptor_(io_) {
        bind(serve);
        receive();
        if (acceptor_.is_open()) accept();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~DnsServer() {
        io_.stop();
        thread_.join();
    }
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// What came so far.
    [[nodiscard]] std::vector<ServerQuery> queries() const {
        const std::lock_guard lock(mutex_);
        return queries_;
    }

  private:
    using udp = boost::asio::ip::udp;
    using tcp = boost::asio::ip::tcp;

    /// The port that the kernel gives for UDP may be taken for TCP; then another one is tried.
    void bind(Serve serve) {
        const auto loopback = boost::asio::ip::address_v4::loopback();
        for (int left = 20;; --left) {
            udp_.open(udp::v4());
            udp_.bind({loopback, 0});
            port_ = udp_.local_endpoint().port();
            if (serve == Serve::udp_only) return;
            boost::system::error_code error;
            acceptor_.open(tcp::v4());
            acceptor_.set_option(tcp::acceptor::reuse_address(true));
            acceptor_.bind({loopback, port_}, error);
            if (!error) break;
            if (left == 0) throw boost::system::system_error(error);
            acceptor_.close();
            udp_.close();
        }
        acceptor_.listen();
    }

    void receive() {
        udp_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                                [this](boost::system::error_code error, std::size_t size) {
                                    if (!error) on_udp(size);
                                    receive();
                                });
    }

    void on_udp(std::size_t size) {
        const Octets packet(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
        for (auto& reply : ask_script(packet, false, peer_.port())) {
            later(reply.delay,
                  [this, peer = peer_, octets = std::make_shared<Octets>(std::move(reply.packet))] {
                      boost::system::error_code error;
                      udp_.send_to(boost::asio::buffer(*octets), peer, 0, error);
                  });
        }
    }

    void accept() {
        auto socket = std::make_shared<tcp::socket>(io_);
        acceptor_.async_accept(*socket, [this, socket](boost::system::error_code error) {
            if (!error) read_size(socket);
            accept();
        });
    }

    void read_size(const std::shared_ptr<tcp::socket>& socket) {
        auto size = std::make_shared<std::array<std::uint8_t, 2>>();
        boost::asio::async_read(*socket, boost::asio::buffer(*size),
                                [this, socket, size](boost::system::error_code error, std::size_t) {
                                    if (!error) read_packet(socket, 256U * (*size)[0] + (*size)[1]);
                                });
    }

    void read_packet(const std::shared_ptr<tcp::socket>& socket, unsigned size) {
        auto packet = std::make_shared<Octets>(size);
        boost::asio::async_read(*socket, boost::asio::buffer(*packet),
                                [this, socket, packet](boost::system::error_code error, std::size_t) {
                                    if (!error) on_tcp(socket, *packet);
                                });
    }

    void on_tcp(const std::shared_ptr<tcp::socket>& socket, const Octets& packet) {
        for (auto& reply : ask_script(packet, true, socket->remote_endpoint().port())) {
            auto framed = std::make_shared<Octets>();
            put16(*framed, static_cast<unsigned>(reply.packet.size()));
            framed->insert(framed->end(), reply.packet.begin(), reply.packet.end());
            later(reply.delay, [socket, framed] {
                boost::asio::async_write(*socket, boost::asio::buffer(*framed),
                                         [socket, framed](boost::system::error_code, std::size_t) {});
            });
        }
        read_size(socket);
    }

    template <typename Work>
    void later(std::chrono::milliseconds delay, Work work) {
        auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
        timer->async_wait([timer, work](boost::system::error_code error) {
            if (!error) work();
        });
    }

    ServerReplies ask_script(const Octets& packet, bool over_tcp, std::uint16_t source_port) {
        ServerQuery query;
        query.packet = packet;
        query.tcp = over_tcp;
        query.source_port = source_port;
        if (!read(packet, query)) return {};
        {
            const std::lock_guard lock(mutex_);
            queries_.push_back(query);
        }
        return script_(query);
    }

    static bool read(const Octets& packet, ServerQuery& query) {
        if (packet.size() < 17) return false;
        query.id = static_cast<std::uint16_t>((packet[0] << 8U) | packet[1]);
        std::size_t at = 12;
        while (at < packet.size() && packet[at] != 0) {
            if (!query.name.empty()) query.name += '.';
            for (std::size_t i = 1; i <= packet[at]; ++i) query.name += static_cast<char>(packet[at + i]);
            at += packet[at] + 1U;
        }
        query.wire_name.assign(packet.begin() + 12, packet.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        query.type = static_cast<unsigned>((packet[at + 1] << 8U) | packet[at + 2]);
        query.edns = packet[11] == 1;
        if (query.edns) query.udp_size = static_cast<unsigned>((packet[at + 8] << 8U) | packet[at + 9]);
        return true;
    }

    Script script_;
    boost::asio::io_context io_{1};
    udp::socket udp_;
    udp::endpoint peer_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    std::array<std::uint8_t, 4096> buffer_{};
    mutable std::mutex mutex_;
    std::vector<ServerQuery> queries_;
    std::thread thread_;
};

}  // namespace defender::testing
