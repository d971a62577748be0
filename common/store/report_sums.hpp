/// ReportSums: the records of one batch, equal tuples summed up in memory.
///
/// Decides what belongs together; nothing is read or written here. Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/store/report_row_key.hpp"

namespace defender::store {

struct RowSum {
    std::string key;
    ReportTuple tuple;
    std::uint64_t messages = 0;
};
struct SeriesSum {
    std::string key;
    ReportSeries series;
    std::vector<RowSum> rows;
};

class ReportSums {
  public:
    /// Counts one message.
    void add(ReportSeries series, ReportTuple tuple);
    /// All of it, series and the rows of each in the order of their keys; nothing stays.
    [[nodiscard]] std::vector<SeriesSum> take();

  private:
    struct Row {
        ReportTuple tuple;
        std::uint64_t messages = 0;
    };
    struct Series {
        ReportSeries series;
        std::unordered_map<std::string, Row> rows;  ///< by canonical text
    };

    std::unordered_map<std::string, Series> series_;  ///< by canonical text
    std::string text_;  ///< room for a canonical text, kept from one to the next
};

}  // namespace defender::store
