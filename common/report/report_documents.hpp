/// Report documents: an aggregate report's rows made into the compressed XML files that are mailed.
///
/// The same rows, settings and edition give the same octets, whoever makes them and however often: nothing in
/// a file depends on the clock, the host or the database. Memory is bounded by report.max_size, not by the
/// number of rows: the XML is written and compressed as a stream, and a report whose file would be larger
/// goes into several, each complete in itself. Source: RFC 7489 section 7.2 and appendix C; RFC 9990.
/// Thread-safety: free functions; one thread at a time uses the store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// The documents of one report, in one schema, without ids; made_at is the caller's.
[[nodiscard]] Result<std::vector<store::Document>> make_documents(store::ReportStore& store,
                                                                  const store::Report& report,
                                                                  const config::ReportSettings& settings,
                                                                  config::ReportSchema schema);

/// The report-id: derived from the reporter (report.email's domain), the policy domain, the day, the policy
/// text and the edition; letters, digits, "." and "-" alone; unique before any "@" (RFC 7489 section 7.2.1.1
/// joins it into a header field). Parts beyond the first, and the schema rfc9990, add a suffix to it.
[[nodiscard]] std::string report_id(const store::Report& report, const config::ReportSettings& settings);

/// "receiver!policy-domain!begin!end!unique-id.xml.gz" (RFC 7489 section 7.2.1.1).
[[nodiscard]] std::string report_filename(std::string_view receiver, std::string_view policy_domain,
                                          UtcDay day, std::string_view report_id);

/// The XML of a document, uncompressed; for previews and tests.
[[nodiscard]] Result<std::string> unpack(std::string_view content);

}  // namespace defender::report
