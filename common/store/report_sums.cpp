#include "common/store/report_sums.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <tuple>

namespace defender::store {
namespace {

/// What an element takes besides its text: in its index, and where sorted.
constexpr std::size_t octets_of_slot = 16;

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

/// Of a source, among those of rows that are alike in all else.
std::uint64_t hash_of(const AlikeRows& alike, std::string_view source_ip) {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
    return (hash_of(source_ip) ^ std::hash<const void*>{}(&alike)) * odd;
}

std::uint32_t next_number(const auto& things) {
    return static_cast<std::uint32_t>(things.size());
}

}  // namespace

void ReportSums::add(const ReportSeries& series, const ReportTuple& tuple) {
    const auto& alike = alike_of(series, tuple);
    const auto fresh = next_number(rows_);
    const auto number =
        rows_by_source_.find_or_add(hash_of(alike, tuple.source_ip), fresh, [&](std::uint32_t known) {
            return rows_[known].alike == &alike && rows_[known].source() == tuple.source_ip;
        });
    if (number == fresh) {
        const auto source = keep(tuple.source_ip);
        rows_.push_back({source.data(), &alike, static_cast<std::uint32_t>(source.size()), 0});
        octets_ += sizeof(SourceSum) + sizeof(RowSum) + octets_of_slot;
    }
    ++rows_[number].messages;
}

const AlikeRows& ReportSums::alike_of(const ReportSeries& series, const ReportTuple& tuple) {
    text_.clear();
    append_canonical(series, text_);
    const auto series_octets = text_.size();
    append_canonical_others(tuple, text_);
    const auto of_series = std::string_view(text_).substr(0, series_octets);
    const auto others = std::string_view(text_).substr(series_octets);
    const auto fresh = next_number(alike_);
    const auto number = alike_by_text_.find_or_add(hash_of(text_), fresh, [&](std::uint32_t known) {
        return alike_[known].others == others && series_[alike_[known].series] == of_series;
    });
    if (number == fresh) {
        alike_.push_back({keep(others), series_of(of_series)});
        octets_ += sizeof(AlikeRows) + octets_of_slot;
    }
    return alike_[number];
}

std::uint32_t ReportSums::series_of(std::string_view text) {
    const auto fresh = next_number(series_);
    const auto number = series_by_text_.find_or_add(
        hash_of(text), fresh, [&](std::uint32_t known) { return series_[known] == text; });
    if (number == fresh) {
        series_.push_back(keep(text));
        octets_ += sizeof(std::string_view) + sizeof(SeriesSum) + octets_of_slot;
    }
    return number;
}

std::string_view ReportSums::keep(std::string_view text) {
    if (text.empty()) return {};
    auto* kept = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(kept, text.data(), text.size());
    octets_ += text.size();
    return {kept, text.size()};
}

SortedSums ReportSums::sorted() const {
    struct Numbered {
        SeriesSum sum;
        std::uint32_t number;
    };
    std::vector<Numbered> all;
    all.reserve(series_.size());
    for (const auto text : series_) all.push_back({{key_of(text), series_from(text)}, next_number(all)});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.sum.key < b.sum.key; });
    SortedSums sums;
    std::vector<std::uint32_t> places(all.size());
    sums.series.reserve(all.size());
    for (const auto& [sum, number] : all) {
        places[number] = next_number(sums.series);
        sums.series.push_back(sum);
    }
    sums.rows.reserve(rows_.size());
    std::string tuple;
    for (const auto& row : rows_) {
        tuple.clear();
        append_canonical(row.source(), row.alike->others, tuple);
        sums.rows.push_back({key_of(tuple), &row, places[row.alike->series]});
    }
    std::sort(sums.rows.begin(), sums.rows.end(), [](const RowSum& a, const RowSum& b) {
        return std::tie(a.series, a.key) < std::tie(b.series, b.key);
    });
    return sums;
}

}  // namespace defender::store
