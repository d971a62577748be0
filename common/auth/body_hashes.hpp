/// BodyHashes: the SHA-256 digests of one body that several signatures need, in one pass over it.
///
/// Source: RFC 6376 section 3.7. The body is canonicalized at most once in each form, however many signatures
/// there are and whatever their l=, and hashed no further than one of them needs. It may come in pieces of
/// any size. Thread-safety: for one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/auth/bare_line_ends.hpp"
#include "common/auth/canonicalization.hpp"

namespace defender::auth {

class BodyHashes {
  public:
    BodyHashes();
    ~BodyHashes();
    BodyHashes(const BodyHashes&) = delete;
    BodyHashes& operator=(const BodyHashes&) = delete;

    /// Before the first octet: the digest of the whole body, or of so many octets, will be wanted.
    void want(Canonicalization mode, std::optional<std::uint64_t> length);
    [[nodiscard]] bool any_wanted() const noexcept;
    void add(std::span<const char> octets);
    /// Ends the body. Call once.
    void finish();

    /// After finish(), of what was wanted: nothing where the canonical body is shorter than `length`.
    [[nodiscard]] std::optional<std::string> digest(Canonicalization mode,
                                                    std::optional<std::uint64_t> length) const;
    /// Of the whole canonical body, in a form that was wanted.
    [[nodiscard]] std::uint64_t octets(Canonicalization mode) const;
    /// Of the body as it came.
    [[nodiscard]] const BareLineEnds& bare_line_ends() const noexcept { return bare_line_ends_; }

  private:
    class Stream;
    [[nodiscard]] const std::unique_ptr<Stream>& stream(Canonicalization mode) const;

    std::array<std::unique_ptr<Stream>, 2> streams_;
    BareLineEnds bare_line_ends_;
};

}  // namespace defender::auth
