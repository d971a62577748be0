#include "common/dns/ares_resolver.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "common/dns/ares_channel.hpp"
#include "common/dns/lookup.hpp"
#include "common/dns/server_address.hpp"
#include "common/dns/unaskable.hpp"
#include "common/dns/upstream.hpp"

namespace defender::dns {
namespace {

const char* const ending = "resolver is shutting down";

std::vector<ServerAddress> servers_of(const AresOptions& options) {
    std::vector<ServerAddress> servers;
    if (options.servers.empty()) servers = system_servers();
    for (const auto& text : options.servers) {
        const auto server = ServerAddress::parse(text);
        if (!server) throw std::runtime_error("no address of a DNS server: " + text);
        servers.push_back(*server);
    }
    if (servers.empty()) throw std::runtime_error("no DNS server is configured");
    return servers;
}

}  // namespace

/// What lives on the event thread; callbacks that are still posted keep it until they have run.
class AresResolver::Engine {
  public:
    Engine(boost::asio::io_context& io, const AresOptions& options)
        : options_(options), context_{io, servers_, entropy_, {options.try_timeout, options.tries}} {
        const UpstreamOptions upstream{options.channels_per_server, options.queries_per_channel,
                                       options.total_timeout, options.hold_back, options.memory};
        for (const auto& server : servers_of(options)) {
            servers_.push_back(std::make_unique<Upstream>(io, server, upstream, entropy_));
        }
    }

    [[nodiscard]] std::chrono::milliseconds total_timeout() const noexcept { return options_.total_timeout; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    void ask(Question question, Deadline deadline, Handler handler) {
        if (ended_) return handler(tempfail(ending));
        if (Clock::now() >= deadline) return handler(tempfail("timeout"));
        if (active_.size() >= options_.max_in_flight && waiting_.size() >= options_.max_waiting) {
            return handler(tempfail("overloaded"));
        }
        auto lookup = std::make_shared<Lookup>(
            context_, std::move(question), deadline,
            [this, handler = std::move(handler)](const std::shared_ptr<Lookup>& done, AnswerPtr answer) {
                active_.erase(done);
                handler(std::move(answer));
                start_waiting();
            });
        lookup->watch_deadline();
        waiting_.push_back(std::move(lookup));
        start_waiting();
    }

    /// Answers everything and lets go of the sockets.
    void end() {
        ended_ = true;
        while (!waiting_.empty() || !active_.empty()) {
            const auto lookup = !active_.empty() ? *active_.begin() : waiting_.front();
            if (active_.empty()) waiting_.pop_front();
            lookup->abort(ending);
        }
        servers_.clear();
    }

  private:
    void start_waiting() {
        while (!ended_ && !waiting_.empty() && active_.size() < options_.max_in_flight) {
            const auto lookup = std::move(waiting_.front());
            waiting_.pop_front();
            if (lookup->ended()) continue;
            active_.insert(lookup);
            lookup->start();
        }
    }

    AresOptions options_;
    Entropy entropy_;
    std::vector<std::unique_ptr<Upstream>> servers_;
    LookupContext context_;
    std::unordered_set<std::shared_ptr<Lookup>> active_;
    std::deque<std::shared_ptr<Lookup>> waiting_;
    std::atomic<bool> ended_ = false;
};

AresResolver::AresResolver(EventThread& thread, const AresOptions& options)
    : thread_(thread), engine_(std::make_shared<Engine>(thread.context(), options)) {}

AresResolver::~AresResolver() {
    thread_.run_and_wait([this] { engine_->end(); });
}

void AresResolver::ask(Question asked, Deadline deadline, Handler handler) {
    Question question = dns::question(std::move(asked.name), asked.type);
    if (auto answer = answer_if_unaskable(question)) return handler(std::move(answer));
    if (engine_->ended()) return handler(tempfail(ending));
    const Deadline latest = std::min(deadline, Clock::now() + engine_->total_timeout());
    boost::asio::post(thread_.context(), [engine = engine_, question = std::move(question), latest,
                                          handler = std::move(handler)]() mutable {
        engine->ask(std::move(question), latest, std::move(handler));
    });
}

}  // namespace defender::dns
