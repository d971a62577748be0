#include "common/store/report_row_key.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/store/digest.hpp"

namespace defender::store {
namespace {

template <typename Number>
std::string_view digits_of(Number number, std::array<char, 24>& room) {
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    return {room.data(), static_cast<std::size_t>(end - room.data())};
}

void append(std::string& text, std::string_view field) {
    std::array<char, 24> room;
    text += digits_of(field.size(), room);
    text += ':';
    text += field;
}

/// Takes the fields from a canonical text one after another.
class Fields {
  public:
    explicit Fields(std::string_view canonical) : left_(canonical) {}

    std::string_view next() {
        std::size_t length = 0;
        const auto* begin = left_.data();
        const auto digits = std::from_chars(begin, begin + left_.size(), length);
        const auto head = static_cast<std::size_t>(digits.ptr - begin) + 1;
        if (digits.ec != std::errc() || head > left_.size() || length > left_.size() - head) {
            throw std::logic_error("no canonical text of a report's row");
        }
        const auto field = left_.substr(head, length);
        left_.remove_prefix(head + length);
        return field;
    }
    bool next_flag() { return next() == "1"; }

  private:
    std::string_view left_;
};

}  // namespace

void append_canonical(const ReportSeries& series, std::string& text) {
    std::array<char, 24> room;
    append(text, digits_of(series.day.number, room));
    append(text, series.policy_domain);
    append(text, series.policy_record);
}

void append_canonical(const ReportTuple& tuple, std::string& text) {
    append(text, tuple.source_ip);
    append_canonical_others(tuple, text);
}

void append_canonical(std::string_view source_ip, std::string_view others, std::string& text) {
    append(text, source_ip);
    text += others;
}

void append_canonical_others(const ReportTuple& tuple, std::string& text) {
    append(text, tuple.disposition);
    append(text, tuple.dkim_aligned ? "1" : "0");
    append(text, tuple.spf_aligned ? "1" : "0");
    append(text, tuple.reasons);
    append(text, tuple.header_from);
    append(text, tuple.envelope_from);
    append(text, tuple.auth_results);
}

ReportSeries series_from(std::string_view canonical) {
    Fields fields(canonical);
    ReportSeries series;
    const auto day = fields.next();
    std::from_chars(day.data(), day.data() + day.size(), series.day.number);
    series.policy_domain = fields.next();
    series.policy_record = fields.next();
    return series;
}

ReportTuple tuple_from(std::string_view source_ip, std::string_view others) {
    Fields fields(others);
    ReportTuple tuple;
    tuple.source_ip = source_ip;
    tuple.disposition = fields.next();
    tuple.dkim_aligned = fields.next_flag();
    tuple.spf_aligned = fields.next_flag();
    tuple.reasons = fields.next();
    tuple.header_from = fields.next();
    tuple.envelope_from = fields.next();
    tuple.auth_results = fields.next();
    return tuple;
}

ReportKey key_of(std::string_view canonical) {
    const auto digest = sha256(canonical);
    ReportKey key;
    std::copy_n(digest.begin(), key.size(), key.begin());
    return key;
}

std::string_view octets_of(const ReportKey& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::int64_t spread_of(const ReportKey& series) {
    return std::int64_t{series[0]} * 256 + series[1];
}

}  // namespace defender::store
