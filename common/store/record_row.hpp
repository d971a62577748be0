/// RecordRow: a Record as the columns of a database, the same for every kind of store.
///
/// What reports are grouped by (RFC 7489 appendix C) stands in columns of its own, so that a day can be
/// folded by the database without reading the evidence. All text is UTF-8 without NUL, whatever came in:
/// PostgreSQL takes no other. Thread-safety: pure functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/forwarding_sighting.hpp"
#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/record.hpp"

namespace defender::store {

/// One author domain of the message.
struct RecordDomainRow {
    bool deciding = false;      ///< this one's disposition is the message's
    std::string author_domain;  ///< header_from
    std::string policy_domain;
    std::string policy_record;  ///< as published; empty where none was found
    bool reportable = false;    ///< judged, no mail of our own reporting, and the policy record has rua
    std::string result;
    bool spf_aligned = false;
    bool dkim_aligned = false;
    std::string requested;
    std::string disposition;
    bool sampled_out = false;
    std::string reasons;  ///< JSON: [{"type","comment"}…]
};

struct RecordRow {
    std::string host;
    std::string queue_id;
    UtcSeconds received_at = 0;
    UtcDay day;
    std::string client;  ///< canonical text; empty for a client without an IP address
    std::string helo;
    std::string mail_from;
    std::string envelope_from;  ///< the domain of mail_from; empty for the null sender
    std::string author_status;
    std::string author_domain;  ///< of the deciding domain; empty where none was judged
    std::string exemption;
    std::string result;
    std::string requested;
    std::string disposition;
    std::string action;
    std::string auth_results;  ///< JSON, equal for equal verdicts: what a report's auth_results are made from
    std::string reply;
    std::string error;
    std::int64_t milliseconds = 0;
    std::string evidence;   ///< JSON
    std::string judgement;  ///< JSON
    std::vector<RecordDomainRow> domains;
    std::optional<auth::ForwardingSighting> sighting;  ///< in a table of its own
};

[[nodiscard]] RecordRow to_row(const Record& record);
/// From the columns that hold it whole (host, reply, error, milliseconds, evidence and judgement) and the
/// sighting.
[[nodiscard]] Result<Record> from_row(const RecordRow& row);

/// UTF-8 without NUL: what is neither becomes U+FFFD.
[[nodiscard]] std::string column_text(std::string_view text);

}  // namespace defender::store
