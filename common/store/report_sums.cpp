#include "common/store/report_sums.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace defender::store {
namespace {

/// What a hash table needs for an element besides its text.
constexpr std::size_t octets_of_element = 72;

using SeriesNumber = std::uint32_t;

void append_number(std::string& text, SeriesNumber number) {
    char octets[sizeof number];
    std::memcpy(octets, &number, sizeof number);
    text.append(octets, sizeof number);
}

SeriesNumber number_before(std::string_view text) {
    SeriesNumber number = 0;
    std::memcpy(&number, text.data(), sizeof number);
    return number;
}

}  // namespace

template <typename Value>
Value& ReportSums::at(ByText<Value>& values, std::string_view text, Value fresh) {
    if (const auto found = values.find(text); found != values.end()) return found->second;
    auto* kept = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(kept, text.data(), text.size());
    octets_ += text.size() + octets_of_element;
    return values.emplace(std::string_view(kept, text.size()), fresh).first->second;
}

void ReportSums::add(const ReportSeries& series, const ReportTuple& tuple) {
    text_.clear();
    append_canonical(series, text_);
    const auto number = at(series_, text_, static_cast<SeriesNumber>(series_.size()));
    text_.clear();
    append_number(text_, number);
    append_canonical(tuple, text_);
    ++at(rows_, text_, std::uint64_t{0});
}

SortedSums ReportSums::sorted() const {
    struct Numbered {
        SeriesSum sum;
        SeriesNumber number;
    };
    std::vector<Numbered> all;
    all.reserve(series_.size());
    for (const auto& [text, number] : series_) all.push_back({{key_of(text), series_from(text)}, number});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.sum.key < b.sum.key; });
    SortedSums sums;
    std::vector<std::size_t> places(all.size());
    for (const auto& [sum, number] : all) {
        places[number] = sums.series.size();
        sums.series.push_back(sum);
    }
    sums.rows.reserve(rows_.size());
    for (const auto& [text, messages] : rows_) {
        const auto tuple = text.substr(sizeof(SeriesNumber));
        sums.rows.push_back({places[number_before(text)], key_of(tuple), tuple, messages});
    }
    std::sort(sums.rows.begin(), sums.rows.end(), [](const RowSum& a, const RowSum& b) {
        return std::tie(a.series, a.key) < std::tie(b.series, b.key);
    });
    return sums;
}

}  // namespace defender::store
