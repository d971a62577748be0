#include "common/dns/alarm.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace defender::dns {
namespace {

class AsioAlarm final : public Alarm {
  public:
    explicit AsioAlarm(EventThread& thread)
        : thread_(thread), timer_(std::make_shared<boost::asio::steady_timer>(thread.context())) {}
    // The timer is only touched on the event thread, so that it is there that it must go.
    ~AsioAlarm() override {
        boost::asio::post(thread_.context(), [timer = std::move(timer_)] { timer->cancel(); });
    }
    AsioAlarm(const AsioAlarm&) = delete;
    AsioAlarm& operator=(const AsioAlarm&) = delete;

    void set(Clock::time_point when, std::function<void()> ring) override {
        boost::asio::post(thread_.context(), [timer = timer_, when, ring = std::move(ring)]() mutable {
            timer->expires_at(when);
            timer->async_wait([ring = std::move(ring)](boost::system::error_code error) {
                if (!error) ring();
            });
        });
    }

  private:
    EventThread& thread_;
    std::shared_ptr<boost::asio::steady_timer> timer_;
};

}  // namespace

std::unique_ptr<Alarm> make_alarm(EventThread& thread) {
    return std::make_unique<AsioAlarm>(thread);
}

}  // namespace defender::dns
