/// redact_addresses: text in which the local part of every address is replaced by a token.
///
/// Equal local parts give equal tokens under one key, whatever their case, so that reports can be compared
/// without telling who they are about; without the key nobody finds the local part from the token by trying.
/// The domain stays. Source: RFC 6590 section 3. An address is what stands around an "@" or a "%40", in
/// dot-atom or quoted form, where a domain follows; addresses inside encoded words or encoded bodies are not
/// seen. Time is linear in the text. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace defender::report {

/// `key`: secret, random, kept over the time for which reports shall be comparable.
[[nodiscard]] std::string redact_addresses(std::string_view text, std::string_view key);
/// A message's header, redacted but for the fields whose "@" is not an address's: those that hold message
/// identifiers, which the domain's owner looks the message up by.
[[nodiscard]] std::string redact_header(std::string_view header, std::string_view key);

}  // namespace defender::report
