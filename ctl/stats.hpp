/// Stats: how many messages met what, by day, author domain, client network and override.
///
/// It is given records one by one and keeps counts. Memory is bounded: where groups of one kind become too
/// many, the half with the fewest failures and messages is counted together from then on, so that mail with
/// ever new forged domains pushes out nobody who matters; the sums stay exact, and a group that came back
/// later has only what came since. Thread-safety: one thread; no clock, no file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/store/record_scan.hpp"

namespace defender::ctl {

enum class StatsBy { day, domain, source, override_type };
inline constexpr std::array stats_kinds{StatsBy::day, StatsBy::domain, StatsBy::source,
                                        StatsBy::override_type};
/// "day", "domain", "source", "override".
[[nodiscard]] std::string_view to_string(StatsBy by) noexcept;
[[nodiscard]] std::optional<StatsBy> stats_by_from(std::string_view name) noexcept;

struct StatsCounts {
    std::uint64_t messages = 0;
    std::uint64_t exempt = 0;  ///< not judged: from a trusted, authenticated or local client
    std::uint64_t failed = 0;  ///< not judged: the filter failed
    std::uint64_t pass = 0;    ///< DMARC results of the others
    std::uint64_t fail = 0;
    std::uint64_t none = 0;
    std::uint64_t temperror = 0;
    std::uint64_t permerror = 0;
    std::uint64_t quarantine = 0;  ///< dispositions, whatever was done
    std::uint64_t reject = 0;
    std::uint64_t tagged = 0;  ///< what was done
    std::uint64_t held = 0;
    std::uint64_t refused = 0;
    std::uint64_t deferred = 0;
    std::uint64_t overridden = 0;  ///< the disposition is not what the policy asked for

    void add(const StatsCounts& other);
    bool operator==(const StatsCounts&) const = default;
};

/// The counts by name, in the order in which they are shown.
struct StatsColumn {
    std::string_view name;
    std::uint64_t StatsCounts::*count;
};
inline constexpr std::array stats_columns{StatsColumn{"messages", &StatsCounts::messages},
                                          StatsColumn{"pass", &StatsCounts::pass},
                                          StatsColumn{"fail", &StatsCounts::fail},
                                          StatsColumn{"none", &StatsCounts::none},
                                          StatsColumn{"temperror", &StatsCounts::temperror},
                                          StatsColumn{"permerror", &StatsCounts::permerror},
                                          StatsColumn{"exempt", &StatsCounts::exempt},
                                          StatsColumn{"failed", &StatsCounts::failed},
                                          StatsColumn{"quarantine", &StatsCounts::quarantine},
                                          StatsColumn{"reject", &StatsCounts::reject},
                                          StatsColumn{"overridden", &StatsCounts::overridden},
                                          StatsColumn{"tagged", &StatsCounts::tagged},
                                          StatsColumn{"held", &StatsCounts::held},
                                          StatsColumn{"refused", &StatsCounts::refused},
                                          StatsColumn{"deferred", &StatsCounts::deferred}};

struct StatsGroup {
    std::string name;  ///< "2026-05-01", "example.com", "192.0.2.0/24", "mailing_list", or one of those below
    StatsCounts counts;
};
/// No domain or network is called so.
inline constexpr std::string_view no_author_domain = "(none)";
inline constexpr std::string_view no_client_network = "(local)";
inline constexpr std::string_view other_groups = "(others)";

class Stats {
  public:
    /// Groups of one kind that are counted apart, at least 2.
    explicit Stats(std::size_t max_groups = 100000) : max_groups_(max_groups) {}

    void add(const store::RecordSummary& record);

    [[nodiscard]] const StatsCounts& totals() const noexcept { return totals_; }
    /// Days in their order; overrides by messages; the others by failures and then messages, the most first.
    /// Those counted together stand last.
    [[nodiscard]] std::vector<StatsGroup> groups(StatsBy by) const;

  private:
    struct Kind {
        std::unordered_map<std::string, StatsCounts> groups;
        StatsCounts others;
    };
    void count(StatsBy by, const std::string& name, const StatsCounts& message);
    void merge_small(Kind& kind) const;
    [[nodiscard]] Kind& kind_of(StatsBy by) { return kinds_[static_cast<std::size_t>(by)]; }

    std::size_t max_groups_;
    StatsCounts totals_;
    std::array<Kind, stats_kinds.size()> kinds_;
};

}  // namespace defender::ctl
