#include "common/store/json_object.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

bool stands_for_itself(char c) {
    return text::is_printable(c) && c != '"' && c != '\\';
}

void append_string(std::string& out, std::string_view value) {
    if (!std::all_of(value.begin(), value.end(), stands_for_itself)) {
        out += json_text(Json(value));
        return;
    }
    out += '"';
    out += value;
    out += '"';
}

}  // namespace

JsonObject::JsonObject(std::string& out) : out_(out) {
    out_ += '{';
}

JsonObject::~JsonObject() {
    out_ += '}';
}

void JsonObject::begin_member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_string(out_, name);
    out_ += ':';
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
