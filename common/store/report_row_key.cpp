#include "common/store/report_row_key.hpp"

#include "common/store/digest.hpp"

namespace defender::store {
namespace {

constexpr std::size_t key_octets = 16;

void append(std::string& text, std::string_view field) {
    text += std::to_string(field.size());
    text += ':';
    text += field;
}

}  // namespace

void write_canonical(const ReportSeries& series, std::string& text) {
    text.clear();
    append(text, std::to_string(series.day.number));
    append(text, series.policy_domain);
    append(text, series.policy_record);
}

void write_canonical(const ReportTuple& tuple, std::string& text) {
    text.clear();
    append(text, tuple.source_ip);
    append(text, tuple.disposition);
    append(text, tuple.dkim_aligned ? "1" : "0");
    append(text, tuple.spf_aligned ? "1" : "0");
    append(text, tuple.reasons);
    append(text, tuple.header_from);
    append(text, tuple.envelope_from);
    append(text, tuple.auth_results);
}

std::string key_of(std::string_view canonical) {
    return sha256(canonical).substr(0, key_octets);
}

std::int64_t spread_of(std::string_view policy_domain) {
    const auto digest = sha256(policy_domain);
    return static_cast<unsigned char>(digest[0]) * 256 + static_cast<unsigned char>(digest[1]);
}

}  // namespace defender::store
