/// Explanation: a record as text for people or JSON for machines; `explain` and `check` show the same.
///
/// Nothing is judged here: the text says what the record holds, and why by the trace that judge() left.
/// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/store/record.hpp"

namespace defender::ctl {

/// Several lines, each ended; octets from outside are made printable.
[[nodiscard]] std::string explanation_text(const store::Record& record);

/// {"host","reply","error","milliseconds","evidence":{…},"judgement":{…}}
[[nodiscard]] nlohmann::ordered_json explanation_json(const store::Record& record);

}  // namespace defender::ctl
