/// PublicSuffixList: organizational domains by the public suffix list (libpsl).
///
/// Source: RFC 7489 section 3.2. Immutable after loading; thread-safe.
#pragma once

#include <memory>
#include <string>

#include "common/base/domain_name.hpp"
#include "common/base/result.hpp"

namespace defender::auth {

class PublicSuffixList {
  public:
    /// From a file, or with an empty path from the newest of Debian's list and libpsl's built-in one. No list is an
    /// error (V30): without one every alignment would be guessed.
    [[nodiscard]] static Result<std::shared_ptr<const PublicSuffixList>> load(const std::string& path);
    virtual ~PublicSuffixList() = default;

    /// The registrable domain; a name that is itself a public suffix is its own organizational domain.
    [[nodiscard]] virtual DomainName organizational_domain(const DomainName& name) const = 0;
    [[nodiscard]] virtual bool is_public_suffix(const DomainName& name) const = 0;

  protected:
    PublicSuffixList() = default;
    PublicSuffixList(const PublicSuffixList&) = default;
    PublicSuffixList& operator=(const PublicSuffixList&) = default;
};

}  // namespace defender::auth
