/// The JSON columns of a report's row, which are those of records: reasons and auth_results.
///
/// Thread-safety: pure functions; one thread at a time uses a reader. Failure: an Error that names the
/// column.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/result.hpp"
#include "common/store/report_store.hpp"

namespace defender::store {

/// [{"type","comment"}…]; sets row.reasons.
[[nodiscard]] Status read_reasons(std::string_view json, ReportRow& row);
/// {"dkim":[{"domain","selector","result","reason"}…],"spf":[{"domain","scope","result"}…]}; sets row.dkim
/// and row.spf.
[[nodiscard]] Status read_auth_results(std::string_view json, ReportRow& row);

/// Reads the auth_results of the rows of one report. They have few different ones, as most rows differ by
/// their client, so those that came first are kept, up to a number.
class AuthResultsReader {
  public:
    /// As read_auth_results().
    [[nodiscard]] Status read(std::string_view json, ReportRow& row);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct AuthResults {
        std::vector<DkimAuthResult> dkim;
        std::vector<SpfAuthResult> spf;
    };
    std::unordered_map<std::string, AuthResults, Hash, std::equal_to<>> known_;  ///< by their JSON
};

}  // namespace defender::store
