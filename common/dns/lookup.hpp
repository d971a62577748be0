/// Lookup: one question on its way through the servers, from the first query to the answer.
///
/// Lives on the event thread. The owner calls start() once a place is free, and is told by `done`, once; it
/// may drop the Lookup then. Dropping it earlier forgets everything that is on its way.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/dns/dns_message.hpp"
#include "common/dns/resolver.hpp"
#include "common/dns/upstream.hpp"

namespace defender::dns {

struct LookupOptions {
    std::chrono::milliseconds try_timeout{};
    unsigned tries = 1;
};

/// What lookups share.
struct LookupContext {
    boost::asio::io_context& io;
    std::vector<std::unique_ptr<Upstream>>& servers;
    Entropy& entropy;
    LookupOptions options;
};

class Lookup : public std::enable_shared_from_this<Lookup> {
  public:
    using Done = std::function<void(const std::shared_ptr<Lookup>&, AnswerPtr)>;

    Lookup(LookupContext& context, Question question, Deadline deadline, Done done);

    /// From here on the deadline is kept, started or not.
    void watch_deadline();
    void start();
    /// Ends it with tempfail for this reason, unless it has ended.
    void abort(std::string reason);
    [[nodiscard]] bool ended() const noexcept { return ended_; }

  private:
    /// A query on its way, and what is to be remembered of it until the reply comes.
    struct Try {
        std::size_t server = 0;
        Query query;
        Sending how;
        Clock::time_point sent;
        std::unique_ptr<Attempt> attempt;
    };

    void ask_for(std::string name);
    void next_try();
    [[nodiscard]] bool choose_server(std::size_t& server);
    void send(std::size_t server, Sending how);
    void on_try_timeout();
    void on_reply(std::uint64_t number, Reply reply);
    void on_packet(const Try& from, const std::vector<std::uint8_t>& packet);
    void on_unreachable(const Try& from);
    void on_failure(std::size_t server, std::string reason);
    void on_response(Response response);
    [[nodiscard]] Upstream& server_of(const Try& from) { return *context_.servers[from.server]; }
    void set_timer(Clock::time_point when);
    void on_timer();
    void finish(AnswerPtr answer);

    LookupContext& context_;
    Question question_;
    Deadline deadline_;
    Done done_;
    boost::asio::steady_timer timer_;
    bool ended_ = false;

    std::string name_;            ///< what is being asked for: the question's name or where its CNAMEs lead
    std::set<std::string> seen_;  ///< names asked for
    unsigned aliases_ = 0;
    std::uint32_t alias_ttl_;

    std::vector<std::size_t> order_;  ///< of the servers, for this name
    std::vector<bool> failed_;        ///< servers that answered with an error
    std::size_t turn_ = 0;
    std::string failure_;            ///< the last error that a server answered with
    std::uint64_t last_number_ = 0;  ///< of the latest try
    Clock::time_point try_ends_;
    std::map<std::uint64_t, Try> tries_;
};

}  // namespace defender::dns
