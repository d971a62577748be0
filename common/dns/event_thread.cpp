#include "common/dns/event_thread.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <future>

namespace defender::dns {
namespace {

/// Blocks all signals for as long as it lives; a thread started meanwhile inherits that.
class BlockedSignals {
  public:
    BlockedSignals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace

EventThread::EventThread() : guard_(boost::asio::make_work_guard(context_)) {
    const BlockedSignals blocked;
    thread_ = std::thread([this] { context_.run(); });
}

EventThread::~EventThread() {
    guard_.reset();
    thread_.join();
}

void EventThread::run_and_wait(const std::function<void()>& work) {
    std::packaged_task<void()> task(work);
    auto done = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    done.get();
}

}  // namespace defender::dns
