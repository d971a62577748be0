/// The pieces that our own mail is written from: header fields, body parts, dates.
///
/// The one encoder of mail. Whatever a value holds, it makes no other field and no line that is too long: in
/// a header, CR, LF and other controls become blanks or encoded words. Lines end with CRLF. Source: RFC 5322
/// sections 2.1.1, 2.2.3 and 3.3; RFC 2045; RFC 2046 section 5.1; RFC 2047. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/utc_time.hpp"

namespace defender::report {

/// "Fri, 01 May 2026 12:00:00 +0000".
[[nodiscard]] std::string rfc5322_date(UtcSeconds moment);

/// "Name: words" and CRLF, folded before a word that does not fit into 78 columns. Words are taken as they
/// are, but for octets that no header may hold, which become "?".
[[nodiscard]] std::string header_field(std::string_view name, const std::vector<std::string>& words);
/// Free text in a field: its words; encoded words where it is not printable ASCII (RFC 2047).
[[nodiscard]] std::vector<std::string> unstructured_words(std::string_view text);
/// `display_name <address>`: the name as atoms, as a quoted string or as encoded words; no name where it is
/// empty. Nothing where the address is none that could stand in a header.
[[nodiscard]] std::vector<std::string> mailbox_words(std::string_view display_name, std::string_view address);

/// Lines of any octets as they may stand in a body: as they are where they are ASCII of at most 998 columns,
/// else quoted-printable. Lines of `octets` end with LF or CRLF, those of the result with CRLF.
struct EncodedLines {
    std::string_view encoding;  ///< for Content-Transfer-Encoding
    std::string text;
};
[[nodiscard]] EncodedLines encode_lines(std::string_view octets);
/// Base64 in lines of 76 columns.
[[nodiscard]] std::string base64_lines(std::string_view octets);
/// A text/plain part in UTF-8, with its own header.
[[nodiscard]] std::string text_part(std::string_view text);

/// The parts of a multipart body, between delimiters that occur in none of them, made from the letters and
/// digits of `seed`.
struct Multipart {
    std::string boundary;
    std::string body;
};
[[nodiscard]] Multipart join_parts(std::string_view seed, const std::vector<std::string>& parts);

}  // namespace defender::report
