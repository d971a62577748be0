/// Report documents: an aggregate report's rows made into the compressed XML files that are mailed.
///
/// The same rows, settings and edition give the same octets, whoever makes them and however often: nothing in
/// a file depends on the clock, the host or the database. Memory is bounded by the compressed files, not by
/// the number of rows: the XML is written and compressed as a stream, and a report whose file would be larger
/// than report.max_size goes into several, each complete in itself. Source: RFC 7489 section 7.2 and appendix
/// C; RFC 9990. Thread-safety: free functions; one thread at a time uses the store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// The documents of one report, in one schema, without ids; made_at is the caller's. `standard` is the one
/// that messages are judged by (dmarc.standard): how it finds policies is told by RFC 9990's schema. None for
/// a report without rows: both schemas ask for a record at least. A file is larger than report.max_size only
/// where a single row makes it so. The error is the store's, or a row or policy that cannot be reported.
[[nodiscard]] Result<std::vector<store::Document>> make_documents(store::ReportStore& store,
                                                                  const store::Report& report,
                                                                  const config::ReportSettings& settings,
                                                                  config::ReportSchema schema,
                                                                  config::DmarcStandard standard);

/// The report-id of a report's first document in the schema rfc7489: derived from the reporter
/// (report.email's domain), the policy domain, the day, the policy text and the edition. Letters and digits
/// alone, so that it is also the unique-id of the filename, which RFC 9990 section 3.1.4 wants identical.
/// Parts beyond the first add "p" and their number to it, the schema rfc9990 adds "v2" before that.
[[nodiscard]] std::string report_id(const store::Report& report, const config::ReportSettings& settings);

/// "receiver!policy-domain!begin!end!unique-id.xml.gz" (RFC 7489 section 7.2.1.1). Of the domains no
/// characters but letters, digits, ".", "-" and "_" go in, of the report-id letters and digits.
[[nodiscard]] std::string report_filename(std::string_view receiver, std::string_view policy_domain,
                                          UtcDay day, std::string_view report_id);

/// The schema of reports to this address: that of the first [[report.destination]] whose domain it is in, or
/// report.schema.
[[nodiscard]] config::ReportSchema schema_for(std::string_view address,
                                              const config::ReportSettings& settings);

/// The XML of a document, uncompressed; for previews and tests.
[[nodiscard]] Result<std::string> unpack(std::string_view content);

}  // namespace defender::report
