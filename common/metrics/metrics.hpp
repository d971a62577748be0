/// Metrics: every figure that the milter and the reporter count, with its name and help, and their Prometheus
/// text.
///
/// One struct, made once in a program and handed down by reference; a room increments its own part.
/// Backed by prometheus-cpp. Names start with defender_. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <string_view>

namespace defender::metrics {

struct DnsMetrics {
    prometheus::Counter& queries;   ///< sent upstream
    prometheus::Counter& hits;      ///< answered from the cache
    prometheus::Counter& joins;     ///< joined an equal question in flight
    prometheus::Counter& failures;  ///< ended as tempfail
    prometheus::Gauge& cache_records;
    prometheus::Gauge& cache_bytes;
    prometheus::Histogram& latency_seconds;  ///< of upstream answers
};

struct MilterMetrics {
    prometheus::Gauge& connections;
    prometheus::Gauge& in_flight;          ///< messages between end of message and reply
    prometheus::Counter& errors;           ///< unexpected, answered by milter.on_error
    prometheus::Counter& limits;           ///< limits reached
    prometheus::Histogram& judge_seconds;  ///< from the end of the message to the reply
    /// Messages by verdict and action (label values are enum names only).
    prometheus::Family<prometheus::Counter>& messages;
};

struct StoreMetrics {
    prometheus::Counter& written;
    prometheus::Counter& lost;
    prometheus::Counter& commits;
    prometheus::Gauge& queued;
    // Where records are moved from the file into PostgreSQL:
    prometheus::Counter& moved;
    prometheus::Gauge& waiting;    ///< in the file
    prometheus::Gauge& set_aside;  ///< in the file, as PostgreSQL refused them for what they hold
    prometheus::Gauge& away;       ///< 1 while PostgreSQL cannot be used
};

struct ReporterMetrics {
    prometheus::Counter& folded;
    prometheus::Counter& closed;
    prometheus::Counter& sent;
    prometheus::Counter& retries;
    prometheus::Counter& given_up;
    prometheus::Counter& skipped;
    prometheus::Gauge& waiting;  ///< deliveries that are not at their end
};

class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    [[nodiscard]] DnsMetrics& dns() noexcept;
    [[nodiscard]] MilterMetrics& milter() noexcept;
    [[nodiscard]] StoreMetrics& store() noexcept;
    [[nodiscard]] ReporterMetrics& reporter() noexcept;
    /// Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

  private:
    friend class MetricsEndpoint;
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Serves /metrics over HTTP on "ADDRESS:PORT" for as long as it lives. Throws std::runtime_error where it
/// cannot bind.
class MetricsEndpoint {
  public:
    MetricsEndpoint(const Metrics& metrics, const std::string& listen);
    ~MetricsEndpoint();
    MetricsEndpoint(const MetricsEndpoint&) = delete;
    MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

    /// The port that it listens on; tells which one the system chose for port 0.
    [[nodiscard]] int port() const;

  private:
    struct Exposer;
    std::unique_ptr<Exposer> exposer_;
};

}  // namespace defender::metrics
