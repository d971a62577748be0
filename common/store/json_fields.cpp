#include "common/store/json_fields.hpp"

namespace defender::store {

std::string json_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JsonFields::JsonFields(const Json& object, std::string place, std::optional<Error>& error)
    : object_(object), place_(std::move(place)), error_(error) {
    if (!object_.is_object() && !error_) error_ = Error{place_ + " is not an object"};
}

void JsonFields::text(std::string_view name, std::string& out) const {
    const Json* value = find(name);
    if (!value) return;
    if (!value->is_string()) return wrong(name, "a string");
    out = value->get_ref<const std::string&>();
}

void JsonFields::texts(std::string_view name, std::vector<std::string>& out) const {
    const Json* value = find(name);
    if (!value) return;
    if (!value->is_array()) return wrong(name, "an array of strings");
    out.clear();
    for (const Json& item : *value) {
        if (!item.is_string()) return wrong(name, "an array of strings");
        out.push_back(item.get_ref<const std::string&>());
    }
}

void JsonFields::flag(std::string_view name, bool& out) const {
    const Json* value = find(name);
    if (!value) return;
    if (!value->is_boolean()) return wrong(name, "true or false");
    out = value->get<bool>();
}

void JsonFields::address(std::string_view name, IpAddress& out) const {
    const Json* value = find(name);
    if (!value) return;
    const auto parsed =
        value->is_string() ? IpAddress::parse(value->get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return wrong(name, "an IP address");
    out = *parsed;
}

void JsonFields::wrong(std::string_view name, std::string_view expected) const {
    if (!error_) error_ = Error{place_of(name) + " is not " + std::string(expected)};
}

const Json* JsonFields::find(std::string_view name) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(std::string(name));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string JsonFields::place_of(std::string_view name) const {
    return place_ + "." + std::string(name);
}

}  // namespace defender::store
