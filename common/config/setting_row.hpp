/// SettingRow: one setting as the table describes it, whatever its type.
///
/// A row knows the setting's name, default, what values it takes, its manual and how to put a value into its
/// struct and take it out again. Everything else (reader, shipped file, manual page, comparison on reload) is
/// driven by rows and knows no single setting. Thread-safety: rows are immutable once made; their functions
/// are pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/result.hpp"

namespace defender::config {

/// A value as TOML can give it: true or false, a whole number, text, a list of texts.
using Value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// What is wrong with a value. `what` continues a sentence that begins with the setting's key.
struct Problem {
    std::string what;
    std::string mend;
    std::optional<std::size_t> item;  ///< which item of a list
};
using Problems = std::vector<Problem>;

struct TakesSwitch {};
struct TakesNumber {
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::string unit;  ///< plural, "seconds"
};
struct TakesWord {
    std::vector<std::string> words;
};
struct TakesText {
    std::string shape;  ///< "unix:PATH, inet:PORT@HOST or inet6:PORT@HOST"
};
struct TakesList {
    std::string shape;  ///< of one item
};
using Takes = std::variant<TakesSwitch, TakesNumber, TakesWord, TakesText, TakesList>;

/// When a changed setting takes effect.
enum class Change { on_reload, on_restart };

/// The part of a row that is the same for settings of every type.
struct SettingInfo {
    std::string_view name;  ///< within its table: "socket"
    Change change{};
    std::string_view manual;  ///< plain English, no markup; paragraphs are parted by an empty line
};

template <typename Target>
struct SettingRow {
    SettingInfo info;
    Takes takes;
    std::optional<Value> fallback;  ///< the default; nothing: the setting must be given
    std::function<Problems(Target&, const Value&)> set;
    std::function<Value(const Target&)> get;
};

/// How text and a T become each other. `parse` gives the reason as the error.
template <typename T>
struct TextCodec {
    std::string_view shape;
    std::string_view mend;
    Result<T> (*parse)(std::string_view);
    std::string (*show)(const T&);
};

/// Where a setting lives: a member of a part of the whole, or a member of the whole.
template <typename Whole, typename Part, typename Member>
struct PartAccess {
    using Target = Whole;
    using Type = Member;
    Part Whole::*part;
    Member Part::*member;
    Member& operator()(Whole& whole) const { return whole.*part.*member; }
    const Member& operator()(const Whole& whole) const { return whole.*part.*member; }
};
template <typename Whole, typename Member>
struct DirectAccess {
    using Target = Whole;
    using Type = Member;
    Member Whole::*member;
    Member& operator()(Whole& whole) const { return whole.*member; }
    const Member& operator()(const Whole& whole) const { return whole.*member; }
};

/// A member of the last entry of a list in a part of the whole, which has an entry.
template <typename Whole, typename Part, typename Entry, typename Member>
struct EntryAccess {
    using Target = Whole;
    using Type = Member;
    std::vector<Entry> Part::*list;
    Part Whole::*part;
    Member Entry::*member;
    Member& operator()(Whole& whole) const { return (whole.*part.*list).back().*member; }
    const Member& operator()(const Whole& whole) const { return (whole.*part.*list).back().*member; }
};

template <typename Whole, typename Part, typename Member>
constexpr PartAccess<Whole, Part, Member> at(Part Whole::*part, Member Part::*member) {
    return {part, member};
}
template <typename Whole, typename Member>
constexpr DirectAccess<Whole, Member> at(Member Whole::*member) {
    return {member};
}
template <typename Whole, typename Part, typename Entry, typename Member>
constexpr EntryAccess<Whole, Part, Entry, Member> at_last(Part Whole::*part, std::vector<Entry> Part::*list,
                                                          Member Entry::*member) {
    return {list, part, member};
}

/// "a", "a or b", "a, b or c".
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);
/// `is "VALUE"`, with outside text made printable and short.
[[nodiscard]] std::string is_quoted(std::string_view value);
/// What a setting takes, in words: "a whole number from 1 to 300 (seconds)".
[[nodiscard]] std::string describe(const Takes& takes);
/// The value as TOML.
[[nodiscard]] std::string to_toml(const Value& value);
[[nodiscard]] Problems check_range(std::int64_t value, const TakesNumber& range);

namespace detail {

template <typename Number>
struct NumberForm {
    static Number from(std::int64_t n) { return static_cast<Number>(n); }
    static std::int64_t to(Number n) { return static_cast<std::int64_t>(n); }
};
template <typename Rep, typename Period>
struct NumberForm<std::chrono::duration<Rep, Period>> {
    using Duration = std::chrono::duration<Rep, Period>;
    static Duration from(std::int64_t n) { return Duration(n); }
    static std::int64_t to(Duration d) { return static_cast<std::int64_t>(d.count()); }
};

}  // namespace detail

/// Made in place: GCC 12 warns, wrongly, of uninitialized members where it sees a Value of a plain type
/// moved.
template <typename T>
std::optional<Value> fallback_of(T fallback) {
    return std::optional<Value>(std::in_place, std::move(fallback));
}

template <typename Access>
SettingRow<typename Access::Target> switch_row(SettingInfo info, Access access, bool fallback) {
    using Target = typename Access::Target;
    return {info, TakesSwitch{}, fallback_of(fallback),
            [access](Target& target, const Value& value) {
                access(target) = std::get<bool>(value);
                return Problems{};
            },
            [access](const Target& target) { return Value(access(target)); }};
}

/// For whole numbers and durations.
template <typename Access>
SettingRow<typename Access::Target> number_row(SettingInfo info, Access access, TakesNumber range,
                                               std::int64_t fallback) {
    using Target = typename Access::Target;
    using Form = detail::NumberForm<typename Access::Type>;
    return {info, range, fallback_of(fallback),
            [access, range](Target& target, const Value& value) {
                const auto number = std::get<std::int64_t>(value);
                Problems problems = check_range(number, range);
                if (problems.empty()) access(target) = Form::from(number);
                return problems;
            },
            [access](const Target& target) { return Value(Form::to(access(target))); }};
}

template <typename Enum>
using Words = std::vector<std::pair<std::string, Enum>>;

/// For enums; without `fallback` the setting must be given.
template <typename Access>
SettingRow<typename Access::Target> word_row(SettingInfo info, Access access,
                                             const Words<typename Access::Type>& words,
                                             const std::optional<std::string>& fallback) {
    using Target = typename Access::Target;
    TakesWord takes;
    for (const auto& [word, meaning] : words) takes.words.push_back(word);
    return {
        info, takes, fallback ? fallback_of(*fallback) : std::nullopt,
        [access, words, takes](Target& target, const Value& value) {
            const auto& given = std::get<std::string>(value);
            for (const auto& [word, meaning] : words) {
                if (word != given) continue;
                access(target) = meaning;
                return Problems{};
            }
            return Problems{{is_quoted(given) + ", a word unknown here", "write " + one_of(takes.words), {}}};
        },
        [access, words](const Target& target) {
            for (const auto& [word, meaning] : words) {
                if (meaning == access(target)) return Value(word);
            }
            return Value(std::string());
        }};
}

/// Without `fallback` the setting must be given.
template <typename Access>
SettingRow<typename Access::Target> text_row(SettingInfo info, Access access,
                                             TextCodec<typename Access::Type> codec,
                                             std::optional<std::string> fallback) {
    using Target = typename Access::Target;
    return {info, TakesText{std::string(codec.shape)},
            fallback ? fallback_of(std::move(*fallback)) : std::nullopt,
            [access, codec](Target& target, const Value& value) {
                const auto& given = std::get<std::string>(value);
                auto parsed = codec.parse(given);
                if (!parsed) {
                    return Problems{
                        {is_quoted(given) + ", " + parsed.error().message, std::string(codec.mend), {}}};
                }
                access(target) = std::move(parsed.value());
                return Problems{};
            },
            [access, codec](const Target& target) { return Value(codec.show(access(target))); }};
}

/// For vectors; every bad item is a problem of its own.
template <typename Access, typename Item = typename Access::Type::value_type>
SettingRow<typename Access::Target> list_row(SettingInfo info, Access access, TextCodec<Item> codec,
                                             std::vector<std::string> fallback) {
    using Target = typename Access::Target;
    return {
        info, TakesList{std::string(codec.shape)}, fallback_of(std::move(fallback)),
        [access, codec](Target& target, const Value& value) {
            Problems problems;
            std::vector<Item> items;
            const auto& given = std::get<std::vector<std::string>>(value);
            for (std::size_t i = 0; i < given.size(); ++i) {
                auto parsed = codec.parse(given[i]);
                if (parsed) {
                    items.push_back(std::move(parsed.value()));
                    continue;
                }
                problems.push_back({"has an item that " + is_quoted(given[i]) + ", " + parsed.error().message,
                                    std::string(codec.mend), i});
            }
            if (problems.empty()) access(target) = std::move(items);
            return problems;
        },
        [access, codec](const Target& target) {
            std::vector<std::string> items;
            for (const Item& item : access(target)) items.push_back(codec.show(item));
            return Value(std::move(items));
        }};
}

}  // namespace defender::config
