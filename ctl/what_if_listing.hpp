/// What `defenderctl what-if` found, as tables for people and JSON for machines.
///
/// Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/utc_time.hpp"
#include "ctl/what_if.hpp"
#include "ctl/what_if_settings.hpp"

namespace defender::ctl {

struct WhatIfListing {
    std::optional<UtcSeconds> since;  ///< nothing: all records
    std::vector<SettingDifference> settings;
    WhatIfCounts counts;
    std::vector<CountedChange> changes;                     ///< as many as are to be shown
    std::uint64_t changes_left_out = 0;                     ///< kinds, not messages
    std::optional<std::vector<ChangedMessage>> messages{};  ///< nothing: they were not asked for
};

[[nodiscard]] std::string what_if_text(const WhatIfListing& listing);
[[nodiscard]] nlohmann::ordered_json what_if_json(const WhatIfListing& listing);

}  // namespace defender::ctl
