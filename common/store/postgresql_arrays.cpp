#include "common/store/postgresql_arrays.hpp"

#include <utility>

namespace defender::store {

void PostgresqlArray::next() {
    literal_ += literal_.empty() ? '{' : ',';
}

void PostgresqlArray::add(std::int64_t number) {
    next();
    literal_ += std::to_string(number);
}

void PostgresqlArray::add(std::string_view text) {
    next();
    literal_ += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') literal_ += '\\';
        literal_ += c;
    }
    literal_ += '"';
}

void PostgresqlArray::add_octets(std::string_view octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    next();
    literal_ += "\"\\\\x";
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        literal_ += digits[octet >> 4U];
        literal_ += digits[octet & 15U];
    }
    literal_ += '"';
}

std::string PostgresqlArray::take() {
    if (literal_.empty()) literal_ = '{';
    literal_ += '}';
    return std::exchange(literal_, {});
}

}  // namespace defender::store
