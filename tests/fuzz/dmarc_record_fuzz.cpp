// Any octets as a DMARC record: what is read keeps to the ranges of RFC 7489 and RFC 9989, and reading it
// again from its own parts gives the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/auth/dmarc_record.hpp"
#include "common/auth/report_uri.hpp"
#include "common/base/text.hpp"

namespace {

using defender::auth::AlignmentMode;
using defender::auth::DmarcRecord;
using defender::auth::ReportUri;
using defender::config::DmarcStandard;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_uri(const ReportUri& uri) {
    require(uri.uri.find(':') != std::string::npos);
    require(uri.uri.find_first_of("!,;\"<> ") == std::string::npos);
    for (const char c : uri.uri) require(defender::text::is_printable(c));
}

void check_options(std::string_view options) {
    require(!options.empty() && options.size() <= 7);
    for (const auto option : defender::text::split(options, ':')) {
        require(option == "0" || option == "1" || option == "d" || option == "s");
    }
}

std::string uri_list(const std::vector<ReportUri>& uris) {
    std::string list;
    for (const auto& uri : uris) {
        if (!list.empty()) list += ',';
        list += uri.uri;
        if (uri.max_octets) list += '!' + std::to_string(*uri.max_octets);
    }
    return list;
}

std::string letter(AlignmentMode mode) {
    return mode == AlignmentMode::strict ? "s" : "r";
}

std::string written(const DmarcRecord& record) {
    std::string text = "v=DMARC1; p=" + std::string(to_string(record.policy));
    if (record.subdomain_policy) text += "; sp=" + std::string(to_string(*record.subdomain_policy));
    if (record.nonexistent_policy) text += "; np=" + std::string(to_string(*record.nonexistent_policy));
    text += "; psd=" + std::string(to_string(record.public_suffix));
    if (record.testing) text += "; t=y";
    text += "; adkim=" + letter(record.dkim_alignment) + "; aspf=" + letter(record.spf_alignment);
    text +=
        "; pct=" + std::to_string(record.percent) + "; ri=" + std::to_string(record.report_interval_seconds);
    text += "; fo=" + record.failure_options;
    if (!record.aggregate_uris.empty()) text += "; rua=" + uri_list(record.aggregate_uris);
    if (!record.failure_uris.empty()) text += "; ruf=" + uri_list(record.failure_uris);
    return text;
}

void check_record(const DmarcRecord& record, DmarcStandard standard) {
    require(record.percent <= 100);
    check_options(record.failure_options);
    require(record.aggregate_uris.size() <= defender::auth::max_report_uris);
    require(record.failure_uris.size() <= defender::auth::max_report_uris);
    for (const auto& uri : record.aggregate_uris) check_uri(uri);
    for (const auto& uri : record.failure_uris) check_uri(uri);
    require(defender::auth::parse_dmarc_record(written(record), standard) == record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const auto standard : {DmarcStandard::rfc7489, DmarcStandard::rfc9989}) {
        const auto record = defender::auth::parse_dmarc_record(text, standard);
        if (!record) continue;
        require(defender::auth::is_dmarc_record(text));
        check_record(*record, standard);
    }
    for (const auto& uri : defender::auth::parse_report_uris(text)) check_uri(uri);
    return 0;
}
