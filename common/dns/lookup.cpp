#include "common/dns/lookup.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace defender::dns {

Lookup::Lookup(LookupContext& context, Question question, Deadline deadline, Done done)
    : context_(context),
      question_(std::move(question)),
      deadline_(deadline),
      done_(std::move(done)),
      timer_(context.io),
      alias_ttl_(std::numeric_limits<std::uint32_t>::max()),
      try_ends_(Clock::time_point::max()) {}

void Lookup::watch_deadline() {
    set_timer(deadline_);
}

void Lookup::start() {
    ask_for(question_.name);
}

void Lookup::abort(std::string reason) {
    finish(tempfail(std::move(reason)));
}

void Lookup::ask_for(std::string name) {
    name_ = std::move(name);
    seen_.insert(name_);
    tries_.clear();
    turn_ = 0;
    failure_.clear();
    failed_.assign(context_.servers.size(), false);
    order_.clear();
    const auto now = Clock::now();
    for (std::size_t i = 0; i < context_.servers.size(); ++i) order_.push_back(i);
    std::stable_partition(order_.begin(), order_.end(),
                          [&](std::size_t i) { return !context_.servers[i]->held_back(now); });
    next_try();
}

bool Lookup::choose_server(std::size_t& server) {
    const std::size_t turns = order_.size() * std::max(context_.options.tries, 1U);
    while (turn_ < turns) {
        server = order_[turn_++ % order_.size()];
        if (!failed_[server]) return true;
    }
    return false;
}

void Lookup::next_try() {
    std::size_t server = 0;
    if (!choose_server(server)) {
        finish(tempfail(failure_.empty() ? "timeout" : failure_));
        return;
    }
    send(server, {false, context_.servers[server]->speaks_edns(Clock::now())});
}

void Lookup::send(std::size_t server, Sending how) {
    const std::uint64_t number = ++last_number_;
    Try& made = tries_[number];
    made.server = server;
    made.how = how;
    made.sent = Clock::now();
    made.query.type = question_.type;
    made.query.name = context_.entropy.mixed_case(name_);
    made.attempt =
        context_.servers[server]->send(made.query, how, [weak = weak_from_this(), number](Reply reply) {
            if (const auto self = weak.lock()) self->on_reply(number, std::move(reply));
        });
    try_ends_ = made.sent + context_.options.try_timeout;
    set_timer(std::min(try_ends_, deadline_));
}

void Lookup::set_timer(Clock::time_point when) {
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self) self->on_timer();
    });
}

void Lookup::on_timer() {
    if (ended_) return;
    const auto now = Clock::now();
    if (now >= deadline_) {
        on_try_timeout();
        finish(tempfail("timeout"));
    } else if (now >= try_ends_) {
        on_try_timeout();
        next_try();
    } else {
        // The timer had expired before it was set anew.
        set_timer(std::min(try_ends_, deadline_));
    }
}

void Lookup::on_try_timeout() {
    const auto latest = tries_.find(last_number_);
    const auto now = Clock::now();
    if (latest == tries_.end() || now < latest->second.sent + context_.options.try_timeout) return;
    Upstream& server = server_of(latest->second);
    // TCP was asked because a response over UDP had lost the case; what does not serve TCP is not held to it.
    if (latest->second.how.tcp)
        server.loses_case(now);
    else
        server.silent(latest->second.sent, now);
}

void Lookup::on_reply(std::uint64_t number, Reply reply) {
    const auto node = tries_.extract(number);
    if (ended_ || node.empty()) return;
    const Try& from = node.mapped();
    switch (reply.transfer) {
        case Transfer::packet:
            on_packet(from, reply.packet);
            return;
        case Transfer::unreachable:
            on_unreachable(from);
            return;
        case Transfer::silence:
            return;  // this try's own time was over long ago
    }
}

void Lookup::on_unreachable(const Try& from) {
    const auto now = Clock::now();
    if (from.how.tcp) {
        server_of(from).loses_case(now);
        send(from.server, {false, from.how.edns});
        return;
    }
    server_of(from).unreachable(now);
    on_failure(from.server, "unreachable");
}

void Lookup::on_packet(const Try& from, const std::vector<std::uint8_t>& packet) {
    Upstream& server = server_of(from);
    const auto now = Clock::now();
    server.heard(now);
    auto response = parse_response(packet, from.query);
    if (!response) {
        on_failure(from.server, "malformed response");
        return;
    }
    if (!response->case_kept && server.keeps_case(now)) {
        if (!from.how.tcp) {
            send(from.server, {true, from.how.edns});
            return;
        }
        server.loses_case(now);
    }
    const bool refused = response->rcode == rcode_formerr || response->rcode == rcode_notimp;
    if (refused && from.how.edns && !from.how.tcp) {
        server.refuses_edns(now);
        send(from.server, {false, false});
        return;
    }
    const bool failed = response->alias.empty() && response->answer.outcome == Outcome::tempfail;
    if (failed)
        on_failure(from.server, response->answer.failure);
    else
        on_response(std::move(response.value()));
}

void Lookup::on_failure(std::size_t server, std::string reason) {
    failed_[server] = true;
    failure_ = std::move(reason);
    // A later try may still be answered; only when none is on its way within its time there is no use in
    // waiting.
    if (tries_.contains(last_number_)) return;
    next_try();
}

void Lookup::on_response(Response response) {
    aliases_ += response.aliases;
    if (aliases_ > max_aliases) {
        abort("CNAME chain too long");
    } else if (response.alias.empty()) {
        response.answer.ttl_seconds = std::min(response.answer.ttl_seconds, alias_ttl_);
        finish(std::make_shared<const Answer>(std::move(response.answer)));
    } else if (seen_.contains(response.alias)) {
        abort("CNAME loop");
    } else {
        alias_ttl_ = std::min(alias_ttl_, response.alias_ttl);
        ask_for(std::move(response.alias));
    }
}

void Lookup::finish(AnswerPtr answer) {
    if (ended_) return;
    ended_ = true;
    timer_.cancel();
    tries_.clear();
    const auto self = shared_from_this();
    if (const auto done = std::exchange(done_, nullptr)) done(self, std::move(answer));
}

}  // namespace defender::dns
