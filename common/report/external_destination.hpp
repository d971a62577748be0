/// External destinations: may reports about one domain go to an address in another?
///
/// Where the organizational domains differ, the destination must say so by a TXT record at
/// <policy-domain>._report._dmarc.<destination host>; an rua in it replaces the address where its host is the
/// same. Source: RFC 7489 section 7.1; RFC 9990 section 4. A failure of DNS is neither yes nor no.
/// Thread-safety: free functions; `answered` runs as the Resolver's handlers do.
#pragma once

#include <functional>
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
    std::string reason;  ///< what was asked and what came back; for people
};

/// The mailbox of a mailto URI, percent-decoded, without "!size" and header fields; nothing for other URIs.
[[nodiscard]] std::optional<std::string> mailbox_of(std::string_view uri);

[[nodiscard]] DestinationVerdict verify_destination(std::string_view policy_domain, std::string_view address,
                                                    const auth::PublicSuffixList& suffixes,
                                                    dns::Resolver& resolver, dns::Deadline deadline);

}  // namespace defender::report
