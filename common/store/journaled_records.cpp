#include "common/store/journaled_records.hpp"

#include <algorithm>
#include <iterator>

#include "common/log/log.hpp"

namespace defender::store {

Result<std::uint64_t> LocalJournal::expire(UtcSeconds before) {
    const auto waiting = records->expire(before);
    if (!waiting) return waiting.error();
    const auto set_aside = journal->expire_set_aside(before);
    if (!set_aside) return set_aside.error();
    return *waiting + *set_aside;
}

Status JournaledRecords::append_rows(const std::vector<RecordRow>& rows) {
    if (!local_.records) return Error{"this host has no journal to write to"};
    return local_.records->append_rows(rows);
}

Result<std::vector<Record>> JournaledRecords::find(const std::string& queue_id) {
    // The journal first: a record that is moved meanwhile is then seen twice, rather than not at all.
    std::vector<FoundRecord> found;
    if (local_.journal) {
        auto waiting = local_.journal->find(queue_id);
        if (!waiting) return waiting.error();
        found = std::move(waiting).value();
    }
    auto moved = moved_.find(queue_id);
    if (!moved) {
        if (!moved_.is_away() || found.empty()) return moved.error();
        log::warning("STORE_POSTGRESQL_AWAY", {{"error", moved.error().message}});
        return newest_first(std::move(found));
    }
    std::move(moved->begin(), moved->end(), std::back_inserter(found));
    return newest_first(std::move(found));
}

Result<std::uint64_t> JournaledRecords::expire(UtcSeconds before) {
    const auto local = local_.journal ? local_.expire(before) : std::uint64_t{0};
    if (!local) return local.error();
    const auto moved = moved_.expire(before);
    if (!moved) return moved.error();
    return *local + *moved;
}

Result<StoreStatus> JournaledRecords::status() {
    auto status = moved_.status();
    if (!status || !local_.records) return status;
    const auto local = local_.records->status();
    if (!local) return local.error();
    status->records += local->records;
    status->bytes += local->bytes;
    if (local->oldest) status->oldest = std::min(status->oldest.value_or(*local->oldest), *local->oldest);
    if (local->newest) status->newest = std::max(status->newest.value_or(*local->newest), *local->newest);
    return status;
}

}  // namespace defender::store
