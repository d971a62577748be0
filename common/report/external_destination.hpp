/// External destinations: may reports about one domain go to an address in another?
///
/// Where the organizational domains differ, the destination must say so by a TXT record at
/// <policy-domain>._report._dmarc.<destination host>. An rua in it replaces the address, and must stay at the
/// same host: one that leads elsewhere forbids both. A failure of DNS is neither yes nor no. Source: RFC 7489
/// section 7.1; RFC 9990 section 4; RFC 6068 for mailto. Thread-safety: free functions; those that ask wait
/// for the resolver's thread and must not be called on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/public_suffix_list.hpp"
#include "common/dns/resolver.hpp"

namespace defender::report {

enum class Permission { yes, no, unknown };
struct DestinationVerdict {
    Permission permission = Permission::unknown;
    std::vector<std::string>
        addresses;       ///< for yes: where it goes; the address itself, or those that replace it
    std::string reason;  ///< what was asked and what came back; for people, printable
};

/// The mailbox of a mailto URI, percent-decoded, without "!size" and header fields; its host is a DomainName.
/// Nothing for other URIs, and for local parts that would need quoting in SMTP: no report address has one,
/// and an attacker's would.
[[nodiscard]] std::optional<std::string> mailbox_of(std::string_view uri);

/// One address, and the domain whose policy record names it.
struct DestinationQuestion {
    std::string policy_domain;
    std::string address;  ///< as mailbox_of() gives it
};
/// One verdict for each, in their order. All that must be asked is asked at once.
[[nodiscard]] std::vector<DestinationVerdict> verify_destinations(
    const std::vector<DestinationQuestion>& questions, const auth::PublicSuffixList& suffixes,
    dns::Resolver& resolver, dns::Deadline deadline);

[[nodiscard]] DestinationVerdict verify_destination(std::string_view policy_domain, std::string_view address,
                                                    const auth::PublicSuffixList& suffixes,
                                                    dns::Resolver& resolver, dns::Deadline deadline);

}  // namespace defender::report
