#include "common/store/json_object.hpp"

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

/// Those that have to be written otherwise.
constexpr text::OctetSet escaped([](char c) { return !text::is_printable(c) || c == '"' || c == '\\'; });

bool stands_for_itself(std::string_view value) {
    bool any = false;
    for (const char c : value) any |= escaped.contains(c);
    return !any;
}

/// Puts all of it behind what `out` holds, growing it once.
template <typename... Pieces>
void append_all(std::string& out, Pieces... pieces) {
    auto at = out.size();
    out.resize(at + (pieces.size() + ...));
    ((at += pieces.copy(out.data() + at, pieces.size())), ...);
}

constexpr std::string_view quote = "\"";

void append_string(std::string& out, std::string_view value) {
    if (stands_for_itself(value)) {
        append_all(out, quote, value, quote);
    } else {
        out += json_text(Json(value));
    }
}

}  // namespace

JsonObject::JsonObject(std::string& out) : out_(out) {
    out_ += '{';
}

JsonObject::~JsonObject() {
    out_ += '}';
}

template <typename... Pieces>
void JsonObject::add_member(std::string_view name, Pieces... value) {
    append_all(out_, std::string_view(first_ ? "\"" : ",\""), name, std::string_view("\":"), value...);
    first_ = false;
}

void JsonObject::begin_member(std::string_view name) {
    add_member(name);
}

void JsonObject::text(std::string_view name, std::string_view value) {
    if (stands_for_itself(value)) {
        add_member(name, quote, value, quote);
    } else {
        add_member(name, std::string_view(json_text(Json(value))));
    }
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
