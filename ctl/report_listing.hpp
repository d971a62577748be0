/// ReportListing: deliveries, their history and suppressions as tables for people and JSON for machines.
///
/// Moments are RFC 3339 in UTC; a moment that has not come is null in JSON and "-" in a table. Text from
/// outside (a server's answer, a URI) is made printable in tables. Thread-safety: pure functions on values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/store/report_store.hpp"

namespace defender::ctl {

/// A delivery and every step of it, the oldest first.
struct DeliveryStory {
    store::Delivery delivery;
    std::vector<store::DeliveryStep> steps;
};

/// One line for each delivery below a line of headings.
[[nodiscard]] std::string deliveries_text(const std::vector<store::DeliveryListing>& listings);
[[nodiscard]] nlohmann::ordered_json deliveries_json(const std::vector<store::DeliveryListing>& listings);

/// A report document with all that became of it; no content.
[[nodiscard]] std::string story_text(const store::Document& document,
                                     const std::vector<DeliveryStory>& deliveries);
[[nodiscard]] nlohmann::ordered_json story_json(const store::Document& document,
                                                const std::vector<DeliveryStory>& deliveries);

[[nodiscard]] std::string suppressions_text(const std::vector<store::Suppression>& suppressions);
[[nodiscard]] nlohmann::ordered_json suppressions_json(const std::vector<store::Suppression>& suppressions);

}  // namespace defender::ctl
