/// Checks that look at several settings together.
///
/// Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.hpp"

namespace defender::config {

/// Settings that do not go together. `what` continues a sentence that begins with the first of the keys.
struct Conflict {
    std::vector<std::string> keys;
    std::string what;
    std::string mend;
};
[[nodiscard]] std::vector<Conflict> find_conflicts(const Settings& settings);

/// The keys of settings that differ and take effect only when the program is started anew. Of arrays of
/// tables, such as [[policy.override]], there is none.
[[nodiscard]] std::vector<std::string> changes_needing_restart(const Settings& before, const Settings& after);

}  // namespace defender::config
