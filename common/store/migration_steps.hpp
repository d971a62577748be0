/// Migration steps: what is outstanding of a list, one step after another, in either database.
///
/// Others may migrate the same database meanwhile: what they apply is counted as theirs alone, so that each
/// step is told of once. Thread-safety: that of `apply`.
#pragma once

#include <cstddef>
#include <utility>

#include "common/base/result.hpp"
#include "common/store/sqlite_store.hpp"

namespace defender::store {

/// Goes from version `found` to version `last`. `apply(version)` brings the database from there to the next
/// one, and gives whether it had to: false where another was first. The versions before and after what was
/// applied here; both are `last` where that is nothing.
template <typename Apply>
Result<Migrated> migrate_by_steps(int found, std::size_t last, Apply apply) {
    Migrated migrated{found, found};
    bool any = false;
    while (static_cast<std::size_t>(migrated.to) < last) {
        const Result<bool> applied = apply(migrated.to);
        if (!applied) return applied.error();
        if (*applied && !std::exchange(any, true)) migrated.from = migrated.to;
        ++migrated.to;
    }
    if (!any) migrated.from = migrated.to;
    return migrated;
}

}  // namespace defender::store
