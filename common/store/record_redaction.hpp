/// Record redaction: what a stored record says of people.
///
/// With store.addresses = "domain" (the default) a record keeps of every address only "@domain": the envelope
/// sender, the authors, the local part of a signature's i=, what ARC sets say, and whatever free text quotes.
/// A sender without a domain becomes "@", so that it is not taken for the null sender. Doing it twice changes
/// nothing. Thread-safety: a pure function.
#pragma once

#include <string>
#include <string_view>

#include "common/config/settings.hpp"
#include "common/store/record.hpp"

namespace defender::store {

[[nodiscard]] Record redact(Record record, config::StoredAddresses addresses);

/// Text in which every "local@domain" has become "@domain".
[[nodiscard]] std::string without_local_parts(std::string_view text);

}  // namespace defender::store
