#include "reporter/rounds.hpp"

#include "common/log/log.hpp"
#include "common/store/stores.hpp"

namespace defender::reporter {
namespace {

constexpr UtcSeconds seconds_per_day = 86400;

void add(prometheus::Counter& counter, std::uint64_t now, std::uint64_t before) {
    counter.Increment(static_cast<double>(now - before));
}

}  // namespace

Rounds::Rounds(report::ReportingParts parts, const config::Settings& settings, const std::string& owner,
               metrics::ReporterMetrics& metrics)
    : store_(parts.store), settings_(settings), metrics_(metrics), reporting_(parts, settings, owner) {}

Status Rounds::run(UtcSeconds now, const std::function<bool()>& stop) {
    auto done = steps(now, stop);
    publish();
    return done;
}

Status Rounds::steps(UtcSeconds now, const std::function<bool()>& stop) {
    if (auto done = reporting_.fold({}, stop); !done) return done;
    if (auto done = reporting_.close_due(now, stop); !done) return done;
    if (auto done = reporting_.deliver_due(now, stop); !done) return done;
    const auto counts = store_.counts();
    if (!counts) return counts.error();
    metrics_.waiting.Set(static_cast<double>(counts->waiting));
    return Done{};
}

Status Rounds::expire(UtcSeconds now) {
    auto records = store::open_records(settings_.store, store::OpenMode::read_write);
    if (!records) return records.error();
    const auto expired = (*records)->expire(now - settings_.store.keep_days * seconds_per_day);
    if (!expired) return expired.error();
    const auto documents = store_.expire_documents(now - settings_.report.keep_days * seconds_per_day);
    if (!documents) return documents.error();
    const auto sightings = store::expire_sightings(
        settings_.store, store::first_day_that_counts(settings_.indirect.keep_days, now));
    if (!sightings) return sightings.error();
    if (*expired + *documents + *sightings > 0)
        log::info("REPORTER_EXPIRED",
                  {{"records", *expired}, {"report_files", *documents}, {"sightings", *sightings}});
    return Done{};
}

void Rounds::publish() {
    const auto& counts = reporting_.counts();
    add(metrics_.folded, counts.folded, published_.folded);
    add(metrics_.closed, counts.closed, published_.closed);
    add(metrics_.sent, counts.sent, published_.sent);
    add(metrics_.retries, counts.waiting, published_.waiting);
    add(metrics_.given_up, counts.given_up, published_.given_up);
    add(metrics_.skipped, counts.skipped, published_.skipped);
    published_ = counts;
}

}  // namespace defender::reporter
