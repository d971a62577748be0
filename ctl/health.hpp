/// Health: what is known of a gateway at one moment, and what is wrong with it.
///
/// Thread-safety: pure functions on values; no clock, socket or file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_store.hpp"
#include "common/store/report_store.hpp"

namespace defender::ctl {

struct ReportHealth {
    store::OutboxCounts counts;
    std::optional<UtcSeconds> next_due;  ///< of a report or a delivery; nothing where there is none
};

struct Health {
    UtcSeconds now = 0;
    Result<store::Json> milter;  ///< what the milter says of itself (milter_status.hpp)
    std::string store_path;
    Result<store::StoreStatus> store;  ///< of all records
    /// Of those that wait on this host for PostgreSQL; nothing where they do not go there.
    std::optional<store::StoreStatus> journal;
    /// Nothing where no reports are made.
    std::optional<Result<ReportHealth>> reports;
};

/// Something that an operator has to look after.
struct Trouble {
    std::string what;
    std::string mend;
};

/// The most pressing first; none: all is well. Members that the milter does not tell are no trouble, as it
/// may be of another version.
[[nodiscard]] std::vector<Trouble> troubles(const Health& health);

/// A verdict on the first line, the troubles below it, then a few lines of figures.
[[nodiscard]] std::string health_text(const Health& health);
[[nodiscard]] store::Json health_json(const Health& health);

}  // namespace defender::ctl
