#include "common/dns/system_resolver.hpp"

#include <utility>

#include "common/dns/alarm.hpp"
#include "common/dns/ares_resolver.hpp"
#include "common/dns/caching_resolver.hpp"
#include "common/dns/event_thread.hpp"

namespace defender::dns {
namespace {

AresOptions ares_options_of(const config::DnsSettings& settings) {
    AresOptions options;
    options.servers = settings.servers;
    options.try_timeout = settings.try_timeout;
    options.tries = settings.tries;
    options.total_timeout = settings.total_timeout;
    return options;
}

CachingOptions caching_options_of(const config::DnsSettings& settings) {
    CachingOptions options;
    options.limits = {settings.cache_records, settings.cache_bytes, settings.max_ttl,
                      settings.max_negative_ttl, settings.failure_ttl};
    options.total_timeout = settings.total_timeout;
    return options;
}

/// The members stand in the order in which one needs the other.
class SystemResolver final : public Resolver {
  public:
    SystemResolver(const config::DnsSettings& settings, metrics::DnsMetrics& metrics)
        : ares_(thread_, ares_options_of(settings)),
          alarm_(make_alarm(thread_)),
          cache_(ares_, *alarm_, metrics, caching_options_of(settings)) {}

    // On the event thread, since a handler that runs there may ask again.
    ~SystemResolver() override {
        thread_.run_and_wait([this] { cache_.end(); });
    }
    SystemResolver(const SystemResolver&) = delete;
    SystemResolver& operator=(const SystemResolver&) = delete;

    void ask(Question question, Deadline deadline, Handler handler) override {
        cache_.ask(std::move(question), deadline, std::move(handler));
    }

  private:
    EventThread thread_;
    AresResolver ares_;
    std::unique_ptr<Alarm> alarm_;
    CachingResolver cache_;
};

}  // namespace

std::unique_ptr<Resolver> make_system_resolver(const config::DnsSettings& settings,
                                               metrics::DnsMetrics& metrics) {
    return std::make_unique<SystemResolver>(settings, metrics);
}

}  // namespace defender::dns
