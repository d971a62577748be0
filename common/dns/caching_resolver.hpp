/// CachingResolver: keeps answers in front of any resolver, and asks it a question once for all who wait for
/// it.
///
/// Each asker has its own deadline: the one whose deadline comes first gets tempfail "timeout", the others go
/// on waiting for the same question, which is given `total_timeout` upstream. What may be kept for how long
/// is decided by AnswerCache. A kept answer has the TTL that it came with.
///
/// Thread-safety: ask() from any thread. Handlers run without a lock held: inside ask() for kept answers,
/// otherwise where the upstream resolver or the alarm calls. The destructor answers what is outstanding with
/// tempfail; `upstream`, `alarm` and `metrics` must outlive it. An upstream answer that comes later still is
/// dropped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "common/dns/alarm.hpp"
#include "common/dns/answer_cache.hpp"
#include "common/dns/resolver.hpp"
#include "common/metrics/metrics.hpp"

namespace defender::dns {

struct CachingOptions {
    CacheLimits limits;
    std::chrono::milliseconds total_timeout{10000};  ///< what a question is given upstream
    std::function<Clock::time_point()> now = [] { return Clock::now(); };
};

class CachingResolver final : public Resolver {
  public:
    CachingResolver(Resolver& upstream, Alarm& alarm, metrics::DnsMetrics& metrics,
                    const CachingOptions& options);
    ~CachingResolver() override;
    CachingResolver(const CachingResolver&) = delete;
    CachingResolver& operator=(const CachingResolver&) = delete;

    void ask(Question question, Deadline deadline, Handler handler) override;
    /// Answers everything that waits with tempfail, and from here on every question. Called on the thread
    /// where handlers run, it makes sure that none of them is inside ask() when the destructor runs.
    void end();

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace defender::dns
