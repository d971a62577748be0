/// SignedHeader: the digests of a header that signatures sign: DKIM's way of choosing fields, and ARC's.
///
/// Source: RFC 6376 sections 3.7 and 5.4.2; RFC 8617 section 5.1.1. Each field is canonicalized at most once
/// in each form, however many signatures cover it. Thread-safety: for one thread at a time; the header must
/// outlive it and stay as it is.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/arc_set.hpp"
#include "common/auth/canonicalization.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

class SignedHeader {
  public:
    explicit SignedHeader(const mail::HeaderFields& header);

    /// SHA-256 of the fields that `names` (lower case) lists, of each name from the bottom up, and of
    /// `signature` itself with its b= empty. `signature` is never taken for one of the fields where it is one
    /// of the header.
    [[nodiscard]] std::string signature_digest(const std::vector<std::string>& names, Canonicalization mode,
                                               const mail::HeaderField& signature);

    /// Where in the header fields with this name stand (lower case), from the bottom up.
    [[nodiscard]] std::span<const std::size_t> positions(std::string_view name) const;
    [[nodiscard]] const mail::HeaderFields& fields() const noexcept { return header_; }

  private:
    /// The field in its canonical form, with its line end.
    [[nodiscard]] const std::string& line(std::size_t position, Canonicalization mode);

    const mail::HeaderFields& header_;
    std::vector<std::size_t> by_name_;  ///< positions by name, those of one name from the bottom up
    std::array<std::vector<std::string>, 2> lines_;  ///< of each form by position; empty until needed
};

/// SHA-256 of what each seal of the chain signs: the sets before it, its own other two fields, and itself
/// with its b= empty. In the order of the instances.
[[nodiscard]] std::vector<std::string> seal_digests(const mail::HeaderFields& header,
                                                    const std::vector<ArcSet>& sets);

/// The same for a seal that is being made: behind `sets`, which are none where the chain has failed (section
/// 5.1.2).
[[nodiscard]] std::string new_seal_digest(const mail::HeaderFields& header, const std::vector<ArcSet>& sets,
                                          const mail::HeaderField& authentication_results,
                                          const mail::HeaderField& message_signature,
                                          const mail::HeaderField& seal);

}  // namespace defender::auth
