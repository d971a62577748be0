/// Result<T>: a value, or why there is none.
///
/// For things that outside input can make fail (parsing, opening, asking). Verdicts of the standards
/// (temperror, permerror, none) are values of enums, not errors. Exceptions are for bugs and for start-up.
/// Thread-safety: a value type, as safe as T.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace defender {

/// What an error lies with, for those who do something about it.
enum class ErrorKind : unsigned char {
    other,     ///< what was asked for, or not known
    busy,      ///< others keep what is needed
    unusable,  ///< what is needed is full, damaged or gone
    away,      ///< what is needed cannot be reached
};

/// Why something failed: one sentence for a log or a terminal, without a trailing full stop.
struct Error {
    std::string message;
    ErrorKind kind = ErrorKind::other;
    bool operator==(const Error&) const = default;
};

/// Either a T or an Error. value() on an error (or error() on a value) is a bug and throws
/// std::bad_variant_access.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

  private:
    std::variant<T, Error> state_;
};

/// Done, or why not.
struct Done {};
using Status = Result<Done>;

}  // namespace defender
