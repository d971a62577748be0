#include "common/dns/caching_resolver.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "common/dns/unaskable.hpp"

namespace defender::dns {
namespace {

const char* const ending = "resolver is shutting down";

double seconds(Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

/// Shared with the handlers that are upstream, which may outlive the resolver. Handlers are always called
/// after the lock is let go, since they may ask again.
class CachingResolver::State : public std::enable_shared_from_this<State> {
  public:
    State(Resolver& upstream, Alarm& alarm, metrics::DnsMetrics& metrics, const CachingOptions& options)
        : upstream_(upstream), alarm_(alarm), metrics_(metrics), options_(options), cache_(options.limits) {}

    void ask(Question question, Deadline deadline, Handler handler) {
        const auto now = options_.now();
        std::unique_lock lock(mutex_);
        if (ended_) {
            lock.unlock();
            return reply(handler, tempfail(ending));
        }
        if (const AnswerPtr kept = cache_.find(question, now)) {
            lock.unlock();
            metrics_.hits.Increment();
            return reply(handler, kept);
        }
        if (deadline <= now) {
            lock.unlock();
            return reply(handler, tempfail("timeout"));
        }
        const auto [flight, first] = flights_.try_emplace(question);
        if (first) flight->second = Flight{next_flight_++, now, {}};
        const std::uint64_t number = flight->second.number;
        add_waiter(flight, deadline, std::move(handler));
        lock.unlock();
        if (first) {
            ask_upstream(std::move(question), number, now);
        } else {
            metrics_.joins.Increment();
        }
    }

    /// Answers everything; nothing is asked or kept from here on.
    void end() {
        std::vector<Handler> handlers;
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
            for (auto& [deadline, waiter] : waiters_) handlers.push_back(std::move(waiter.handler));
            waiters_.clear();
            flights_.clear();
        }
        for (const auto& handler : handlers) reply(handler, tempfail(ending));
    }

  private:
    struct Waiter;
    using Waiters = std::multimap<Deadline, Waiter>;
    /// A question that is upstream. The number tells it from a later one for the same question.
    struct Flight {
        std::uint64_t number = 0;
        Clock::time_point begun;
        std::vector<Waiters::iterator> waiters;
    };
    using Flights = std::map<Question, Flight>;
    struct Waiter {
        Flights::iterator flight;
        Handler handler;
    };

    void reply(const Handler& handler, AnswerPtr answer) {
        if (answer->outcome == Outcome::tempfail) metrics_.failures.Increment();
        handler(std::move(answer));
    }

    void add_waiter(Flights::iterator flight, Deadline deadline, Handler handler) {
        const auto waiter = waiters_.emplace(deadline, Waiter{flight, std::move(handler)});
        flight->second.waiters.push_back(waiter);
        if (waiter == waiters_.begin()) set_alarm();
    }

    /// Under the lock, so that the latest call is for the earliest deadline.
    void set_alarm() {
        if (waiters_.empty()) return;
        const Deadline next = waiters_.begin()->first;
        if (next >= alarm_set_for_) return;
        alarm_set_for_ = next;
        alarm_.set(next, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->on_alarm();
        });
    }

    void on_alarm() {
        std::vector<Handler> late;
        {
            const std::lock_guard lock(mutex_);
            if (ended_) return;
            const auto now = options_.now();
            while (!waiters_.empty() && waiters_.begin()->first <= now) {
                const auto waiter = waiters_.begin();
                std::erase(waiter->second.flight->second.waiters, waiter);
                late.push_back(std::move(waiter->second.handler));
                waiters_.erase(waiter);
            }
            alarm_set_for_ = Deadline::max();
            set_alarm();
        }
        for (const auto& handler : late) reply(handler, tempfail("timeout"));
    }

    void ask_upstream(Question question, std::uint64_t number, Clock::time_point now) {
        metrics_.queries.Increment();
        Question key = question;
        upstream_.ask(std::move(question), now + options_.total_timeout,
                      [weak = weak_from_this(), key = std::move(key), number](AnswerPtr answer) {
                          if (const auto self = weak.lock()) self->on_answer(key, number, std::move(answer));
                      });
    }

    void on_answer(const Question& question, std::uint64_t number, AnswerPtr answer) {
        std::vector<Handler> handlers;
        {
            const std::lock_guard lock(mutex_);
            const auto flight = flights_.find(question);
            if (ended_ || flight == flights_.end() || flight->second.number != number) return;
            const auto now = options_.now();
            metrics_.latency_seconds.Observe(seconds(now - flight->second.begun));
            for (const auto waiter : flight->second.waiters) {
                handlers.push_back(std::move(waiter->second.handler));
                waiters_.erase(waiter);
            }
            flights_.erase(flight);
            cache_.put(question, answer, now);
            metrics_.cache_records.Set(static_cast<double>(cache_.records()));
            metrics_.cache_bytes.Set(static_cast<double>(cache_.bytes()));
        }
        for (const auto& handler : handlers) reply(handler, answer);
    }

    Resolver& upstream_;
    Alarm& alarm_;
    metrics::DnsMetrics& metrics_;
    const CachingOptions options_;
    std::mutex mutex_;
    AnswerCache cache_;
    Flights flights_;
    Waiters waiters_;
    Deadline alarm_set_for_ = Deadline::max();
    std::uint64_t next_flight_ = 0;
    bool ended_ = false;
};

CachingResolver::CachingResolver(Resolver& upstream, Alarm& alarm, metrics::DnsMetrics& metrics,
                                 const CachingOptions& options)
    : state_(std::make_shared<State>(upstream, alarm, metrics, options)) {}

CachingResolver::~CachingResolver() {
    state_->end();
}

void CachingResolver::end() {
    state_->end();
}

void CachingResolver::ask(Question asked, Deadline deadline, Handler handler) {
    Question question = dns::question(std::move(asked.name), asked.type);
    if (auto answer = answer_if_unaskable(question)) return handler(std::move(answer));
    state_->ask(std::move(question), deadline, std::move(handler));
}

}  // namespace defender::dns
