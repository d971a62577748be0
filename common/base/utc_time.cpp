#include "common/base/utc_time.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include "common/base/text.hpp"

namespace defender {
namespace {

constexpr std::int64_t seconds_per_day = 86400;

std::optional<int> digits(std::string_view s, std::size_t at, std::size_t count) {
    if (at + count > s.size()) return std::nullopt;
    const auto value = text::parse_unsigned(s.substr(at, count));
    if (!value) return std::nullopt;
    return static_cast<int>(*value);
}

/// Seconds east of UTC for "Z" or "+hh:mm".
std::optional<std::int64_t> offset_of(std::string_view s) {
    if (s == "Z" || s == "z") return 0;
    if (s.size() != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':') return std::nullopt;
    const auto hours = digits(s, 1, 2);
    const auto minutes = digits(s, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::int64_t seconds = *hours * 3600 + *minutes * 60;
    return s[0] == '+' ? seconds : -seconds;
}

}  // namespace

UtcDay UtcDay::of(UtcSeconds moment) noexcept {
    return {moment / seconds_per_day - (moment % seconds_per_day < 0 ? 1 : 0)};
}

std::string UtcDay::to_string() const {
    return to_rfc3339(begin()).substr(0, 10);
}

std::string to_rfc3339(UtcSeconds moment) {
    const auto day = UtcDay::of(moment);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day.number}}};
    const auto left = moment - day.begin();
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(left / 3600),
                  static_cast<int>(left / 60 % 60), static_cast<int>(left % 60));
    return buffer.data();
}

std::optional<UtcSeconds> parse_rfc3339(std::string_view s) {
    if (s.size() < 20 || s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') ||
        s[13] != ':' || s[16] != ':') {
        return std::nullopt;
    }
    const auto year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);
    const auto hour = digits(s, 11, 2), minute = digits(s, 14, 2), second = digits(s, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    s.remove_prefix(19);
    if (!s.empty() && s.front() == '.') {
        s.remove_prefix(1);
        if (s.empty() || !text::is_digit(s.front())) return std::nullopt;
        while (!s.empty() && text::is_digit(s.front())) s.remove_prefix(1);
    }
    const auto offset = offset_of(s);
    if (!offset) return std::nullopt;
    const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
    return days * seconds_per_day + *hour * 3600 + *minute * 60 + *second - *offset;
}

}  // namespace defender
