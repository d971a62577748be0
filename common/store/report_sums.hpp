/// ReportSums: the records of one batch, equal tuples summed up in memory.
///
/// Decides what belongs together; nothing is read or written here. A tuple is held as its canonical text,
/// once, so that a batch may have hundreds of thousands of them. Thread-safety: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/store/report_row_key.hpp"

namespace defender::store {

struct SeriesSum {
    ReportKey key{};
    ReportSeries series;
};
struct RowSum {
    std::size_t series = 0;  ///< which of SortedSums::series
    ReportKey key{};
    std::string_view tuple;  ///< its canonical text
    std::uint64_t messages = 0;
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
    /// Memory that is held, roughly.
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }
    /// All of it; refers to this object.
    [[nodiscard]] SortedSums sorted() const;

  private:
    /// By text, which lies in memory_.
    template <typename Value>
    using ByText = std::pmr::unordered_map<std::string_view, Value>;

    /// The value of a text, made where there is none.
    template <typename Value>
    Value& at(ByText<Value>& values, std::string_view text, Value fresh);

    std::pmr::monotonic_buffer_resource memory_;
    ByText<std::uint32_t> series_{&memory_};  ///< canonical text → the how-manieth it was
    ByText<std::uint64_t> rows_{&memory_};    ///< its series' number and its canonical text → messages
    std::size_t octets_ = 0;
    std::string text_;  ///< room for a text, kept from one to the next
};

}  // namespace defender::store
