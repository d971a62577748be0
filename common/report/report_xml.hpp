/// The XML of aggregate reports, piece by piece: a head, any number of records, a foot.
///
/// Joined they are one document, valid against RFC 7489 appendix C or RFC 9990 appendix A. Each record is
/// built and forgotten by itself, so that a report of any length needs no more memory than its longest
/// record. Whatever a value holds, it is well-formed (report_xml_text.hpp). UTF-8. Thread-safety: pure
/// functions.
#pragma once

#include <string>
#include <string_view>

#include "common/config/settings.hpp"
#include "common/report/report_model.hpp"

namespace defender::report {

/// From the XML declaration to the end of policy_published.
[[nodiscard]] std::string xml_head(const ReportHead& head, config::ReportSchema schema);
[[nodiscard]] std::string xml_record(const ReportRecord& record);
[[nodiscard]] std::string_view xml_foot() noexcept;

}  // namespace defender::report
