#include "common/store/sqlite_sightings.hpp"

#include <string_view>

#include "common/store/forwarders.hpp"
#include "common/store/record_row.hpp"

namespace defender::store {
namespace {

constexpr std::string_view insert_sighting =
    "INSERT INTO forwarding_sighting (network, domain, first_day, last_day, record_id)"
    " SELECT ?1, ?2, ?3, ?3, ?4"
    " WHERE EXISTS (SELECT 1 FROM forwarding_sighting WHERE network = ?1 AND domain = ?2)"
    " OR (SELECT count(*) FROM forwarding_sighting WHERE network = ?1) < ?5"
    " ON CONFLICT (network, domain) DO UPDATE SET last_day = excluded.last_day, record_id = "
    "excluded.record_id"
    " WHERE excluded.last_day > forwarding_sighting.last_day";

}  // namespace

Status SqliteSightings::add(const auth::ForwardingSighting& sighting, std::int64_t record_id) {
    if (auto ready = database_->ensure_prepared(insert_, insert_sighting); !ready) return ready;
    insert_->bind(column_text(sighting.network)).bind(column_text(sighting.domain));
    insert_->bind(sighting.day.number).bind(record_id).bind(most_domains_of_a_network);
    return insert_->run();
}

}  // namespace defender::store
