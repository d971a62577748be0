/// Alignment: which results authenticate an identifier, and whether that identifier aligns with the author
/// domain.
///
/// Source: RFC 7489 sections 3.1 and 4.1; RFC 9989 sections 4.4 and 4.10.2. Nothing is looked up: the
/// organizational domains, or the names of the tree walks, stand in the evidence. Thread-safety: pure
/// functions on values. Failure: none; an empty domain never aligns.
#pragma once

#include <string_view>

#include "common/auth/dmarc_record.hpp"
#include "common/auth/evidence.hpp"
#include "common/config/settings.hpp"

namespace defender::auth {

/// A domain and its organizational domain, both lower-case A-labels; a public suffix is its own
/// organizational domain.
struct Identifier {
    std::string_view domain;
    std::string_view organizational_domain;
};
[[nodiscard]] Identifier identifier(const SpfEvidence& spf) noexcept;
[[nodiscard]] Identifier identifier(const DkimEvidence& dkim) noexcept;
[[nodiscard]] Identifier identifier(const PolicyEvidence& author) noexcept;

/// Strict: the same domain. Relaxed: the same organizational domain, so that a public suffix aligns with
/// nothing but itself: no name below it has it as organizational domain.
[[nodiscard]] bool aligned(const Identifier& authenticated, const Identifier& author,
                           AlignmentMode mode) noexcept;

/// not_known: a DNS failure, or an answer that was not waited for, hides an organizational domain.
enum class AlignmentResult { no, yes, not_known };
/// By either standard; `policy` is the one that the author domain is judged by.
[[nodiscard]] AlignmentResult alignment(const Identifier& authenticated, const PolicyEvidence& policy,
                                        AlignmentMode mode, const Evidence& evidence,
                                        config::DmarcStandard standard);

/// True where the result authenticates its domain: pass, for SPF only of the MAIL FROM identity (a HELO
/// identity authenticates nothing for DMARC, section 4.1), for DKIM only by a key that is not in testing (RFC
/// 6376 section 3.6.1) and over the whole body, unless partial bodies are accepted.
[[nodiscard]] bool authenticates(const SpfEvidence& spf) noexcept;
[[nodiscard]] bool authenticates(const DkimEvidence& dkim, config::PartialBody partial_body) noexcept;

/// True where a temporary error stands in the place of what might have authenticated the domain.
[[nodiscard]] bool might_authenticate(const SpfEvidence& spf) noexcept;
[[nodiscard]] bool might_authenticate(const DkimEvidence& dkim, config::PartialBody partial_body) noexcept;

}  // namespace defender::auth
