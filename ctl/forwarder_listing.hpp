/// ForwarderListing: what is known of forwarders, as a table for people and JSON for machines.
///
/// Days are 2026-05-01 and moments RFC 3339, both UTC; what is not there is null in JSON and "-" in a table.
/// Thread-safety: pure functions on values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/store/forwarders.hpp"

namespace defender::ctl {

/// One line for each network below a line of headings.
[[nodiscard]] std::string forwarders_text(const std::vector<store::ForwarderListing>& listed);
/// [{"network","status","domains","some_domains","first_day","last_day","ruling"}…]
[[nodiscard]] nlohmann::ordered_json forwarders_json(const std::vector<store::ForwarderListing>& listed);
/// {"network","status","at","comment"}
[[nodiscard]] nlohmann::ordered_json ruling_json(const store::ForwarderRuling& ruling);

}  // namespace defender::ctl
