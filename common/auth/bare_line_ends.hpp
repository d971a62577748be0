/// BareLineEnds: whether a body, or a field's value, holds a CR or an LF that is not half of a line end.
///
/// RFC 5322 sections 2.2 and 2.3 allow neither, and verifiers differ in what they make of them: a DKIM
/// signature over such octets proves nothing here. Text may come in pieces of any size. Thread-safety: a
/// plain value, for one thread at a time.
#pragma once

#include <span>

namespace defender::auth {

class BareLineEnds {
  public:
    void add(std::span<const char> octets);

    /// In what was added so far; a CR at its end has no LF yet.
    [[nodiscard]] bool has_cr() const noexcept { return cr_ || last_ == '\r'; }
    [[nodiscard]] bool has_lf() const noexcept { return lf_; }

  private:
    char last_ = '\0';
    bool cr_ = false;
    bool lf_ = false;
};

}  // namespace defender::auth
