/// DnsDelay: a name server that hands every question on to another and gives each answer so much later, over
/// UDP and TCP; it counts the questions.
///
/// Thread-safety: the thread that runs the io_context. Failure: an exception where it cannot listen; a
/// question that the other server does not answer is not answered.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace defender::bench {

struct DnsAddress {
    boost::asio::ip::address address;
    std::uint16_t port = 53;
};

class DnsDelay {
  public:
    DnsDelay(boost::asio::io_context& context, const DnsAddress& listen, const DnsAddress& server,
             std::chrono::milliseconds delay);

    [[nodiscard]] std::uint64_t over_udp() const { return over_udp_; }
    [[nodiscard]] std::uint64_t over_tcp() const { return over_tcp_; }

  private:
    using Udp = boost::asio::ip::udp;
    using Tcp = boost::asio::ip::tcp;
    /// Who asked, under which id.
    struct Asked {
        Udp::endpoint client;
        std::array<char, 2> id{};
    };
    class Connection;

    void take_question();
    void hand_on(std::size_t octets);
    void take_answer();
    void give_later(std::string answer);
    void accept();

    boost::asio::io_context& context_;
    Udp::socket listening_;
    Udp::socket asking_;
    Tcp::acceptor acceptor_;
    Tcp::endpoint server_;
    std::chrono::milliseconds delay_;
    std::array<char, 65536> question_{};
    std::array<char, 65536> answer_{};
    Udp::endpoint client_;
    std::unordered_map<std::uint16_t, Asked> asked_;  ///< by the id that the other server sees
    std::uint16_t next_id_ = 0;
    std::uint64_t over_udp_ = 0;
    std::uint64_t over_tcp_ = 0;
};

}  // namespace defender::bench
