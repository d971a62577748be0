// Evidence and judgement from the store: any octets may stand there; what is read must be written and read
// back alike.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/config/settings.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "common/store/record_redaction.hpp"
#include "common/store/record_row.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

/// The record goes through its columns and comes back the same; redacted twice it is as redacted once.
void check_record(const store::Record& record) {
    const auto row = store::to_row(record);
    const auto back = store::from_row(row);
    require(back.has_value());
    const auto again = store::to_row(*back);
    require(again.evidence == row.evidence && again.judgement == row.judgement);
    require(again.auth_results == row.auth_results && again.domains.size() == row.domains.size());
    const auto once = store::redact(record, config::StoredAddresses::domain);
    const auto twice = store::redact(once, config::StoredAddresses::domain);
    require(store::to_row(once).evidence == store::to_row(twice).evidence);
    require(store::to_row(once).judgement == store::to_row(twice).judgement);
}

/// The tree says what nlohmann's own values say.
void check_alike(store::JsonValue ours, const store::Json& theirs) {
    using store::JsonKind;
    switch (ours.kind()) {
        case JsonKind::nothing:
            return require(theirs.is_discarded());
        case JsonKind::null:
            return require(theirs.is_null());
        case JsonKind::boolean:
            return require(theirs.is_boolean() && theirs.get<bool>() == ours.flag());
        case JsonKind::negative:
            return require(theirs.is_number_integer() && theirs.get<std::int64_t>() == ours.negative());
        case JsonKind::natural:
            return require(theirs.is_number_unsigned() && theirs.get<std::uint64_t>() == ours.natural());
        case JsonKind::fraction:
            return require(theirs.is_number_float());
        case JsonKind::text:
            return require(theirs.is_string() && theirs.get_ref<const std::string&>() == ours.text());
        case JsonKind::array: {
            require(theirs.is_array());
            auto next = theirs.begin();
            ours.for_each([&](store::JsonValue item) {
                require(next != theirs.end());
                check_alike(item, *next++);
            });
            return require(next == theirs.end());
        }
        case JsonKind::object:
            require(theirs.is_object());
            for (const auto& [name, value] : theirs.items()) check_alike(ours.member(name), value);
    }
}

/// As deep as the stack is sure to be.
bool is_flat(std::string_view text) {
    constexpr auto deepest = 1000;
    return std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) < deepest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (is_flat(text)) check_alike(store::JsonTree(text).root(), store::Json::parse(text, nullptr, false));
    store::Record record;
    if (auto evidence = store::evidence_from_json(text)) record.evidence = std::move(evidence).value();
    if (auto judgement = store::judgement_from_json(text)) record.judgement = std::move(judgement).value();
    record.reply = text;
    record.evidence.client.helo = text;
    record.judgement.trace.push_back({"", std::string(text)});
    check_record(record);
    const auto column = store::column_text(text);
    require(column.find('\0') == std::string::npos && store::column_text(column) == column);
    return 0;
}
