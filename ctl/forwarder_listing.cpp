#include "ctl/forwarder_listing.hpp"

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using store::Json;

std::string shown(const std::optional<UtcDay>& day) {
    return day ? day->to_string() : "-";
}

Json json_of(const std::optional<UtcDay>& day) {
    return day ? Json(day->to_string()) : Json();
}

std::string names_of(const store::ForwarderListing& listing) {
    if (listing.some_domains.empty()) return "-";
    const bool more = listing.domains > listing.some_domains.size();
    return text::join(listing.some_domains, ", ") + (more ? ", ..." : "");
}

/// The operator's comment; also of which wider network he said it.
std::string comment_of(const store::ForwarderListing& listing) {
    if (!listing.ruling) return "";
    const auto& ruling = *listing.ruling;
    if (ruling.network == listing.network) return ruling.comment;
    return "by " + ruling.network + (ruling.comment.empty() ? "" : ": " + ruling.comment);
}

}  // namespace

std::string forwarders_text(const std::vector<store::ForwarderListing>& listed) {
    std::vector<TextRow> rows{{"NETWORK", "STATUS", "DOMAINS", "FIRST", "LAST", "SOME DOMAINS", "COMMENT"}};
    for (const auto& listing : listed) {
        rows.push_back({listing.network, std::string(to_string(listing.status)),
                        std::to_string(listing.domains), shown(listing.first_day), shown(listing.last_day),
                        names_of(listing), comment_of(listing)});
    }
    return text_table(rows);
}

Json forwarders_json(const std::vector<store::ForwarderListing>& listed) {
    Json all = Json::array();
    for (const auto& listing : listed) {
        all.push_back({{"network", listing.network},
                       {"status", to_string(listing.status)},
                       {"domains", listing.domains},
                       {"some_domains", listing.some_domains},
                       {"first_day", json_of(listing.first_day)},
                       {"last_day", json_of(listing.last_day)},
                       {"ruling", listing.ruling ? ruling_json(*listing.ruling) : Json()}});
    }
    return all;
}

Json ruling_json(const store::ForwarderRuling& ruling) {
    return {{"network", ruling.network},
            {"status", to_string(ruling.status)},
            {"at", to_rfc3339(ruling.at)},
            {"comment", ruling.comment}};
}

}  // namespace defender::ctl
