/// xml_text: any octets as text that an XML document may hold.
///
/// Source: XML 1.0 section 2.2 (Char). What is not UTF-8, and what is no character of XML, becomes U+FFFD, so
/// that a value is never shortened unseen; so does a carriage return, which a reader of XML would turn into a
/// line feed. Metacharacters are not escaped here; the writer does that. Thread-safety: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace defender::report {

[[nodiscard]] std::string xml_text(std::string_view octets);

}  // namespace defender::report
