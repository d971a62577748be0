/// Judging the records of a store again, under the settings in force and under changed ones.
///
/// Both judgements are made now, from the evidence that was stored, so that settings are compared and not
/// versions of the program. Thread-safety: called by one thread; all processors share the work, and what
/// comes of it does not depend on how. Failure: an Error of the store.
#pragma once

#include <cstdint>
#include <functional>

#include "common/auth/judgement.hpp"
#include "common/base/result.hpp"
#include "common/store/record_scan.hpp"
#include "ctl/what_if.hpp"

namespace defender::ctl {

struct TwoSettings {
    auth::JudgeSettings in_force;
    auth::JudgeSettings changed;
};

/// Adds one record to `what_if`.
void judge_again(const store::StoredRecord& record, const TwoSettings& settings, WhatIf& what_if);

/// Adds the records received at `since` or later; `progress` is told from time to time how many
/// there were.
[[nodiscard]] Status judge_all_again(store::RecordScan& records, UtcSeconds since,
                                     const TwoSettings& settings, WhatIf& what_if,
                                     const std::function<void(std::uint64_t done)>& progress);

}  // namespace defender::ctl
