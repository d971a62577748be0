/// Canonicalization: the forms of header fields and body that signatures are computed over.
///
/// Source: RFC 6376 section 3.4. A line ends with CRLF and with nothing else; a CR or LF that stands alone is
/// an octet like any other, so that text is never taken for what it is not. Blanks are space and tab. The
/// body may come in pieces of any size, cut anywhere, and is never held: only counts are. Thread-safety: pure
/// functions, and a plain value for one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "common/mail/header_field.hpp"

namespace defender::auth {

enum class Canonicalization { simple, relaxed };

/// RFC 6376 sections 3.4.1 and 3.4.2, without the CRLF at the end.
[[nodiscard]] std::string canonical_field(const mail::HeaderField& field, Canonicalization mode);

/// The value of a signature's own field with the value of its tag b= taken out, blanks around that value
/// included (RFC 6376 section 3.5, b=). Everything else stays as it is.
[[nodiscard]] std::string without_signature(std::string_view value);

/// RFC 6376 sections 3.4.3 and 3.4.4.
class BodyCanonicalizer {
  public:
    /// Takes the canonical octets in their order, in pieces of some kilobytes.
    using Sink = std::function<void(std::string_view)>;

    BodyCanonicalizer(Canonicalization mode, Sink sink) : mode_(mode), sink_(std::move(sink)) {}

    void add(std::span<const char> octets);
    /// Ends the last line where nothing has. Call once, at the end.
    void finish();

  private:
    [[nodiscard]] std::size_t add_clean(std::string_view octets);
    [[nodiscard]] std::size_t add_one(std::string_view octets);
    void add_run(std::string_view octets);
    void end_line();
    void open_line();
    void put(std::string_view octets);
    void flush();

    Canonicalization mode_;
    Sink sink_;
    std::string out_;
    std::uint64_t empty_lines_ = 0;  ///< that count only once a line with something on it follows
    bool pending_cr_ = false;
    bool blank_pending_ = false;  ///< blanks that count only once something follows on the line
    bool line_open_ = false;      ///< something of the current line has been put out
    bool anything_ = false;       ///< some line has been put out
};

}  // namespace defender::auth
