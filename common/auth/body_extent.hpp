/// BodyExtent: how long a body is once canonicalized, and whether it has line ends that libopendkim misreads.
///
/// Source: RFC 6376 sections 3.4.3 and 3.4.4. libopendkim tells how many canonical octets it hashed, never
/// how many there were, and l= is about the difference. It also drops some CRs that no LF follows, which RFC
/// 5322 does not allow in a body: a signature over such a body proves nothing here. Body text may come in
/// pieces of any size. Thread-safety: a plain value, for one thread at a time.
#pragma once

#include <cstdint>
#include <span>

namespace defender::auth {

class BodyExtent {
  public:
    void add(std::span<const char> octets);

    /// Octets in the canonical form, of what was added so far; a missing CRLF at the end is counted in.
    [[nodiscard]] std::uint64_t simple_octets() const noexcept;
    [[nodiscard]] std::uint64_t relaxed_octets() const noexcept;
    [[nodiscard]] bool has_bare_cr() const noexcept { return bare_cr_ || pending_cr_; }
    [[nodiscard]] bool has_bare_lf() const noexcept { return bare_lf_; }
    /// False where the last line has no CRLF; true for an empty body.
    [[nodiscard]] bool ends_with_crlf() const noexcept { return line_octets_ == 0 && !pending_cr_; }

  private:
    void add_octet(char c);
    void end_line();

    std::uint64_t line_octets_ = 0;   ///< of the line that is not ended yet, as it stands
    std::uint64_t relaxed_line_ = 0;  ///< of the same line, white space reduced, none at its end
    bool blank_pending_ = false;      ///< white space that counts once something follows it
    bool pending_cr_ = false;
    bool bare_cr_ = false;
    bool bare_lf_ = false;
    std::uint64_t simple_ = 0;  ///< of all ended lines up to the last that is not empty
    std::uint64_t relaxed_ = 0;
    std::uint64_t simple_empty_ = 0;  ///< empty lines since then
    std::uint64_t relaxed_empty_ = 0;
};

}  // namespace defender::auth
