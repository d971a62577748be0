/// The JSON columns of a report's row, which are those of records: reasons and auth_results.
///
/// Thread-safety: pure functions. Failure: an Error that names the column.
#pragma once

#include <string_view>

#include "common/base/result.hpp"
#include "common/store/report_store.hpp"

namespace defender::store {

/// [{"type","comment"}…]; sets row.reasons.
[[nodiscard]] Status read_reasons(std::string_view json, ReportRow& row);
/// {"dkim":[{"domain","selector","result","reason"}…],"spf":[{"domain","scope","result"}…]}; sets row.dkim
/// and row.spf.
[[nodiscard]] Status read_auth_results(std::string_view json, ReportRow& row);

}  // namespace defender::store
