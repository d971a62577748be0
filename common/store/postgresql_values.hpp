/// SqlValues as libpq's parameters, and libpq's results as SqlRows.
///
/// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/sql_connection.hpp"

struct pg_result;

namespace defender::store {

/// Refers to the values, which must outlive it. Text goes with its length, so that the server sees, and
/// refuses, a NUL in it.
class PostgresqlParameters {
  public:
    explicit PostgresqlParameters(const SqlValues& values);
    PostgresqlParameters(const PostgresqlParameters&) = delete;
    PostgresqlParameters& operator=(const PostgresqlParameters&) = delete;
    ~PostgresqlParameters() = default;

    [[nodiscard]] int count() const noexcept { return static_cast<int>(values_.size()); }
    [[nodiscard]] const unsigned* types() const noexcept { return types_.data(); }
    [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }
    [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
    [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }

  private:
    void add(const SqlNull& null);
    void add(std::int64_t number);
    void add(const std::string& text);
    void add(const SqlOctets& octets);
    void add(const SqlTextView& text);
    void add(const SqlOctetsView& octets);
    void add(unsigned type, const char* value, std::size_t length, int format);

    std::deque<std::string> numbers_;  // a deque, as its elements stay where they are
    std::vector<unsigned> types_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

/// The one row of a result of libpq's single-row mode, in text format.
class PostgresqlRow final : public SqlRow {
  public:
    explicit PostgresqlRow(const pg_result& result) : result_(&result) {}
    [[nodiscard]] bool is_null(int column) const override;
    [[nodiscard]] std::int64_t number(int column) const override;
    [[nodiscard]] std::string_view view(int column) const override;
    [[nodiscard]] std::string octets(int column) const override;

  private:
    const pg_result* result_;
};

}  // namespace defender::store
