/// MilterWire: the packets of the milter protocol, version 6, on one connection, as an MTA sends and takes
/// them.
///
/// A packet is a length of four octets (big-endian; it counts what follows), a command of one octet, and
/// data. Packets are collected and leave together once an answer is awaited, as Postfix's stream does it.
///
/// Thread-safety: one thread at a time. Failure: boost::system::system_error where the milter has gone.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace defender::bench {

/// What an MTA offers that can do all (mfdef.h of libmilter).
namespace protocol {
inline constexpr std::uint32_t version = 6;
inline constexpr std::uint32_t all_actions = 0x1ff;
inline constexpr std::uint32_t all_steps = 0x1fffff;
}  // namespace protocol

/// A number of four octets, big-endian, as it goes over the wire; and back, 0 where there are fewer octets.
std::string wire_number(std::uint32_t number);
std::uint32_t wire_number_at(std::string_view data, std::size_t at);

struct Packet {
    char command = 0;
    std::string data;
};

class MilterWire {
  public:
    /// `address` in libmilter's notation: unix:PATH or inet:PORT@HOST (an IP address, or localhost). Waits
    /// until the milter has taken the connection.
    MilterWire(boost::asio::io_context& context, const std::string& address);

    void put(char command, std::string_view data = {});
    void flush();
    /// Sends what was put, and waits for one packet.
    Packet receive();

  private:
    void fill(std::size_t octets);

    boost::asio::generic::stream_protocol::socket socket_;
    std::string out_;
    std::string in_;
    std::size_t taken_ = 0;  ///< octets of in_ that were given out
};

}  // namespace defender::bench
