/// Evidence: all that is known about one message when it is judged. judge() sees this and the settings,
/// nothing else.
///
/// Clock, random draw, DNS answers and public suffix list have gone into it already, so a stored Evidence can
/// be judged again under other settings, by either standard of DMARC: the policies are those that RFC 7489
/// finds by the public suffix list, and `walked` is what RFC 9989's tree walks came by. Domains are
/// DomainName::text() (lower-case A-labels); empty means none. Source: RFC 7208, 6376, 7489, 8601, 8617,
/// 9989. Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/dmarc_record.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/utc_time.hpp"
#include "common/mail/author.hpp"

namespace defender::auth {

struct ClientEvidence {
    IpAddress address;
    bool local = false;  ///< not an IP client (a unix socket, local submission); never judged
    std::string name;    ///< as the MTA verified it; may be empty
    std::string helo;
    bool authenticated = false;  ///< SASL (the MTA's {auth_authen})
};

/// RFC 7208 section 2.6.
enum class SpfResult { none, neutral, pass, fail, softfail, temperror, permerror };
/// RFC 7208 sections 2.3 and 2.4. Only mail_from can align; a null sender's HELO counts as mail_from (2.4).
enum class SpfScope { mail_from, helo };

struct SpfEvidence {
    SpfScope scope = SpfScope::mail_from;
    SpfResult result = SpfResult::none;
    std::string domain;  ///< whose record was asked for; made printable where it is no DomainName
    std::string organizational_domain;  ///< of `domain`; empty where it is no DomainName
    std::string reason;                 ///< what decided: a term ("ip4:192.0.2.0/24"), or what went wrong
    unsigned terms = 0;                 ///< that cost a look-up (RFC 7208 4.6.4)
    unsigned void_lookups = 0;
};

/// RFC 8601 section 2.7.1; `none` is the absence of signatures and not listed here.
enum class DkimResult { pass, fail, neutral, policy, temperror, permerror };

/// One signature's verdict: an immutable tuple, never put together from several.
struct DkimEvidence {
    DkimResult result = DkimResult::neutral;
    std::string domain;                            ///< d=; made printable where it is no DomainName
    std::string organizational_domain;             ///< of d=; empty where it is no DomainName
    std::string selector;                          ///< s=
    std::string identity;                          ///< i=, or "@" + d
    std::string algorithm;                         ///< a=
    std::string signature_prefix;                  ///< first 8 characters of b= (RFC 6008)
    unsigned key_bits = 0;                         ///< 0 where no key was read
    bool verified = true;                          ///< false: over the limit of signatures, not looked at
    bool testing = false;                          ///< the key says t=y: makes no identifier
    std::optional<std::uint64_t> unsigned_octets;  ///< body octets that l= leaves out, where it leaves some
    std::string reason;                            ///< printable; empty for a plain pass
};

/// What DNS said about one author domain's policy (RFC 7489 section 6.6.3).
enum class PolicyOutcome { found, none, temperror };
/// Whether a domain exists (RFC 9989 section 3.2.13); not_known: nobody asked, or nothing waited for the
/// answer.
enum class DomainExistence { not_known, exists, does_not_exist, failed };

struct PolicyEvidence {
    std::string author_domain;
    std::string organizational_domain;
    PolicyOutcome outcome = PolicyOutcome::none;
    std::string policy_domain;  ///< where the record was found; empty unless found
    std::string
        record_text;     ///< as published, strings joined; printable, at most 4096 octets; empty unless found
    DmarcRecord record;  ///< parsed; meaningful where found
    std::string failure;  ///< for temperror: which question failed and how; for none: what was wrong with
                          ///< what was published, where something was; printable
    DomainExistence existence = DomainExistence::not_known;  ///< of the author domain
};

/// What DNS said at one name of a tree walk (RFC 9989 section 4.10): nothing there; records that are
/// discarded, several of them or one that is not valid; a record, with or without a policy; no answer; or
/// nothing waited for the answer.
enum class WalkAnswer { nothing, discarded, record, record_without_policy, failed, not_known };
struct WalkedName {
    std::string domain;
    WalkAnswer answer = WalkAnswer::not_known;
    std::string record_text;  ///< as in PolicyEvidence; empty unless a record counts
    DmarcRecord record;       ///< meaningful where a record counts
    std::string failure;      ///< of what failed, or was discarded; printable
};

/// RFC 8617 section 4.4. A temporary error counts as a failure (section 5.2.1), but is told from one.
enum class ArcResult { none, pass, fail, temperror };
/// Of one signature or seal of a chain; unchecked where the chain's verdict did not depend on it any more.
enum class ArcVerdict { unchecked, pass, fail, temperror };

struct ArcSetEvidence {
    unsigned instance = 0;
    std::string chain_status;      ///< cv= of the seal, lower case
    std::string seal_domain;       ///< d= of the ARC-Seal; made printable where it is no DomainName
    std::string seal_selector;     ///< s= of the ARC-Seal
    std::string signature_domain;  ///< d= and s= of the ARC-Message-Signature
    std::string signature_selector;
    ArcVerdict seal = ArcVerdict::unchecked;
    ArcVerdict signature = ArcVerdict::unchecked;
    /// What the set's ARC-Authentication-Results says behind its instance, on one line, in UTF-8; only of a
    /// chain that passes, at most 4096 octets (longer ones are left out) and 32768 of all sets together.
    std::string authentication_results;
};

struct ArcEvidence {
    ArcResult result = ArcResult::none;
    std::string reason;                ///< why it does not pass; printable
    unsigned oldest_pass = 0;          ///< RFC 8617 section 5.2, step 5; 0: all; meaningful where it passes
    std::vector<ArcSetEvidence> sets;  ///< by instance; of a chain that passes 1 to N
};

/// What was known of the client as a forwarder when the message came: learned from earlier mail
/// (forwarding_sighting.hpp), or said by the operator.
enum class ForwarderStatus { unknown, learned, confirmed, denied };
struct ForwarderEvidence {
    ForwarderStatus status = ForwarderStatus::unknown;
    std::string network;   ///< that the client is in, as forwarder_network() writes it; empty where unknown
    unsigned domains = 0;  ///< unrelated author domains whose mail it was learned from
};

struct Evidence {
    std::string queue_id;
    UtcSeconds received_at = 0;
    unsigned draw = 0;  ///< 0..99, for pct (RFC 7489 6.6.4): a message is sampled where draw < pct
    ClientEvidence client;
    std::string mail_from;  ///< the address as in the envelope, without brackets; empty for the null sender
    bool rewritten_sender = false;  ///< its local part is that of a forwarder (is_rewritten_sender())
    mail::AuthorStatus author_status = mail::AuthorStatus::missing;
    std::string author_reason;
    std::vector<std::string> author_addresses;  ///< local@domain, printable
    std::vector<SpfEvidence> spf;
    std::vector<DkimEvidence> dkim;
    ArcEvidence arc;
    std::vector<PolicyEvidence>
        policies;  ///< one for each different author domain, in the From field's order
    /// Each name once, in the order of the names; which of them a walk has follows from where it starts.
    std::vector<WalkedName> walked;
    std::string list_id;      ///< RFC 2919; empty where there is none
    std::string resent_from;  ///< domain of the first Resent-From field (RFC 5322 section 3.6.6); empty: none
    ForwarderEvidence forwarder;
    std::vector<std::string> limits_reached;  ///< names of the limits that cut something; record.* no verdict
    bool own_report_mail = false;  ///< from or to the address of our own reports: never reported on
};

[[nodiscard]] std::string_view to_string(SpfResult result) noexcept;
[[nodiscard]] std::string_view to_string(SpfScope scope) noexcept;
[[nodiscard]] std::string_view to_string(DkimResult result) noexcept;
[[nodiscard]] std::string_view to_string(PolicyOutcome outcome) noexcept;
[[nodiscard]] std::string_view to_string(DomainExistence existence) noexcept;
[[nodiscard]] std::string_view to_string(WalkAnswer answer) noexcept;
[[nodiscard]] std::string_view to_string(ArcResult result) noexcept;
[[nodiscard]] std::string_view to_string(ArcVerdict verdict) noexcept;
[[nodiscard]] std::string_view to_string(ForwarderStatus status) noexcept;

}  // namespace defender::auth
