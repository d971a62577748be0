/// A milter whose answers a test writes down, and that tells what it heard.
///
/// It takes one connection after another, each until the MTA takes leave or goes. To a packet whose command
/// is in `answers` it sends those packets, to others nothing. Thread-safety: heard() after the sessions are
/// over.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/milter_wire.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::test {

class ScriptedMilter {
  public:
    using Answers = std::map<char, std::vector<bench::Packet>>;

    explicit ScriptedMilter(Answers answers) : answers_(std::move(answers)) {
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedMilter() {
        // A connection that says nothing wakes it, and is its last.
        ending_ = true;
        boost::asio::local::stream_protocol::socket last(context_);
        boost::system::error_code ignored;
        last.connect(endpoint_, ignored);
        last.close(ignored);
        thread_.join();
    }
    ScriptedMilter(const ScriptedMilter&) = delete;
    ScriptedMilter& operator=(const ScriptedMilter&) = delete;

    [[nodiscard]] std::string address() const { return "unix:" + endpoint_.path(); }
    /// The answer to the negotiation of a milter that asks for these, and for lists of macros by stage.
    [[nodiscard]] static bench::Packet negotiated(std::uint32_t steps,
                                                  const std::map<std::uint32_t, std::string>& lists = {}) {
        std::string data = bench::wire_number(bench::protocol::version) +
                           bench::wire_number(bench::protocol::all_actions) + bench::wire_number(steps);
        for (const auto& [stage, names] : lists) data += bench::wire_number(stage) + names + '\0';
        return {'O', data};
    }
    /// The packets that came, without the negotiation.
    [[nodiscard]] const std::vector<bench::Packet>& heard() {
        while (!over_) std::this_thread::yield();
        return heard_;
    }
    /// Their commands.
    [[nodiscard]] std::string commands() {
        std::string found;
        for (const auto& packet : heard()) found += packet.command;
        return found;
    }

  private:
    using Socket = boost::asio::local::stream_protocol::socket;

    void serve() {
        while (!ending_) {
            Socket socket(context_);
            acceptor_.accept(socket);
            over_ = false;
            boost::system::error_code gone;
            while (!gone) take(socket, gone);
            over_ = true;
        }
    }
    void take(Socket& socket, boost::system::error_code& gone) {
        std::string length(4, '\0');
        boost::asio::read(socket, boost::asio::buffer(length), gone);
        if (gone) return;
        std::string packet(bench::wire_number_at(length, 0), '\0');
        boost::asio::read(socket, boost::asio::buffer(packet), gone);
        if (gone) return;
        if (packet[0] != 'O') heard_.push_back({packet[0], packet.substr(1)});
        if (packet[0] == 'Q') gone = boost::asio::error::eof;
        for (const auto& [command, data] : answers_[packet[0]]) {
            const auto size = static_cast<std::uint32_t>(data.size() + 1);
            boost::asio::write(socket, boost::asio::buffer(bench::wire_number(size) + command + data), gone);
        }
    }

    TemporaryFolder folder_;
    boost::asio::io_context context_{1};
    boost::asio::local::stream_protocol::endpoint endpoint_{folder_.file("milter.sock")};
    boost::asio::local::stream_protocol::acceptor acceptor_{context_, endpoint_};
    Answers answers_;
    std::vector<bench::Packet> heard_;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace defender::test
