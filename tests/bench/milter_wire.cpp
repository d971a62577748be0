#include "tests/bench/milter_wire.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>

namespace defender::bench {
namespace {

namespace asio = boost::asio;

asio::generic::stream_protocol::endpoint endpoint_of(const std::string& address) {
    const std::string unix_prefix = "unix:";
    const std::string inet_prefix = "inet:";
    if (address.starts_with(unix_prefix)) {
        return asio::local::stream_protocol::endpoint(address.substr(unix_prefix.size()));
    }
    const auto at = address.find('@');
    if (!address.starts_with(inet_prefix) || at == std::string::npos) {
        throw std::runtime_error("neither unix:PATH nor inet:PORT@HOST: " + address);
    }
    const auto host = address.substr(at + 1);
    const auto port = std::stoul(address.substr(inet_prefix.size(), at - inet_prefix.size()));
    return asio::ip::tcp::endpoint(asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host),
                                   static_cast<std::uint_least16_t>(port));
}

}  // namespace

std::string wire_number(std::uint32_t number) {
    std::string out(4, '\0');
    for (auto octet = out.rbegin(); octet != out.rend(); ++octet, number >>= 8U) {
        *octet = static_cast<char>(number & 0xffU);
    }
    return out;
}

std::uint32_t wire_number_at(std::string_view data, std::size_t at) {
    if (data.size() < at + 4) return 0;
    std::uint32_t number = 0;
    for (const char octet : data.substr(at, 4)) number = number << 8U | static_cast<unsigned char>(octet);
    return number;
}

MilterWire::MilterWire(asio::io_context& context, const std::string& address) : socket_(context) {
    const auto endpoint = endpoint_of(address);
    socket_.connect(endpoint);
    if (endpoint.protocol().family() != AF_UNIX) socket_.set_option(asio::ip::tcp::no_delay(true));
}

void MilterWire::put(char command, std::string_view data) {
    // A large packet is one that has to leave early anyway: the milter may begin with it.
    constexpr std::size_t enough = 65536;
    out_ += wire_number(static_cast<std::uint32_t>(data.size() + 1));
    out_ += command;
    out_ += data;
    if (out_.size() >= enough) flush();
}

void MilterWire::flush() {
    asio::write(socket_, asio::buffer(out_));
    out_.clear();
}

void MilterWire::fill(std::size_t octets) {
    std::array<char, 16384> room{};
    while (in_.size() - taken_ < octets) {
        const auto count = socket_.receive(asio::buffer(room));
        in_.append(room.data(), count);
    }
}

Packet MilterWire::receive() {
    if (!out_.empty()) flush();
    fill(4);
    const std::size_t length = wire_number_at(in_, taken_);
    if (length == 0) throw std::runtime_error("the milter sent an empty packet");
    fill(4 + length);
    Packet packet{in_[taken_ + 4], in_.substr(taken_ + 5, length - 1)};
    taken_ += 4 + length;
    if (taken_ == in_.size()) {
        in_.clear();
        taken_ = 0;
    }
    return packet;
}

}  // namespace defender::bench
