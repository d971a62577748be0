/// What a connection string of libpq's names, told without what it may hide.
///
/// Passwords stand in connection strings, and libpq's own messages about a string that is wrong repeat parts
/// of it; so a string is looked at here first. Thread-safety: pure functions.
#pragma once

#include <string>

#include "common/base/result.hpp"

namespace defender::store {

/// "PostgreSQL NAME at HOST", or why the string cannot be one, without any part of it.
[[nodiscard]] Result<std::string> postgresql_name(const std::string& connection_string);

}  // namespace defender::store
