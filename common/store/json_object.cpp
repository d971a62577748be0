#include "common/store/json_object.hpp"

#include <array>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

/// Whether an octet has to be written otherwise, by its value.
constexpr auto escaped = [] {
    std::array<bool, 256> octets{};
    for (std::size_t value = 0; value < octets.size(); ++value) {
        const auto c = static_cast<char>(value);
        octets[value] = !text::is_printable(c) || c == '"' || c == '\\';
    }
    return octets;
}();

bool stands_for_itself(std::string_view value) {
    bool any = false;
    for (const char c : value) any |= escaped[static_cast<unsigned char>(c)];
    return !any;
}

void append_string(std::string& out, std::string_view value) {
    if (!stands_for_itself(value)) {
        out += json_text(Json(value));
        return;
    }
    out.append(1, '"').append(value).append(1, '"');
}

}  // namespace

JsonObject::JsonObject(std::string& out) : out_(out) {
    out_ += '{';
}

JsonObject::~JsonObject() {
    out_ += '}';
}

void JsonObject::begin_member(std::string_view name) {
    out_.append(first_ ? "\"" : ",\"").append(name).append("\":");
    first_ = false;
}

void JsonObject::text(std::string_view name, std::string_view value) {
    begin_member(name);
    append_string(out_, value);
}

void JsonObject::texts(std::string_view name, const std::vector<std::string>& values) {
    begin_member(name);
    out_ += '[';
    for (std::size_t at = 0; at < values.size(); ++at) {
        if (at > 0) out_ += ',';
        append_string(out_, values[at]);
    }
    out_ += ']';
}

void JsonObject::flag(std::string_view name, bool value) {
    begin_member(name);
    out_ += value ? "true" : "false";
}

}  // namespace defender::store
