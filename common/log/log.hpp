/// Log lines with an id and key=value fields, to stderr or the journal.
///
/// One form: `MESSAGE_JUDGED queue_id=4F2 ip=192.0.2.1 …`. Values that hold blanks, quotes, '=' or octets
/// outside space..tilde are quoted and escaped, so that nothing from outside can forge a field or a line;
/// long ones are cut. The ids and what they mean stand in log_ids.cpp; a test compares them with the manual.
/// Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace defender::log {

enum class Level { debug, info, warning, error };
enum class Target { stderr_, journald };

/// Sets where lines go and from which level on; callable again on reload. Before it: stderr, info.
void configure(Level level, Target target);

struct Field {
    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, bool v) : key(k), value(v ? "yes" : "no") {}
    template <typename Number>
    requires std::is_arithmetic_v<Number> Field(std::string_view k, Number v)
        : key(k), value(std::to_string(v)) {}
    std::string key;
    std::string value;
};
using Fields = std::vector<Field>;

/// Octets of a value that a line keeps; "..." marks the cut. A line of the journal has an end, a sender's
/// text may not.
inline constexpr std::size_t max_value_octets = 1000;

/// The one encoder of a line.
[[nodiscard]] std::string format_line(std::string_view id, const Fields& fields);

void write(Level level, std::string_view id, const Fields& fields);
inline void debug(std::string_view id, const Fields& fields = {}) {
    write(Level::debug, id, fields);
}
inline void info(std::string_view id, const Fields& fields = {}) {
    write(Level::info, id, fields);
}
inline void warning(std::string_view id, const Fields& fields = {}) {
    write(Level::warning, id, fields);
}
inline void error(std::string_view id, const Fields& fields = {}) {
    write(Level::error, id, fields);
}

}  // namespace defender::log
