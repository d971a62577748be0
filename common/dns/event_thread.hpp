/// EventThread: one thread that runs an Asio io_context, with every signal blocked in it.
///
/// Signals stay with the thread that the program chose for them. What uses the thread must be destroyed
/// before it; the destructor then lets run what is still posted, and joins. Thread-safety: context() may be
/// posted to from any thread; make and destroy on one thread, never on the event thread itself.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>

namespace defender::dns {

class EventThread {
  public:
    EventThread();
    ~EventThread();
    EventThread(const EventThread&) = delete;
    EventThread& operator=(const EventThread&) = delete;

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    /// Runs `work` on the thread and returns when it is done; an exception from it is thrown here.
    void run_and_wait(const std::function<void()>& work);

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::thread thread_;
};

}  // namespace defender::dns
