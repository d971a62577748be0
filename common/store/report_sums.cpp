#include "common/store/report_sums.hpp"

#include <algorithm>

namespace defender::store {
namespace {

template <typename Sum>
void sort_by_key(std::vector<Sum>& sums) {
    std::sort(sums.begin(), sums.end(), [](const Sum& a, const Sum& b) { return a.key < b.key; });
}

}  // namespace

void ReportSums::add(ReportSeries series, ReportTuple tuple) {
    write_canonical(series, text_);
    auto of_series = series_.find(text_);
    if (of_series == series_.end()) of_series = series_.emplace(text_, Series{std::move(series), {}}).first;
    auto& rows = of_series->second.rows;
    write_canonical(tuple, text_);
    auto row = rows.find(text_);
    if (row == rows.end()) row = rows.emplace(text_, Row{std::move(tuple), 0}).first;
    ++row->second.messages;
}

std::vector<SeriesSum> ReportSums::take() {
    std::vector<SeriesSum> sums;
    sums.reserve(series_.size());
    for (auto& [text, of_series] : series_) {
        SeriesSum sum{key_of(text), std::move(of_series.series), {}};
        sum.rows.reserve(of_series.rows.size());
        for (auto& [row_text, row] : of_series.rows) {
            sum.rows.push_back({key_of(row_text), std::move(row.tuple), row.messages});
        }
        sort_by_key(sum.rows);
        sums.push_back(std::move(sum));
    }
    sort_by_key(sums);
    series_.clear();
    return sums;
}

}  // namespace defender::store
