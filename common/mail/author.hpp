/// Author: who a message says wrote it, taken from its From field by a real RFC 5322 parser.
///
/// Source: RFC 5322 sections 3.4, 3.6.2 and 4.4 (obsolete forms), RFC 6532 (UTF-8), RFC 7489 section 6.6.1.
/// The one parse serves look-up, alignment, log and record. Time is linear in the input; limits bound what is
/// kept.
///
/// What is decided where the grammar leaves room, or real mail leaves the grammar:
/// - Display names and comments never matter and may hold octets that are not UTF-8 (old mail in 8-bit
/// character sets);
///   in the address itself such octets are malformed. Encoded words (RFC 2047) are atoms like others.
/// - A name without an address is malformed, and so is an unquoted comma in a display name: `Acme, Inc.
/// <u@d>`.
/// - NUL, and CR and LF that are not part of a fold, are malformed wherever they stand.
/// - Dots may lead, end or be doubled in a local part; a single dot at the end of a domain is dropped.
/// - Groups count by their members; where only empty groups are there, the status is no_domain.
/// - Every address must have a usable domain; one that has none makes the whole field no_domain.
/// - malformed outranks no_domain, and that too_many_domains.
/// Thread-safety: pure functions on values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/domain_name.hpp"
#include "common/base/result.hpp"
#include "common/mail/header_field.hpp"

namespace defender::mail {

/// One address. `local_part` is unquoted octets (RFC 5322 3.4.1), perhaps UTF-8.
struct Mailbox {
    std::string local_part;
    DomainName domain;
    bool operator==(const Mailbox&) const = default;
};

enum class AuthorStatus {
    ok,
    missing,          ///< no From field
    multiple_fields,  ///< more than one From field
    malformed,        ///< not an RFC 5322 mailbox list, obsolete forms included
    no_domain,        ///< an address whose domain is no DomainName (address literal, odd octets, none at all)
    too_many_domains,  ///< more different author domains than the limit
};
[[nodiscard]] std::string_view to_string(AuthorStatus status) noexcept;

struct Author {
    AuthorStatus status = AuthorStatus::missing;
    std::vector<Mailbox> mailboxes;   ///< in order, the first 100; filled for `ok` only
    std::vector<DomainName> domains;  ///< each different one once, in order; filled for `ok` only
    std::string reason;               ///< for what is not ok: one sentence, printable
};

/// Parses the value of one From field. `max_domains` is the number of different domains allowed.
[[nodiscard]] Author parse_from(std::string_view value, std::size_t max_domains);

/// The author of a message: finds the From fields (names compared without case, blanks before the colon
/// ignored) and parses the one there is.
[[nodiscard]] Author author_of(const HeaderFields& fields, std::size_t max_domains);

/// Parses an envelope address as it stands in MAIL FROM (RFC 5321 section 4.1.2), with or without angle
/// brackets:
/// "<>" and "" give an empty local part and no domain. Blanks around it and a source route are dropped.
/// `domain_text` is what stands behind the last '@' outside quotes, as received: all of it, so that odd
/// octets make it no DomainName. Brackets that are not a pair around the whole stay. Never fails.
struct EnvelopeAddress {
    bool null_sender = false;
    std::string local_part;   ///< as received (quotes kept), for SPF's macros
    std::string domain_text;  ///< as received; empty where there is no '@'
};
[[nodiscard]] EnvelopeAddress parse_envelope_address(std::string_view text);

/// The list identifier inside a List-Id field (RFC 2919), lower case, without brackets and white space; empty
/// where there is none. Whatever stands before the brackets is description and may be anything; nothing
/// stands behind them.
[[nodiscard]] std::string parse_list_id(std::string_view value);

}  // namespace defender::mail
