#include "common/report/deliveries.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/report/external_destination.hpp"

namespace defender::report {
namespace {

store::Delivery delivery_to(const auth::ReportUri& uri, UtcSeconds now) {
    store::Delivery delivery;
    delivery.uri = uri.uri;
    delivery.max_octets = uri.max_octets;
    delivery.next_at = now;
    delivery.changed_at = now;
    if (auto mailbox = mailbox_of(uri.uri)) {
        delivery.address = std::move(*mailbox);
        return delivery;
    }
    delivery.state = store::DeliveryState::skipped;
    delivery.answer = text::istarts_with(uri.uri, "mailto:") ? "not an address that mail can be sent to"
                                                             : "only mailto is served";
    return delivery;
}

}  // namespace

std::vector<store::Delivery> deliveries_to(const std::vector<auth::ReportUri>& uris, UtcSeconds now) {
    std::vector<store::Delivery> deliveries;
    for (const auto& uri : uris) {
        const bool again = std::any_of(deliveries.begin(), deliveries.end(),
                                       [&uri](const auto& earlier) { return earlier.uri == uri.uri; });
        if (!again) deliveries.push_back(delivery_to(uri, now));
    }
    return deliveries;
}

}  // namespace defender::report
