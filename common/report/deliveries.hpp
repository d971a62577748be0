/// Deliveries: the URIs of a policy record's rua or ruf as the first state of each delivery.
///
/// mailto is sent; whatever cannot be (other schemes, addresses that no mail server takes) is `skipped` from
/// the start, with the reason, so that it is listed. Source: RFC 7489 sections 6.2 and 6.3. Thread-safety: a
/// pure function.
#pragma once

#include <vector>

#include "common/auth/dmarc_record.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// One for each URI, in the order of the record, each due at `now`; equal URIs once.
[[nodiscard]] std::vector<store::Delivery> deliveries_to(const std::vector<auth::ReportUri>& uris,
                                                         UtcSeconds now);

}  // namespace defender::report
