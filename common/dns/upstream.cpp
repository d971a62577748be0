#include "common/dns/upstream.hpp"

#include <algorithm>
#include <utility>

#include "common/log/log.hpp"

namespace defender::dns {
namespace {

/// Queries that a channel serves at least, so that a run of failures does not make a new socket for each
/// query.
constexpr unsigned least_queries = 32;
/// A channel with so many ids on their way has too few left to draw from.
constexpr unsigned most_queries = 16384;
/// A server that has answered so shortly before is held back, but not told to be down: it is more likely this
/// host that lacks something for a moment, such as a descriptor for a socket.
constexpr std::chrono::seconds sign_of_life{1};

}  // namespace

Attempt::Attempt(std::shared_ptr<AresChannel> channel, std::uint16_t id)
    : channel_(std::move(channel)), id_(id) {}

Attempt::~Attempt() {
    channel_->forget(id_);
}

Upstream::Upstream(boost::asio::io_context& context, const ServerAddress& server,
                   const UpstreamOptions& options, Entropy& entropy)
    : context_(context), server_(server), options_(options), entropy_(entropy) {
    options_.queries_per_channel = std::clamp(options_.queries_per_channel, 1U, most_queries);
    const std::size_t count = std::max(options_.channels, 1U);
    plain_.resize(count);
    edns_.resize(count);
    tcp_.resize(1);
}

bool Upstream::is_worn(const AresChannel& channel) const noexcept {
    if (channel.sent() >= options_.queries_per_channel) return true;
    return channel.degraded() && channel.sent() >= least_queries;
}

std::shared_ptr<AresChannel> Upstream::channel_for(const Sending& how) {
    Channels& channels = how.tcp ? tcp_ : (how.edns ? edns_ : plain_);
    auto& channel = channels[entropy_.next16() % channels.size()];
    if (!channel || is_worn(*channel)) {
        // Over TCP any size fits, so that c-ares need not know of EDNS there.
        const ChannelOptions options{how.tcp, how.edns && !how.tcp, options_.give_up};
        channel = std::make_shared<AresChannel>(context_, server_, options);
    }
    return channel;
}

std::unique_ptr<Attempt> Upstream::send(Query& query, const Sending& how, AresChannel::Done done) {
    const auto channel = channel_for(how);
    do query.id = entropy_.next16();
    while (channel->has(query.id));
    const auto packet = make_query(query, how.edns && !how.tcp);
    channel->send(query.id, packet, std::move(done));
    return std::make_unique<Attempt>(channel, query.id);
}

void Upstream::heard(Clock::time_point now) {
    last_heard_ = now;
    held_back_until_ = {};
    if (std::exchange(down_, false)) log::info("DNS_SERVER_UP", {{"server", server_.to_string()}});
}

void Upstream::silent(Clock::time_point since, Clock::time_point now) {
    if (last_heard_ < since) hold_back(now, "silent");
}

void Upstream::unreachable(Clock::time_point now) {
    hold_back(now, "unreachable");
}

void Upstream::hold_back(Clock::time_point now, std::string_view why) {
    held_back_until_ = now + options_.hold_back;
    if (now - last_heard_ < sign_of_life || std::exchange(down_, true)) return;
    log::warning("DNS_SERVER_DOWN", {{"server", server_.to_string()}, {"why", why}});
}

void Upstream::refuses_edns(Clock::time_point now) {
    no_edns_until_ = now + options_.memory;
}

void Upstream::loses_case(Clock::time_point now) noexcept {
    no_case_until_ = now + options_.memory;
}

}  // namespace defender::dns
