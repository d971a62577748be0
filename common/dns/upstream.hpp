/// Upstream: one DNS server as the resolver sees it: its channels, and what is known about it.
///
/// Queries go out on several channels, picked by chance and renewed after a number of queries, so that source
/// ports change (RFC 5452); an old channel lives on until its last attempt is dropped. What is known: whether
/// it is held back (it was silent or unreachable a short while ago), whether it refuses EDNS, and whether it
/// fails to give the question's letters back in the case they came in. All of that is forgotten after a
/// while. That a server goes down or comes back is logged once (DNS_SERVER_DOWN, DNS_SERVER_UP). Everything
/// runs on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "common/dns/ares_channel.hpp"
#include "common/dns/dns_message.hpp"
#include "common/dns/entropy.hpp"
#include "common/dns/resolver.hpp"
#include "common/dns/server_address.hpp"

namespace defender::dns {

struct UpstreamOptions {
    unsigned channels = 4;
    unsigned queries_per_channel = 200;
    std::chrono::milliseconds give_up{};    ///< when a query that nobody answers is given up
    std::chrono::milliseconds hold_back{};  ///< how long a silent server is asked last
    std::chrono::milliseconds memory{};     ///< how long a server's lack of EDNS or of case is remembered
};

/// A query on its way. Dropping it forgets the reply.
class Attempt {
  public:
    Attempt(std::shared_ptr<AresChannel> channel, std::uint16_t id);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

  private:
    std::shared_ptr<AresChannel> channel_;
    std::uint16_t id_;
};

/// How one attempt is made.
struct Sending {
    bool tcp = false;
    bool edns = true;
};

class Upstream {
  public:
    Upstream(boost::asio::io_context& context, const ServerAddress& server, const UpstreamOptions& options,
             Entropy& entropy);

    /// Sends the query, to which it gives an id. `done` is never called inside.
    [[nodiscard]] std::unique_ptr<Attempt> send(Query& query, const Sending& how, AresChannel::Done done);

    [[nodiscard]] bool held_back(Clock::time_point now) const noexcept { return now < held_back_until_; }
    [[nodiscard]] bool speaks_edns(Clock::time_point now) const noexcept { return now >= no_edns_until_; }
    [[nodiscard]] bool keeps_case(Clock::time_point now) const noexcept { return now >= no_case_until_; }

    void heard(Clock::time_point now);
    /// A query sent at `since` has had no answer in time. Where the server answered something else since, it
    /// is that question that takes long, not the server that is dead.
    void silent(Clock::time_point since, Clock::time_point now);
    void unreachable(Clock::time_point now);
    void refuses_edns(Clock::time_point now);
    void loses_case(Clock::time_point now) noexcept;

  private:
    using Channels = std::vector<std::shared_ptr<AresChannel>>;

    void hold_back(Clock::time_point now, std::string_view why);
    [[nodiscard]] std::shared_ptr<AresChannel> channel_for(const Sending& how);
    [[nodiscard]] bool is_worn(const AresChannel& channel) const noexcept;

    boost::asio::io_context& context_;
    ServerAddress server_;
    UpstreamOptions options_;
    Entropy& entropy_;
    Channels plain_;
    Channels edns_;
    Channels tcp_;
    bool down_ = false;  ///< held back, and not heard of since
    Clock::time_point held_back_until_{};
    Clock::time_point no_edns_until_{};
    Clock::time_point no_case_until_{};
    Clock::time_point last_heard_{};
};

}  // namespace defender::dns
