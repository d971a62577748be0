/// What `defenderctl stats` counted: tables for people, CSV (RFC 4180) for spreadsheets, JSON for programs.
///
/// Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/utc_time.hpp"
#include "ctl/stats.hpp"

namespace defender::ctl {

struct StatsTable {
    StatsBy by{};
    std::vector<StatsGroup> groups;  ///< as many as are to be shown
    std::uint64_t left_out = 0;      ///< groups beyond them
};

struct StatsListing {
    std::optional<UtcSeconds> since;  ///< nothing: from the first record on
    std::optional<UtcSeconds> until;  ///< nothing: up to the last one
    StatsCounts totals;
    std::vector<StatsTable> tables;
};

/// Of a table, counts that are nought in every group are left out, but those of messages, pass and fail.
[[nodiscard]] std::string stats_text(const StatsListing& listing);
/// A line of names, then one for each group; the totals are the group "total" of "all".
[[nodiscard]] std::string stats_csv(const StatsListing& listing);
[[nodiscard]] nlohmann::ordered_json stats_json(const StatsListing& listing);

}  // namespace defender::ctl
