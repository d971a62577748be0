#include "common/store/postgresql_values.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <memory>

namespace defender::store {
namespace {

// Object ids of PostgreSQL's types (src/include/catalog/pg_type.dat), which never change.
constexpr unsigned unknown_type = 0;
constexpr unsigned bool_type = 16;
constexpr unsigned bytea_type = 17;
constexpr unsigned int8_type = 20;
constexpr unsigned text_type = 25;

constexpr int text_format = 0;
constexpr int binary_format = 1;

std::string_view field(const pg_result& result, int column) {
    return {PQgetvalue(&result, 0, column), static_cast<std::size_t>(PQgetlength(&result, 0, column))};
}

}  // namespace

PostgresqlParameters::PostgresqlParameters(const SqlValues& values) {
    for (const auto& value : values) {
        std::visit([this](const auto& kind) { add(kind); }, value);
    }
}

void PostgresqlParameters::add(const SqlNull& /*null*/) {
    add(unknown_type, nullptr, 0, text_format);
}

void PostgresqlParameters::add(std::int64_t number) {
    numbers_.push_back(std::to_string(number));
    add(int8_type, numbers_.back().c_str(), 0, text_format);
}

void PostgresqlParameters::add(const std::string& text) {
    add(SqlTextView{text});
}

void PostgresqlParameters::add(const SqlOctets& octets) {
    add(SqlOctetsView{octets.octets});
}

void PostgresqlParameters::add(const SqlTextView& text) {
    add(text_type, text.text.data(), text.text.size(), binary_format);
}

void PostgresqlParameters::add(const SqlOctetsView& octets) {
    add(bytea_type, octets.octets.data(), octets.octets.size(), binary_format);
}

void PostgresqlParameters::add(unsigned type, const char* value, std::size_t length, int format) {
    types_.push_back(type);
    values_.push_back(value);
    lengths_.push_back(static_cast<int>(length));
    formats_.push_back(format);
}

bool PostgresqlRow::is_null(int column) const {
    return PQgetisnull(result_, 0, column) != 0;
}

std::int64_t PostgresqlRow::number(int column) const {
    const auto digits = field(*result_, column);
    if (PQftype(result_, column) == bool_type) return digits == "t" ? 1 : 0;
    std::int64_t number = 0;
    // A sum of whole numbers is numeric in PostgreSQL, written just as they are.
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

std::string_view PostgresqlRow::view(int column) const {
    return field(*result_, column);
}

std::string PostgresqlRow::octets(int column) const {
    if (PQftype(result_, column) != bytea_type || is_null(column)) return text(column);
    std::size_t length = 0;
    const auto* escaped = reinterpret_cast<const unsigned char*>(PQgetvalue(result_, 0, column));
    const std::unique_ptr<unsigned char, decltype(&PQfreemem)> plain(PQunescapeBytea(escaped, &length),
                                                                     PQfreemem);
    return {reinterpret_cast<const char*>(plain.get()), length};
}

}  // namespace defender::store
