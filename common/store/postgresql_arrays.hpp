/// PostgresqlArray: many values as one parameter, for unnest().
///
/// Source: https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO. The statement casts the parameter to the
/// array's type: `unnest($1::bigint[], $2::text[], $3::bytea[])`. Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace defender::store {

class PostgresqlArray {
  public:
    void add(std::int64_t number);
    /// UTF-8 without NUL.
    void add(std::string_view text);
    void add_octets(std::string_view octets);
    /// The literal of all that was added; nothing stays.
    [[nodiscard]] std::string take();

  private:
    void next();

    std::string literal_;
};

}  // namespace defender::store
