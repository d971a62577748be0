#include "common/store/postgresql_records.hpp"

#include <algorithm>

#include "common/store/postgresql_days.hpp"
#include "common/store/postgresql_migrations.hpp"

namespace defender::store {
namespace {

/// Dropping waits for those who use the tables, and all others wait for it meanwhile; so it does not wait
/// long, and is tried a few times.
constexpr std::string_view wait_briefly = "SET LOCAL lock_timeout = '3s'";
constexpr int drop_tries = 5;

/// One row of a day, or of all.
struct Extent {
    std::uint64_t records = 0;
    std::optional<UtcSeconds> oldest;
    std::optional<UtcSeconds> newest;

    void add(const Extent& other) {
        records += other.records;
        if (other.oldest) oldest = std::min(oldest.value_or(*other.oldest), *other.oldest);
        if (other.newest) newest = std::max(newest.value_or(*other.newest), *other.newest);
    }
};

Result<Extent> extent_of(SqlConnection& connection, const PostgresqlDay& partition) {
    if (partition.is_large()) {
        return Extent{static_cast<std::uint64_t>(partition.estimate), partition.day.begin(),
                      partition.day.end() - 1};
    }
    Extent extent;
    const auto done =
        connection.run("SELECT count(*), min(received_at), max(received_at) FROM record WHERE day = $1",
                       {partition.day.number}, [&](const SqlRow& row) {
                           extent.records = static_cast<std::uint64_t>(row.number(0));
                           if (row.is_null(1)) return;
                           extent.oldest = row.number(1);
                           extent.newest = row.number(2);
                       });
    if (!done) return done.error();
    return extent;
}

Result<std::uint64_t> octets_of_records(SqlConnection& connection) {
    std::uint64_t octets = 0;
    const auto done = connection.run(
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent IN ('record'::regclass, 'record_domain'::regclass)",
        {}, [&](const SqlRow& row) { octets = static_cast<std::uint64_t>(row.number(0)); });
    if (!done) return done.error();
    return octets;
}

}  // namespace

Status PostgresqlRecords::prepare() {
    if (version_ != 0) return Done{};
    const auto version = bring_up_to_date(*connection_, mode_);
    if (!version) return version.error();
    version_ = *version;
    return Done{};
}

Result<std::vector<FoundRecord>> PostgresqlRecords::find(const std::string& queue_id) {
    if (auto ready = prepare(); !ready) return ready.error();
    return search_records(*connection_, queue_id);
}

Result<std::uint64_t> PostgresqlRecords::expire(UtcSeconds before) {
    if (auto ready = prepare(); !ready) return ready.error();
    const auto partitions = postgresql_days(*connection_);
    if (!partitions) return partitions.error();
    std::uint64_t expired = 0;
    for (const auto& partition : *partitions) {
        if (partition.day.end() > before) continue;
        const auto dropped = drop(partition.day);
        if (!dropped) return dropped.error();
        expired += *dropped;
    }
    return expired;
}

Result<std::uint64_t> PostgresqlRecords::drop(UtcDay day) {
    for (int left = drop_tries;; --left) {
        auto transaction = SqlTransaction::begin(*connection_);
        if (!transaction) return transaction.error();
        if (auto done = connection_->execute(std::string(wait_briefly)); !done) return done.error();
        std::uint64_t records = 0;
        const auto done =
            connection_->run("SELECT defender_drop_day($1)", {day.number},
                             [&](const SqlRow& row) { records = static_cast<std::uint64_t>(row.number(0)); });
        if (!done && (left == 1 || !connection_->was_kept_waiting())) return done.error();
        if (!done) continue;
        if (auto committed = transaction.value()->commit(); !committed) return committed.error();
        return records;
    }
}

Result<StoreStatus> PostgresqlRecords::status() {
    if (auto ready = prepare(); !ready) return ready.error();
    const auto partitions = postgresql_days(*connection_);
    if (!partitions) return partitions.error();
    Extent all;
    for (const auto& partition : *partitions) {
        const auto extent = extent_of(*connection_, partition);
        if (!extent) return extent.error();
        all.add(*extent);
    }
    const auto octets = octets_of_records(*connection_);
    if (!octets) return octets.error();
    return StoreStatus{all.records, version_, all.oldest, all.newest, *octets};
}

}  // namespace defender::store
