#include "tests/bench/dns_delay.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace defender::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int socket_octets = 4 << 20;  // bursts must not be lost between the sockets
constexpr std::size_t header_octets = 12;

std::uint16_t number_of(char high, char low) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(high) << 8U |
                                      static_cast<unsigned char>(low));
}

/// Calls `then` after so long; the timer lives as long as that takes.
template <typename Then>
void after(asio::io_context& context, std::chrono::milliseconds delay, Then then) {
    auto timer = std::make_shared<asio::steady_timer>(context, delay);
    timer->async_wait([timer, then = std::move(then)](error_code error) mutable {
        if (!error) then();
    });
}

}  // namespace

/// A client's connection: its questions go on one by one over a connection of their own; what comes back
/// waits.
class DnsDelay::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(DnsDelay& owner, Tcp::socket client)
        : owner_(owner), client_(std::move(client)), server_(owner.context_) {}

    void begin() {
        server_.connect(owner_.server_, ignored_);
        if (ignored_) return;
        take(client_, from_client_, [](Connection& self, std::string message) {
            ++self.owner_.over_tcp_;
            asio::write(self.server_, asio::buffer(message), self.ignored_);
        });
        take(server_, from_server_, [](Connection& self, std::string message) {
            after(self.owner_.context_, self.owner_.delay_,
                  [connection = self.shared_from_this(), text = std::move(message)] {
                      asio::write(connection->client_, asio::buffer(text), connection->ignored_);
                  });
        });
    }

  private:
    /// Reads messages from there, each with its length in front, until the connection ends.
    template <typename Then>
    void take(Tcp::socket& from, std::string& buffer, Then then) {
        buffer.resize(2);
        asio::async_read(from, asio::buffer(buffer),
                         [self = shared_from_this(), &from, &buffer, then](error_code error, std::size_t) {
                             if (error) return self->close();
                             buffer.resize(2U + number_of(buffer[0], buffer[1]));
                             self->take_rest(from, buffer, then);
                         });
    }
    template <typename Then>
    void take_rest(Tcp::socket& from, std::string& buffer, Then then) {
        asio::async_read(from, asio::buffer(buffer.data() + 2, buffer.size() - 2),
                         [self = shared_from_this(), &from, &buffer, then](error_code error, std::size_t) {
                             if (error) return self->close();
                             then(*self, buffer);
                             self->take(from, buffer, then);
                         });
    }
    void close() {
        client_.close(ignored_);
        server_.close(ignored_);
    }

    DnsDelay& owner_;
    Tcp::socket client_;
    Tcp::socket server_;
    std::string from_client_;
    std::string from_server_;
    error_code ignored_;  // a side that has gone shows when it is read from
};

DnsDelay::DnsDelay(asio::io_context& context, const DnsAddress& listen, const DnsAddress& server,
                   std::chrono::milliseconds delay)
    : context_(context),
      listening_(context, Udp::endpoint(listen.address, listen.port)),
      asking_(context),
      acceptor_(context, Tcp::endpoint(listen.address, listen.port)),
      server_(server.address, server.port),
      delay_(delay) {
    asking_.connect(Udp::endpoint(server.address, server.port));
    for (auto* socket : {&listening_, &asking_}) {
        socket->set_option(asio::socket_base::receive_buffer_size(socket_octets));
    }
    take_question();
    take_answer();
    accept();
}

void DnsDelay::take_question() {
    listening_.async_receive_from(asio::buffer(question_), client_,
                                  [this](error_code error, std::size_t octets) {
                                      if (error == asio::error::operation_aborted) return;
                                      if (!error && octets >= header_octets) hand_on(octets);
                                      take_question();
                                  });
}

void DnsDelay::hand_on(std::size_t octets) {
    ++over_udp_;
    const auto id = next_id_++;
    asked_[id] = {client_, {question_[0], question_[1]}};
    question_[0] = static_cast<char>(id >> 8U);
    question_[1] = static_cast<char>(id & 0xffU);
    error_code ignored;  // the client asks again
    asking_.send(asio::buffer(question_.data(), octets), 0, ignored);
}

void DnsDelay::take_answer() {
    asking_.async_receive(asio::buffer(answer_), [this](error_code error, std::size_t octets) {
        if (error == asio::error::operation_aborted) return;
        if (!error && octets >= header_octets) give_later({answer_.data(), octets});
        take_answer();
    });
}

void DnsDelay::give_later(std::string answer) {
    const auto found = asked_.find(number_of(answer[0], answer[1]));
    if (found == asked_.end()) return;
    const auto client = found->second.client;
    std::copy(found->second.id.begin(), found->second.id.end(), answer.begin());
    asked_.erase(found);
    after(context_, delay_, [this, client, answer = std::move(answer)] {
        error_code ignored;  // the client has gone
        listening_.send_to(asio::buffer(answer), client, 0, ignored);
    });
}

void DnsDelay::accept() {
    acceptor_.async_accept([this](error_code error, Tcp::socket client) {
        if (error == asio::error::operation_aborted) return;
        if (!error) std::make_shared<Connection>(*this, std::move(client))->begin();
        accept();
    });
}

}  // namespace defender::bench
