// dns_relay: a name server on loopback that answers what another one answers, but so many milliseconds later.
//
//   dns_relay --listen ADDRESS:PORT --server ADDRESS:PORT --delay MILLISECONDS
//
// At SIGTERM or SIGINT it prints {"udp": N, "tcp": N}, the questions that it was asked, and ends.
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/bench/dns_delay.hpp"

namespace {

using defender::bench::DnsAddress;
using defender::bench::DnsDelay;

DnsAddress address_of(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("not ADDRESS:PORT: " + text);
    return {boost::asio::ip::make_address(text.substr(0, colon)),
            static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Answers what another name server answers, but later");
    std::string listen;
    std::string server;
    unsigned delay = 0;
    app.add_option("--listen", listen, "ADDRESS:PORT")->required();
    app.add_option("--server", server, "ADDRESS:PORT of the one that knows")->required();
    app.add_option("--delay", delay, "Milliseconds")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        boost::asio::io_context context(1);
        const DnsDelay relay(context, address_of(listen), address_of(server),
                             std::chrono::milliseconds(delay));
        boost::asio::signal_set signals(context, SIGTERM, SIGINT);
        signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
        context.run();
        std::cout << nlohmann::json{{"udp", relay.over_udp()}, {"tcp", relay.over_tcp()}} << '\n';
    } catch (const std::exception& problem) {
        std::cerr << "dns_relay: " << problem.what() << '\n';
        return 1;
    }
    return 0;
}
