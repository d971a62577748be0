#include "common/store/json_fields.hpp"

namespace defender::store {

std::string json_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JsonFields::JsonFields(JsonValue object, std::string_view place, const JsonFields* within,
                       std::optional<Error>& error)
    : object_(object), place_(place), within_(within), error_(error) {
    if (object_.kind() != JsonKind::object && !error_) error_ = Error{this->place() + " is not an object"};
}

void JsonFields::text(std::string_view name, std::string& out) const {
    const auto value = find(name);
    if (!is_there(value)) return;
    if (value.kind() != JsonKind::text) return wrong(name, "a string");
    out = value.text();
}

void JsonFields::texts(std::string_view name, std::vector<std::string>& out) const {
    const auto value = find(name);
    if (!is_there(value)) return;
    if (value.kind() != JsonKind::array) return wrong(name, "an array of strings");
    out.clear();
    value.for_each([&](JsonValue item) {
        if (item.kind() != JsonKind::text) return wrong(name, "an array of strings");
        out.emplace_back(item.text());
    });
}

void JsonFields::flag(std::string_view name, bool& out) const {
    const auto value = find(name);
    if (!is_there(value)) return;
    if (value.kind() != JsonKind::boolean) return wrong(name, "true or false");
    out = value.flag();
}

void JsonFields::address(std::string_view name, IpAddress& out) const {
    const auto value = find(name);
    if (!is_there(value)) return;
    const auto parsed = value.kind() == JsonKind::text ? IpAddress::parse(value.text()) : std::nullopt;
    if (!parsed) return wrong(name, "an IP address");
    out = *parsed;
}

void JsonFields::wrong(std::string_view name, std::string_view expected) const {
    if (!error_) error_ = Error{place() + "." + std::string(name) + " is not " + std::string(expected)};
}

std::string JsonFields::place() const {
    return within_ ? within_->place() + "." + std::string(place_) : std::string(place_);
}

}  // namespace defender::store
