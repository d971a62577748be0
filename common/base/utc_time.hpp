/// UtcSeconds, UtcDay: moments and days, always UTC, never by locale or time zone.
///
/// A moment is whole seconds since 1970-01-01T00:00:00Z. A day is half-open: [begin, begin + 86400).
/// Thread-safety: plain values and pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace defender {

using UtcSeconds = std::int64_t;

/// "2026-05-01T12:00:00Z" (RFC 3339, UTC).
[[nodiscard]] std::string to_rfc3339(UtcSeconds moment);
/// RFC 3339 with "Z" or a numeric offset; fractions of a second are dropped.
[[nodiscard]] std::optional<UtcSeconds> parse_rfc3339(std::string_view text);

/// A UTC day, counted from 1970-01-01.
struct UtcDay {
    std::int64_t number = 0;

    [[nodiscard]] static UtcDay of(UtcSeconds moment) noexcept;
    [[nodiscard]] UtcSeconds begin() const noexcept { return number * 86400; }
    /// The first moment of the next day.
    [[nodiscard]] UtcSeconds end() const noexcept { return (number + 1) * 86400; }
    /// "2026-05-01".
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const UtcDay&) const = default;
};

}  // namespace defender
