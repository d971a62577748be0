#include "ctl/report_listing.hpp"

#include <nlohmann/json.hpp>

#include "common/base/utc_time.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string moment_text(UtcSeconds moment) {
    return moment == 0 ? "-" : to_rfc3339(moment);
}
Json moment_json(UtcSeconds moment) {
    return moment == 0 ? Json() : Json(to_rfc3339(moment));
}

/// Where it goes; the URI where that is no address.
const std::string& destination(const store::Delivery& delivery) {
    return delivery.address.empty() ? delivery.uri : delivery.address;
}

Json document_json(const store::Document& document) {
    return {{"report_id", document.report_id}, {"kind", std::string(store::to_string(document.kind))},
            {"day", document.day.to_string()}, {"policy_domain", document.policy_domain},
            {"edition", document.edition},     {"part", document.part},
            {"parts", document.parts},         {"schema", document.schema},
            {"filename", document.filename},   {"messages", document.messages},
            {"rows", document.rows},           {"made_at", moment_json(document.made_at)}};
}

Json delivery_json(const store::Delivery& delivery) {
    return {{"delivery", delivery.id},
            {"uri", delivery.uri},
            {"address", delivery.address},
            {"max_octets", delivery.max_octets ? Json(*delivery.max_octets) : Json()},
            {"state", std::string(store::to_string(delivery.state))},
            {"attempts", delivery.attempts},
            {"first_try_at", moment_json(delivery.first_try_at)},
            {"next_at", moment_json(delivery.next_at)},
            {"changed_at", moment_json(delivery.changed_at)},
            {"answer", delivery.answer}};
}

std::string part_text(const store::Document& document) {
    return std::to_string(document.part) + " of " + std::to_string(document.parts);
}

std::string document_text(const store::Document& document) {
    std::vector<TextRow> rows{{"report id", document.report_id},
                              {"kind", std::string(store::to_string(document.kind))},
                              {"domain", document.policy_domain},
                              {"day", document.day.to_string()},
                              {"edition", std::to_string(document.edition)},
                              {"made", moment_text(document.made_at)}};
    if (!document.schema.empty()) rows.push_back({"schema", document.schema});
    if (!document.filename.empty()) rows.push_back({"file", document.filename});
    if (document.parts > 1) rows.push_back({"part", part_text(document)});
    if (document.kind == store::DocumentKind::aggregate) {
        rows.push_back({"messages", std::to_string(document.messages)});
        rows.push_back({"rows", std::to_string(document.rows)});
    }
    return text_table(rows);
}

std::string delivery_text(const DeliveryStory& story) {
    const auto& delivery = story.delivery;
    std::vector<TextRow> rows{{"to", destination(delivery)},
                              {"uri", delivery.uri},
                              {"state", std::string(store::to_string(delivery.state))},
                              {"attempts", std::to_string(delivery.attempts)}};
    if (delivery.max_octets) rows.push_back({"size limit", std::to_string(*delivery.max_octets)});
    if (!store::at_its_end(delivery.state)) rows.push_back({"next", moment_text(delivery.next_at)});
    if (!delivery.answer.empty()) rows.push_back({"answer", delivery.answer});
    std::vector<TextRow> steps;
    for (const auto& step : story.steps) {
        steps.push_back({"  " + to_rfc3339(step.at), std::string(store::to_string(step.state)), step.answer});
    }
    return "\nDelivery " + std::to_string(delivery.id) + "\n" + text_table(rows) +
           (steps.empty() ? "" : "  history\n" + text_table(steps));
}

}  // namespace

std::string deliveries_text(const std::vector<store::DeliveryListing>& listings) {
    std::vector<TextRow> rows{
        {"DELIVERY", "DAY", "DOMAIN", "MESSAGES", "TO", "STATE", "TRIES", "CHANGED", "REPORT-ID", "ANSWER"}};
    for (const auto& [delivery, document] : listings) {
        rows.push_back({std::to_string(delivery.id), document.day.to_string(), document.policy_domain,
                        std::to_string(document.messages), destination(delivery),
                        std::string(store::to_string(delivery.state)), std::to_string(delivery.attempts),
                        moment_text(delivery.changed_at), document.report_id, delivery.answer});
    }
    return text_table(rows);
}

Json deliveries_json(const std::vector<store::DeliveryListing>& listings) {
    Json all = Json::array();
    for (const auto& [delivery, document] : listings) {
        Json one = document_json(document);
        one.update(delivery_json(delivery));
        all.push_back(std::move(one));
    }
    return all;
}

std::string story_text(const store::Document& document, const std::vector<DeliveryStory>& deliveries) {
    std::string text = document_text(document);
    for (const auto& story : deliveries) text += delivery_text(story);
    return text;
}

Json story_json(const store::Document& document, const std::vector<DeliveryStory>& deliveries) {
    Json all = Json::array();
    for (const auto& story : deliveries) {
        Json one = delivery_json(story.delivery);
        one["history"] = Json::array();
        for (const auto& step : story.steps) {
            one["history"].push_back({{"at", to_rfc3339(step.at)},
                                      {"state", std::string(store::to_string(step.state))},
                                      {"answer", step.answer}});
        }
        all.push_back(std::move(one));
    }
    Json out = document_json(document);
    out["deliveries"] = std::move(all);
    return out;
}

std::string suppressions_text(const std::vector<store::Suppression>& suppressions) {
    std::vector<TextRow> rows{{"DESTINATION", "UNTIL", "STRIKES", "REASON"}};
    for (const auto& suppression : suppressions) {
        rows.push_back({suppression.destination, to_rfc3339(suppression.until),
                        std::to_string(suppression.strikes), suppression.reason});
    }
    return text_table(rows);
}

Json suppressions_json(const std::vector<store::Suppression>& suppressions) {
    Json all = Json::array();
    for (const auto& suppression : suppressions) {
        all.push_back({{"destination", suppression.destination},
                       {"until", to_rfc3339(suppression.until)},
                       {"strikes", suppression.strikes},
                       {"reason", suppression.reason}});
    }
    return all;
}

}  // namespace defender::ctl
