/// WhatIf: what other settings would have changed, counted from judgements of the same evidence under both.
///
/// It is given messages one by one and keeps counts of like changes: of one author domain, from one outcome
/// to another, by one rule. Memory is bounded: further domains are counted together once there are very many,
/// and of single messages only the newest are kept. Thread-safety: one thread; no clock, no file.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/judgement.hpp"
#include "common/store/record_scan.hpp"

namespace defender::ctl {

/// What a message met, as far as settings can change it.
struct Outcome {
    auth::Exemption exemption = auth::Exemption::no;
    auth::DmarcResult result = auth::DmarcResult::none;
    auth::Disposition disposition = auth::Disposition::none;
    auth::Action action = auth::Action::accept;

    auto operator<=>(const Outcome&) const = default;
};
[[nodiscard]] Outcome outcome_of(const auth::Judgement& judgement);

/// The rule of the first step at which two explanations part: the changed one's, unless that names a section
/// of an RFC and the other a setting, which says more; between the two standards of DMARC both, as "RFC 7489
/// 6.6.4 -> RFC 9989 7.4". Steps that say the same part nothing, though their rules have other numbers, nor
/// do those that tell how a tree walk went. Empty where the explanations are alike.
[[nodiscard]] std::string parting_rule(const std::vector<auth::TraceStep>& in_force,
                                       const std::vector<auth::TraceStep>& changed);

/// Where domains beyond WhatIfLimits::kinds are counted; no domain is called so.
inline constexpr const char* other_domains = "(others)";

struct WhatIfChange {
    std::string author_domain;  ///< of the deciding domain; empty where the message has no usable author
    Outcome from;               ///< under the settings in force
    Outcome to;                 ///< under the changed ones
    std::string rule;           ///< parting_rule()

    auto operator<=>(const WhatIfChange&) const = default;
};
struct CountedChange {
    WhatIfChange change;
    std::uint64_t messages = 0;
};
struct ChangedMessage {
    UtcSeconds received_at = 0;
    std::string queue_id;
    WhatIfChange change;
};

struct WhatIfCounts {
    std::uint64_t looked_at = 0;
    std::uint64_t changed = 0;
    std::uint64_t exempt_in_force = 0;  ///< not judged at all
    std::uint64_t exempt_changed = 0;
    std::uint64_t unreadable = 0;        ///< whose evidence cannot be read
    std::uint64_t without_evidence = 0;  ///< exempt when received and not now, or the filter had failed
    std::uint64_t otherwise_when_received = 0;  ///< that the settings in force judge otherwise than was done
};

struct WhatIfLimits {
    std::size_t kinds = 100000;  ///< different changes that are counted apart
    std::size_t messages = 0;    ///< of the newest changed ones, that are kept
    std::string author_domain;   ///< of which alone; empty: of all
};

class WhatIf {
  public:
    explicit WhatIf(WhatIfLimits limits) : limits_(std::move(limits)) {}

    /// A message judged under both.
    void add(const store::StoredRecord& record, const auth::Judgement& in_force,
             const auth::Judgement& changed);
    void add_without_evidence();
    void add_unreadable(const store::StoredRecord& record, const Error& error);

    [[nodiscard]] const WhatIfCounts& counts() const noexcept { return counts_; }
    /// The most frequent first.
    [[nodiscard]] std::vector<CountedChange> changes() const;
    /// The newest first.
    [[nodiscard]] std::vector<ChangedMessage> messages() const;
    /// What is wrong with the first record that could not be read; empty where all could.
    [[nodiscard]] const std::string& first_unreadable() const noexcept { return first_unreadable_; }

  private:
    void count(const WhatIfChange& change);
    void keep(const store::StoredRecord& record, const WhatIfChange& change);

    WhatIfLimits limits_;
    WhatIfCounts counts_;
    std::map<WhatIfChange, std::uint64_t> changes_;
    std::vector<ChangedMessage> messages_;  ///< a heap, the oldest on top
    std::string first_unreadable_;
};

}  // namespace defender::ctl
