/// PublicSuffixList: organizational domains by the public suffix list (libpsl).
///
/// Source: RFC 7489 section 3.2; the format and the algorithm are those of publicsuffix.org. The whole list
/// counts, its private section (blogspot.com and the like) too: customers of one such suffix are as foreign
/// to each other as customers of one registry. A top-level domain that the list does not name is a public
/// suffix (its implicit `*`). Immutable after loading; thread-safe. Failure: load() gives an Error; look-ups
/// cannot fail.
#pragma once

#include <memory>
#include <string>

#include "common/base/domain_name.hpp"
#include "common/base/result.hpp"

namespace defender::auth {

class PublicSuffixList {
  public:
    /// From a file (the list's text or libpsl's DAFSA form), or with an empty path from the newest of
    /// Debian's list and libpsl's built-in one. No list, or one without a single rule, is an error: without
    /// one every alignment would be guessed.
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
