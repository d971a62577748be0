#include "common/metrics/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "common/metrics/log_lines.hpp"

namespace defender::metrics {
namespace {

using prometheus::Registry;

prometheus::Counter& counter(Registry& registry, const std::string& name, const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(Registry& registry, const std::string& name, const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

/// Bounds in seconds, from a cached judgement (tenths of a millisecond) to the longest deadline.
const prometheus::Histogram::BucketBoundaries& seconds_buckets() {
    static const prometheus::Histogram::BucketBoundaries bounds{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0};
    return bounds;
}

prometheus::Histogram& histogram(Registry& registry, const std::string& name, const std::string& help) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    return family.Add({}, seconds_buckets());
}

DnsMetrics dns_metrics(Registry& registry) {
    return {
        counter(registry, "defender_dns_queries_total", "Questions sent to a DNS server"),
        counter(registry, "defender_dns_cache_hits_total", "Questions answered from the cache"),
        counter(registry, "defender_dns_joins_total", "Questions that joined an equal one in flight"),
        counter(registry, "defender_dns_failures_total", "Questions that ended as a temporary failure"),
        gauge(registry, "defender_dns_cache_records", "Answers in the cache"),
        gauge(registry, "defender_dns_cache_bytes", "Memory of the answers in the cache"),
        histogram(registry, "defender_dns_latency_seconds", "Time until a DNS server answered"),
    };
}

MilterMetrics milter_metrics(Registry& registry) {
    return {
        gauge(registry, "defender_milter_connections", "Connections of the MTA"),
        gauge(registry, "defender_milter_in_flight", "Messages between their end and the reply"),
        counter(registry, "defender_milter_errors_total",
                "Unexpected failures, answered as milter.on_error says"),
        counter(registry, "defender_milter_limits_total", "Limits that messages reached"),
        histogram(registry, "defender_milter_judge_seconds", "Time from the end of a message to the reply"),
        prometheus::BuildCounter()
            .Name("defender_milter_messages_total")
            .Help("Messages by verdict and action")
            .Register(registry),
    };
}

StoreMetrics store_metrics(Registry& registry) {
    return {
        counter(registry, "defender_store_records_written_total", "Records made durable"),
        counter(registry, "defender_store_records_lost_total", "Records that could not be made durable"),
        counter(registry, "defender_store_commits_total", "Transactions committed"),
        gauge(registry, "defender_store_queued_records", "Records waiting for the disk"),
        counter(registry, "defender_store_records_moved_total", "Records moved into PostgreSQL"),
        gauge(registry, "defender_store_journal_records", "Records waiting for PostgreSQL"),
        gauge(registry, "defender_store_set_aside_records",
              "Records that PostgreSQL refused for what they hold, kept in the file"),
        gauge(registry, "defender_store_postgresql_away", "1 while records cannot be moved, else 0"),
    };
}

ReporterMetrics reporter_metrics(Registry& registry) {
    return {
        counter(registry, "defender_reporter_records_folded_total", "Records taken into reports"),
        counter(registry, "defender_reporter_reports_closed_total", "Reports completed"),
        counter(registry, "defender_reporter_mails_sent_total", "Report mails that the mail server took"),
        counter(registry, "defender_reporter_retries_total", "Attempts that are to be repeated"),
        counter(registry, "defender_reporter_given_up_total", "Report mails given up"),
        counter(registry, "defender_reporter_skipped_total", "Report mails not sent at all"),
        gauge(registry, "defender_reporter_waiting", "Report mails on their way"),
    };
}

prometheus::ClientMetric line_metric(const LineCount& count) {
    prometheus::ClientMetric metric;
    metric.label = {{"id", std::string(count.id)}, {"level", std::string(count.level)}};
    metric.counter.value = static_cast<double>(count.lines);
    return metric;
}

class LogLines : public prometheus::Collectable {
  public:
    void take_from(std::function<std::vector<LineCount>()> source) {
        const std::lock_guard lock(mutex_);
        source_ = std::move(source);
    }
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        const std::lock_guard lock(mutex_);
        if (!source_) return {};
        prometheus::MetricFamily family{"defender_log_lines_total",
                                        "Log lines by id and level, whether or not log.level shows them",
                                        prometheus::MetricType::Counter,
                                        {}};
        for (const auto& count : source_()) family.metric.push_back(line_metric(count));
        return {std::move(family)};
    }

  private:
    mutable std::mutex mutex_;
    std::function<std::vector<LineCount>()> source_;  // guarded by mutex_
};

const std::shared_ptr<LogLines>& log_lines() {
    static const auto instance = std::make_shared<LogLines>();
    return instance;
}

}  // namespace

void show_log_lines(std::function<std::vector<LineCount>()> source) {
    log_lines()->take_from(std::move(source));
}

struct Metrics::Parts {
    std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    DnsMetrics dns = dns_metrics(*registry);
    MilterMetrics milter = milter_metrics(*registry);
    StoreMetrics store = store_metrics(*registry);
    ReporterMetrics reporter = reporter_metrics(*registry);
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {}
Metrics::~Metrics() = default;

DnsMetrics& Metrics::dns() noexcept {
    return parts_->dns;
}
MilterMetrics& Metrics::milter() noexcept {
    return parts_->milter;
}
StoreMetrics& Metrics::store() noexcept {
    return parts_->store;
}
ReporterMetrics& Metrics::reporter() noexcept {
    return parts_->reporter;
}

std::string Metrics::text() const {
    std::ostringstream out;
    auto families = parts_->registry->Collect();
    for (auto& family : log_lines()->Collect()) families.push_back(std::move(family));
    prometheus::TextSerializer().Serialize(out, families);
    return out.str();
}

struct MetricsEndpoint::Exposer {
    explicit Exposer(const std::string& listen) : server(listen) {}
    prometheus::Exposer server;
};

MetricsEndpoint::MetricsEndpoint(const Metrics& metrics, const std::string& listen) {
    try {
        exposer_ = std::make_unique<Exposer>(listen);
    } catch (const std::exception& failure) {
        throw std::runtime_error("cannot serve metrics on " + listen + ": " + failure.what());
    }
    exposer_->server.RegisterCollectable(metrics.parts_->registry);
    exposer_->server.RegisterCollectable(log_lines());
}

MetricsEndpoint::~MetricsEndpoint() = default;

int MetricsEndpoint::port() const {
    return exposer_->server.GetListeningPorts().at(0);
}

}  // namespace defender::metrics
