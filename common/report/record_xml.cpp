#include "common/report/record_xml.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "common/report/report_xml.hpp"

namespace defender::report {
namespace {

/// Some fifty kilobytes of them.
constexpr std::size_t kept_records = 50;

void append_number(std::string& key, std::size_t number) {
    key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// With their lengths, so that different fields never make the same key.
template <typename... Fields>
void append(std::string& key, const Fields&... fields) {
    ((append_number(key, fields.size()), key += fields), ...);
}

/// All that a row says but for its source and its count.
void make_key(const store::ReportRow& row, std::string& key) {
    key.clear();
    key += row.dkim_aligned ? '1' : '0';
    key += row.spf_aligned ? '1' : '0';
    append(key, row.disposition, row.header_from, row.envelope_from);
    append_number(key, row.reasons.size());
    for (const auto& reason : row.reasons) append(key, reason.type, reason.comment);
    append_number(key, row.dkim.size());
    for (const auto& dkim : row.dkim) append(key, dkim.domain, dkim.selector, dkim.result, dkim.reason);
    for (const auto& spf : row.spf) append(key, spf.domain, spf.scope, spf.result);
}

/// Gives what comes before the end of `mark`, and takes it off.
std::string take_through(std::string_view& xml, std::string_view mark) {
    const auto taken = xml.substr(0, xml.find(mark) + mark.size());
    xml.remove_prefix(taken.size());
    return std::string(taken);
}

/// Skips to the next tag.
void skip_text(std::string_view& xml) {
    xml.remove_prefix(xml.find('<'));
}

}  // namespace

Result<std::string_view> RecordXml::of(const store::ReportRow& row) {
    make_key(row, key_);
    auto found = known_.find(key_);
    if (found == known_.end()) {
        const auto record = report_record(row, policy_, schema_);
        if (!record) return record.error();
        if (known_.size() >= kept_records) return std::string_view(xml_ = xml_record(*record));
        found = known_.emplace(key_, around(xml_record(*record))).first;
    }
    auto source = reported_source(row);
    if (!source) return source.error();
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), row.count).ptr;
    const auto& same = found->second;
    xml_.assign(same.before_source).append(*source).append(same.before_count);
    xml_.append(digits.data(), end).append(same.after_count);
    return std::string_view(xml_);
}

/// Source and count come first in a record, before anything that a message says.
RecordXml::Around RecordXml::around(std::string_view xml) {
    Around parts;
    parts.before_source = take_through(xml, "<source_ip>");
    skip_text(xml);
    parts.before_count = take_through(xml, "<count>");
    skip_text(xml);
    parts.after_count = xml;
    return parts;
}

}  // namespace defender::report
