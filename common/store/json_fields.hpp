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

namespace defender::store {

/// Members stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// Valid UTF-8 whatever the strings hold: octets that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const Json& value);

class JsonFields {
  public:
    /// `place` names the object in an error. The first error goes to `error` and stays.
    JsonFields(const Json& object, std::string place, std::optional<Error>& error);

    void text(std::string_view name, std::string& out) const;
    void texts(std::string_view name, std::vector<std::string>& out) const;
    void flag(std::string_view name, bool& out) const;
    void address(std::string_view name, IpAddress& out) const;

    template <std::integral Number>
    void number(std::string_view name, Number& out) const {
        const Json* value = find(name);
        if (!value) return;
        if (value->is_number_unsigned()) {
            const auto n = value->get<std::uint64_t>();
            if (std::in_range<Number>(n)) return void(out = static_cast<Number>(n));
        } else if (value->is_number_integer()) {
            const auto n = value->get<std::int64_t>();
            if (std::in_range<Number>(n)) return void(out = static_cast<Number>(n));
        }
        wrong(name, "an integer in range");
    }

    template <typename Value, typename Read>
    void optional(std::string_view name, std::optional<Value>& out, Read read) const {
        if (!find(name)) return;
        Value value{};
        read(*this, name, value);
        out = value;
    }

    template <typename Enum>
    void name(std::string_view member, Enum& out) const {
        const Json* value = find(member);
        if (!value) return;
        const auto known =
            value->is_string() ? from_name<Enum>(value->get_ref<const std::string&>()) : std::nullopt;
        if (!known) return wrong(member, "a known name");
        out = *known;
    }

    /// Calls `read` with the fields of the member, where there is one.
    template <typename Read>
    void object(std::string_view name, Read read) const {
        if (const Json* value = find(name)) read(JsonFields(*value, place_of(name), error_));
    }

    /// One element for each object of the array; `read(fields, element)` fills it.
    template <typename Element, typename Read>
    void array(std::string_view name, std::vector<Element>& out, Read read) const {
        const Json* value = find(name);
        if (!value) return;
        if (!value->is_array()) return wrong(name, "an array");
        out.clear();
        for (const Json& item : *value) {
            Element element;
            read(JsonFields(item, place_of(name), error_), element);
            out.push_back(std::move(element));
        }
    }

    void wrong(std::string_view name, std::string_view expected) const;

  private:
    [[nodiscard]] const Json* find(std::string_view name) const;
    [[nodiscard]] std::string place_of(std::string_view name) const;

    const Json& object_;
    std::string place_;
    std::optional<Error>& error_;
};

/// Parses a whole document, checks its version ("v" must be `version`) and lets `read(fields, value)` fill a
/// Value.
template <typename Value, typename Read>
[[nodiscard]] Result<Value> read_document(std::string_view text, std::string_view what, int version,
                                          Read read) {
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return Error{std::string(what) + " is not JSON"};
    std::optional<Error> error;
    const JsonFields fields(document, std::string(what), error);
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
