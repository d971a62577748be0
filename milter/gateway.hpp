/// Gateway: what all sessions of the process share, and the configuration that a message is judged under.
///
/// A configuration is immutable. A message takes the current one at MAIL FROM and keeps it to its end; a
/// reload puts a new one in place for the messages that follow, or, where the new one is bad, changes
/// nothing. Thread-safe.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "common/auth/arc_sealing.hpp"
#include "common/auth/evidence_collector.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/known_forwarders.hpp"
#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/record_writer.hpp"
#include "milter/failure_reports.hpp"
#include "milter/outside_calls.hpp"

namespace defender::milter {

/// One generation of settings and all that is made from them.
struct Configuration {
    std::shared_ptr<const config::Settings> settings;
    std::shared_ptr<const auth::EvidenceSources> sources;
    auth::JudgeSettings judge;
    std::shared_ptr<const auth::ArcSealer> sealer;  ///< null: messages are not sealed
};

/// Builds a configuration; keeps the verifying keys of `previous`, and its resolver (and with it the cache)
/// where [dns] has not changed.
[[nodiscard]] Result<std::shared_ptr<const Configuration>> make_configuration(
    std::shared_ptr<const config::Settings> settings, const Configuration* previous,
    metrics::Metrics& metrics);

class Gateway {
  public:
    /// `failure_reports` may be null: none are made.
    Gateway(std::shared_ptr<const Configuration> configuration, store::RecordWriter::OpenStore open_store,
            metrics::Metrics& metrics, std::unique_ptr<FailureReports> failure_reports = nullptr);
    /// Ends the resolver and the workers, then writes what is queued. No message may be in flight.
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    [[nodiscard]] std::shared_ptr<const Configuration> configuration() const;
    void replace_configuration(std::shared_ptr<const Configuration> configuration);

    /// Never null; nothing is known before replace_forwarders() is called.
    [[nodiscard]] std::shared_ptr<const auth::KnownForwarders> forwarders() const;
    void replace_forwarders(std::shared_ptr<const auth::KnownForwarders> forwarders);

    /// Runs `work` on a worker thread.
    void post(std::function<void()> work);
    [[nodiscard]] store::RecordWriter& writer() noexcept { return writer_; }
    [[nodiscard]] metrics::Metrics& metrics() noexcept { return metrics_; }
    /// Null where none are made.
    [[nodiscard]] FailureReports* failure_reports() noexcept { return failure_reports_.get(); }

    /// Brings the store's metrics up to the writer's counts.
    void publish_store_counts();

    /// Connections of MTAs.
    void connection_opens();
    void connection_closes();
    [[nodiscard]] std::size_t connections() const;

    /// Messages between their end and their reply.
    void message_enters();
    void message_leaves();
    [[nodiscard]] std::size_t in_flight() const;
    /// Waits until none is in flight; false where `patience` ran out first.
    [[nodiscard]] bool wait_until_idle(std::chrono::seconds patience);

  private:
    metrics::Metrics& metrics_;
    mutable std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t connections_ = 0;
    std::size_t in_flight_ = 0;
    std::shared_ptr<const Configuration> configuration_;
    std::shared_ptr<const auth::KnownForwarders> forwarders_;
    std::unique_ptr<FailureReports> failure_reports_;
    store::RecordWriter::Counts published_;
    store::RecordWriter writer_;
    OutsideCalls posts_;  ///< of work to the workers
    boost::asio::thread_pool workers_;
};

}  // namespace defender::milter
