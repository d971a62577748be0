#include "milter/gateway.hpp"

#include <boost/asio/post.hpp>

#include "common/auth/public_suffix_list.hpp"
#include "common/dns/system_resolver.hpp"

namespace defender::milter {

Result<std::shared_ptr<const Configuration>> make_configuration(
    std::shared_ptr<const config::Settings> settings, const Configuration* previous,
    metrics::Metrics& metrics) {
    auto suffixes = auth::PublicSuffixList::load(settings->dmarc.public_suffix_list);
    if (!suffixes) return suffixes.error();
    auto sealer = auth::ArcSealer::load(settings->arc);
    if (!sealer) return sealer.error();
    auto sources = std::make_shared<auth::EvidenceSources>();
    sources->settings = settings;
    sources->suffixes = std::move(*suffixes);
    try {
        const bool same_dns = previous && previous->settings->dns == settings->dns;
        sources->resolver = same_dns
                                ? previous->sources->resolver
                                : std::shared_ptr(dns::make_system_resolver(settings->dns, metrics.dns()));
        if (previous) sources->keys = previous->sources->keys;
    } catch (const std::exception& problem) {
        return Error{problem.what()};
    }
    auto configuration = std::make_shared<Configuration>();
    configuration->sealer = std::move(*sealer);
    configuration->judge = auth::judge_settings(*settings);
    configuration->settings = std::move(settings);
    configuration->sources = std::move(sources);
    return std::shared_ptr<const Configuration>(std::move(configuration));
}

Gateway::Gateway(std::shared_ptr<const Configuration> configuration,
                 store::RecordWriter::OpenStore open_store, metrics::Metrics& metrics,
                 std::unique_ptr<FailureReports> failure_reports)
    : metrics_(metrics),
      configuration_(std::move(configuration)),
      forwarders_(std::make_shared<const auth::KnownForwarders>()),
      failure_reports_(std::move(failure_reports)),
      writer_(std::move(open_store), configuration_->settings->store.queue_max),
      workers_(configuration_->settings->milter.workers) {}

Gateway::~Gateway() {
    // The resolver first: it hands work to the workers until it has ended.
    configuration_.reset();
    workers_.join();
    // Whoever gave them the last work may not have come back from that.
    posts_.end();
}

std::shared_ptr<const Configuration> Gateway::configuration() const {
    const std::lock_guard lock(mutex_);
    return configuration_;
}

void Gateway::replace_configuration(std::shared_ptr<const Configuration> configuration) {
    const std::lock_guard lock(mutex_);
    configuration_.swap(configuration);
}

std::shared_ptr<const auth::KnownForwarders> Gateway::forwarders() const {
    const std::lock_guard lock(mutex_);
    return forwarders_;
}

void Gateway::replace_forwarders(std::shared_ptr<const auth::KnownForwarders> forwarders) {
    const std::lock_guard lock(mutex_);
    forwarders_.swap(forwarders);
}

void Gateway::post(std::function<void()> work) {
    if (const auto entered = posts_.enter()) boost::asio::post(workers_, std::move(work));
}

void Gateway::publish_store_counts() {
    const std::lock_guard lock(mutex_);
    const auto counts = writer_.counts();
    auto& store = metrics_.store();
    store.written.Increment(static_cast<double>(counts.written - published_.written));
    store.lost.Increment(static_cast<double>(counts.lost - published_.lost));
    store.commits.Increment(static_cast<double>(counts.commits - published_.commits));
    store.queued.Set(static_cast<double>(counts.queued));
    published_ = counts;
}

void Gateway::connection_opens() {
    const std::lock_guard lock(mutex_);
    metrics_.milter().connections.Set(static_cast<double>(++connections_));
}

void Gateway::connection_closes() {
    const std::lock_guard lock(mutex_);
    metrics_.milter().connections.Set(static_cast<double>(--connections_));
}

std::size_t Gateway::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
}

void Gateway::message_enters() {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
    metrics_.milter().in_flight.Set(static_cast<double>(in_flight_));
}

void Gateway::message_leaves() {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    metrics_.milter().in_flight.Set(static_cast<double>(in_flight_));
    if (in_flight_ == 0) idle_.notify_all();
}

std::size_t Gateway::in_flight() const {
    const std::lock_guard lock(mutex_);
    return in_flight_;
}

bool Gateway::wait_until_idle(std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, patience, [this] { return in_flight_ == 0; });
}

}  // namespace defender::milter
