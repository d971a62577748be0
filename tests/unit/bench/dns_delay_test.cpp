#include "tests/bench/dns_delay.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace defender::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using std::chrono::milliseconds;

const auto loopback = asio::ip::make_address("127.0.0.1");
constexpr milliseconds delay{50};

/// A port that is free for both UDP and TCP.
std::uint16_t free_port() {
    asio::io_context context;
    for (;;) {
        const udp::socket datagrams(context, udp::endpoint(loopback, 0));
        const auto port = datagrams.local_endpoint().port();
        tcp::socket streams(context, tcp::v4());
        boost::system::error_code taken;
        streams.bind(tcp::endpoint(loopback, port), taken);
        if (!taken) return port;
    }
}

/// A relay on a thread of its own, and the server behind it, whose answers are made here.
class DnsDelayTest : public ::testing::Test {
  protected:
    DnsDelayTest() {
        thread_ = std::thread([this] { context_.run(); });
    }
    ~DnsDelayTest() override {
        context_.stop();
        thread_.join();
    }
    /// Stops the relay, so that its counts can be read.
    const DnsDelay& stopped() {
        context_.stop();
        thread_.join();
        thread_ = std::thread([] {});
        return relay_;
    }

    asio::io_context context_{1};
    asio::io_context own_context_{1};
    std::uint16_t server_port_ = free_port();
    udp::socket server_{own_context_, udp::endpoint(loopback, server_port_)};
    tcp::acceptor acceptor_{own_context_, tcp::endpoint(loopback, server_port_)};
    std::uint16_t relay_port_ = free_port();
    DnsDelay relay_{context_, {loopback, relay_port_}, {loopback, server_port_}, delay};
    std::thread thread_;
};

TEST_F(DnsDelayTest, GivesEachAnswerUnderTheIdOfItsQuestionAndLater) {
    udp::socket client(own_context_, udp::endpoint(loopback, 0));
    const auto began = std::chrono::steady_clock::now();
    const std::string first = "ABquestion one";
    const std::string second = "ABquestion two";  // the same id once more
    for (const auto& question : {first, second}) {
        client.send_to(asio::buffer(question), udp::endpoint(loopback, relay_port_));
    }
    for (int count = 0; count < 2; ++count) {
        std::string room(100, '\0');
        udp::endpoint from;
        const auto octets = server_.receive_from(asio::buffer(room), from);
        server_.send_to(asio::buffer(room.data(), octets), from);
    }
    std::vector<std::string> answers;
    for (int count = 0; count < 2; ++count) {
        std::string room(100, '\0');
        room.resize(client.receive(asio::buffer(room)));
        answers.push_back(room);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - began, delay);
    EXPECT_EQ(answers, (std::vector<std::string>{first, second}));
    EXPECT_EQ(stopped().over_udp(), 2U);
    EXPECT_EQ(relay_.over_tcp(), 0U);
}

TEST_F(DnsDelayTest, PassesStreamsOnWithTheirLengths) {
    tcp::socket client(own_context_);
    client.connect(tcp::endpoint(loopback, relay_port_));
    auto server = acceptor_.accept();
    const std::string message("\0\5hello", 7);
    std::string room(7, '\0');
    const auto began = std::chrono::steady_clock::now();
    for (int count = 0; count < 2; ++count) {
        asio::write(client, asio::buffer(message));
        asio::read(server, asio::buffer(room));
        EXPECT_EQ(room, message);
        asio::write(server, asio::buffer(message));
        room.assign(7, '\0');
        asio::read(client, asio::buffer(room));
        EXPECT_EQ(room, message);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - began, 2 * delay);
    EXPECT_EQ(stopped().over_tcp(), 2U);
}

TEST_F(DnsDelayTest, AnEndOfTheServersIsOneOfTheClients) {
    tcp::socket client(own_context_);
    client.connect(tcp::endpoint(loopback, relay_port_));
    acceptor_.accept().close();
    std::string room(1, '\0');
    boost::system::error_code error;
    asio::read(client, asio::buffer(room), error);
    EXPECT_TRUE(error);
}

}  // namespace
}  // namespace defender::bench
