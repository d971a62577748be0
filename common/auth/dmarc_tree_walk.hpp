/// DmarcTreeWalk: what RFC 9989's DNS tree walk makes of the names that were asked for.
///
/// Source: RFC 9989 sections 4.10 to 4.10.2. A walk goes from a domain up to its top-level domain, at most
/// eight names: where the domain has more than seven labels it goes on at its last seven. It ends at a record
/// with psd=y or psd=n. All that is asked for stands in Evidence::walked, one entry a name, so that the walks
/// of one message share what they have in common. Several records at one name, and a record that is not
/// valid, are discarded: the walk goes on. A record that gives no policy (section 4.10.1) is a record all the
/// same: the walk and the organizational domain go by it, and where it is the one to be applied there is no
/// policy.
///
/// A name that failed, or that is not known, stays that: what depends on it is temperror or unknown, never
/// what the next name says. Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/alignment.hpp"
#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

inline constexpr std::size_t max_walk_names = 8;

/// From the domain itself upwards.
[[nodiscard]] std::vector<DomainName> tree_walk_names(const DomainName& start);

/// What an answer to the question for TXT records at _dmarc.`domain` is in a walk.
[[nodiscard]] WalkedName walked_name(const DomainName& domain, const dns::Answer& answer);

/// Keeps the order of the names, by which find_walked() finds them.
void add_walked(std::vector<WalkedName>& walked, WalkedName name);
/// Null where nothing was asked.
[[nodiscard]] const WalkedName* find_walked(std::span<const WalkedName> walked,
                                            std::string_view domain) noexcept;
/// True where it is certain what stands at the name.
[[nodiscard]] bool is_certain(const WalkedName* name) noexcept;
[[nodiscard]] bool has_record(const WalkedName* name) noexcept;
/// True where a walk that has come to this name ends there.
[[nodiscard]] bool ends_walk(const WalkedName* name) noexcept;

/// Every domain that may be the organizational domain of `start`, as far as is known: where all that counts
/// is certain, that one alone; never none.
[[nodiscard]] std::vector<std::string> possible_organizational_domains(std::span<const WalkedName> walked,
                                                                       const DomainName& start);

/// The policy for an author domain (section 4.10.1): its own record, else that of its organizational domain,
/// else that of the public suffix above. `author` gives the author domain and its existence; the rest of the
/// result comes from the walk, organizational_domain being empty where it is not certain.
[[nodiscard]] PolicyEvidence tree_walk_policy(std::span<const WalkedName> walked,
                                              const PolicyEvidence& author);

/// Whether a domain has the same organizational domain as the author domain (section 4.10.2).
[[nodiscard]] AlignmentResult tree_walk_alignment(std::span<const WalkedName> walked, std::string_view domain,
                                                  std::string_view author_domain);

/// The walk in words, for an explanation: "mail.example.com nothing, example.com record, com nothing".
[[nodiscard]] std::string describe_tree_walk(std::span<const WalkedName> walked, const DomainName& start);

}  // namespace defender::auth
