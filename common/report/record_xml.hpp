/// RecordXml: the <record> elements of one report, row after row.
///
/// Most rows of a report differ by their source and their count alone. What is the same in them is rendered
/// once (report_xml.hpp) and kept, up to a number of different ones; the octets are those of xml_record().
/// Thread-safety: one thread uses an object.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/report/report_model.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

class RecordXml {
  public:
    /// `policy` outlives it.
    RecordXml(const PublishedPolicy& policy, config::ReportSchema schema)
        : policy_(policy), schema_(schema) {}

    /// Good until the next call. The error: as of report_record().
    [[nodiscard]] Result<std::string_view> of(const store::ReportRow& row);

  private:
    /// What stands around the source and the count.
    struct Around {
        std::string before_source;
        std::string before_count;
        std::string after_count;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    [[nodiscard]] static Around around(std::string_view xml);

    const PublishedPolicy& policy_;
    config::ReportSchema schema_;
    std::unordered_map<std::string, Around, Hash, std::equal_to<>> known_;  ///< by what the rows share
    std::string key_;
    std::string xml_;
};

}  // namespace defender::report
