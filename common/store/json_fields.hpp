/// JsonFields: reading members of a JSON object into plain values, with the first thing wrong kept as an
/// Error.
///
/// A member that is missing or null leaves the value as it was, and members nobody asks for are ignored, so
/// that an older and a newer program can read each other's records. A member of the wrong type or out of
/// range is an error: a record is never understood by guessing. Numbers are integers; a fraction is an error.
/// Thread-safety: plain functions on values.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/store/enum_names.hpp"
#include "common/store/json_tree.hpp"

namespace defender::store {

/// Members stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// Valid UTF-8 whatever the strings hold: octets that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const Json& value);

class JsonFields {
  public:
    /// `place` names the object in an error. The first error goes to `error` and stays.
    JsonFields(JsonValue object, std::string_view place, std::optional<Error>& error)
        : JsonFields(object, place, nullptr, error) {}

    void text(std::string_view name, std::string& out) const;
    void texts(std::string_view name, std::vector<std::string>& out) const;
    void flag(std::string_view name, bool& out) const;
    void address(std::string_view name, IpAddress& out) const;

    template <std::integral Number>
    void number(std::string_view name, Number& out) const {
        const auto value = find(name);
        if (!is_there(value)) return;
        if (value.kind() == JsonKind::natural && std::in_range<Number>(value.natural())) {
            out = static_cast<Number>(value.natural());
        } else if (value.kind() == JsonKind::negative && std::in_range<Number>(value.negative())) {
            out = static_cast<Number>(value.negative());
        } else {
            wrong(name, "an integer in range");
        }
    }

    template <typename Value, typename Read>
    void optional(std::string_view name, std::optional<Value>& out, Read read) const {
        if (!is_there(find(name))) return;
        Value value{};
        read(*this, name, value);
        out = value;
    }

    template <typename Enum>
    void name(std::string_view member, Enum& out) const {
        const auto value = find(member);
        if (!is_there(value)) return;
        const auto known = value.kind() == JsonKind::text ? from_name<Enum>(value.text()) : std::nullopt;
        if (!known) return wrong(member, "a known name");
        out = *known;
    }

    /// Calls `read` with the fields of the member, where there is one.
    template <typename Read>
    void object(std::string_view name, Read read) const {
        const auto value = find(name);
        if (is_there(value)) read(JsonFields(value, name, this, error_));
    }

    /// One element for each object of the array; `read(fields, element)` fills it.
    template <typename Element, typename Read>
    void array(std::string_view name, std::vector<Element>& out, Read read) const {
        const auto value = find(name);
        if (!is_there(value)) return;
        if (value.kind() != JsonKind::array) return wrong(name, "an array");
        out.clear();
        value.for_each(
            [&](JsonValue item) { read(JsonFields(item, name, this, error_), out.emplace_back()); });
    }

    void wrong(std::string_view name, std::string_view expected) const;

  private:
    JsonFields(JsonValue object, std::string_view place, const JsonFields* within,
               std::optional<Error>& error);

    [[nodiscard]] JsonValue find(std::string_view name) const { return object_.member(name); }
    [[nodiscard]] static bool is_there(JsonValue value) {
        return value.kind() != JsonKind::nothing && value.kind() != JsonKind::null;
    }
    [[nodiscard]] std::string place() const;

    JsonValue object_;
    std::string_view place_;    ///< in the object that it is in
    const JsonFields* within_;  ///< null for none
    std::optional<Error>& error_;
};

/// Parses a whole document, checks its version ("v" must be `version`) and lets `read(fields, value)` fill a
/// Value.
template <typename Value, typename Read>
[[nodiscard]] Result<Value> read_document(std::string_view text, std::string_view what, int version,
                                          Read read) {
    const JsonTree document(text);
    if (document.root().kind() == JsonKind::nothing) return Error{std::string(what) + " is not JSON"};
    std::optional<Error> error;
    const JsonFields fields(document.root(), what, error);
    int found = 0;
    fields.number("v", found);
    if (!error && found != version) {
        return Error{std::string(what) + " has version " + std::to_string(found) + ", this program reads " +
                     std::to_string(version)};
    }
    Value value;
    read(fields, value);
    if (error) return *error;
    return value;
}

}  // namespace defender::store
