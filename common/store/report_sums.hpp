/// ReportSums: the records of one batch, equal tuples summed up in memory.
///
/// Decides what belongs together; nothing is read or written here. What the rows of many sources share is
/// held once, and a row takes less than a hundred octets besides, so that a batch may have hundreds of
/// thousands of them. Thread-safety: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/hash_index.hpp"
#include "common/store/report_row_key.hpp"

namespace defender::store {

struct SeriesSum {
    ReportKey key{};
    ReportSeries series;
};
/// What rows that differ by their source alone have in common.
struct AlikeRows {
    std::string_view others;   ///< the canonical text of all fields but the source
    std::uint32_t series = 0;  ///< the how-manieth it was
};
/// The messages of one row.
struct SourceSum {
    const char* source_ip = nullptr;
    const AlikeRows* alike = nullptr;
    std::uint32_t source_octets = 0;
    std::uint32_t messages = 0;

    [[nodiscard]] std::string_view source() const { return {source_ip, source_octets}; }
};
struct RowSum {
    ReportKey key{};
    const SourceSum* sum = nullptr;
    std::uint32_t series = 0;  ///< which of SortedSums::series

    [[nodiscard]] ReportTuple tuple() const { return tuple_from(sum->source(), sum->alike->others); }
    [[nodiscard]] std::int64_t messages() const { return sum->messages; }
};
/// Series in the order of their keys; rows in that of their series, then of their own keys.
struct SortedSums {
    std::vector<SeriesSum> series;
    std::vector<RowSum> rows;
};

class ReportSums {
  public:
    ReportSums() = default;
    ReportSums(const ReportSums&) = delete;
    ReportSums& operator=(const ReportSums&) = delete;
    ~ReportSums() = default;

    /// Counts one message.
    void add(const ReportSeries& series, const ReportTuple& tuple);
    /// Memory that is held, and that sorted() will take, roughly.
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }
    /// All of it; refers to this object.
    [[nodiscard]] SortedSums sorted() const;

  private:
    [[nodiscard]] const AlikeRows& alike_of(const ReportSeries& series, const ReportTuple& tuple);
    [[nodiscard]] std::uint32_t series_of(std::string_view text);
    [[nodiscard]] std::string_view keep(std::string_view text);

    std::pmr::monotonic_buffer_resource memory_;  ///< of all texts
    std::deque<std::string_view> series_;         ///< their canonical texts
    std::deque<AlikeRows> alike_;
    std::deque<SourceSum> rows_;
    HashIndex series_by_text_;
    HashIndex alike_by_text_;
    HashIndex rows_by_source_;
    std::size_t octets_ = 0;
    std::string text_;  ///< room for a text, kept from one to the next
};

}  // namespace defender::store
