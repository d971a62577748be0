/// JsonObject: writes one JSON object straight into a text, member by member; what JsonFields reads.
///
/// The text is that of json_text(): valid UTF-8 whatever the strings hold. Records are written for every
/// message, so no tree of values is built for them. Names of members are the program's own: printable ASCII
/// without quotes and backslashes. Thread-safety: for one thread at a time.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace defender::store {

class JsonObject {
  public:
    /// The object goes behind what `out` holds, and is ended by the destructor.
    explicit JsonObject(std::string& out);
    ~JsonObject();
    JsonObject(const JsonObject&) = delete;
    JsonObject& operator=(const JsonObject&) = delete;

    void text(std::string_view name, std::string_view value);
    void texts(std::string_view name, const std::vector<std::string>& values);
    void flag(std::string_view name, bool value);
    template <std::integral Number>
    void number(std::string_view name, Number value) {
        begin_member(name);
        out_ += std::to_string(value);
    }
    /// The name of an enumerator.
    template <typename Enum>
    void name(std::string_view member, Enum value) {
        text(member, to_string(value));
    }
    /// `write(object)` fills it.
    template <typename Write>
    void object(std::string_view name, Write write) {
        begin_member(name);
        JsonObject inner(out_);
        write(inner);
    }
    /// An object for each value; `write(object, value)` fills it.
    template <typename Values, typename Write>
    void array(std::string_view name, const Values& values, Write write) {
        begin_member(name);
        write_array(out_, values, write);
    }

    /// An array that stands alone, as array() writes it.
    template <typename Values, typename Write>
    static void write_array(std::string& out, const Values& values, Write write) {
        out += '[';
        bool first = true;
        for (const auto& value : values) {
            if (!first) out += ',';
            first = false;
            JsonObject inner(out);
            write(inner, value);
        }
        out += ']';
    }

  private:
    void begin_member(std::string_view name);
    /// With the pieces of its value, at once.
    template <typename... Pieces>
    void add_member(std::string_view name, Pieces... value);

    std::string& out_;
    bool first_ = true;
};

/// The text of one object that stands alone; `write(object)` fills it. Room for `usual_octets` is made at
/// once.
template <typename Write>
[[nodiscard]] std::string json_object(Write write, std::size_t usual_octets = 0) {
    std::string out;
    out.reserve(usual_octets);
    {
        JsonObject to(out);
        write(to);
    }
    return out;
}

}  // namespace defender::store
