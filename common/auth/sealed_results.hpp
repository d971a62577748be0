/// Sealed results: what the ARC-Authentication-Results fields of a chain say, kept as evidence and read.
///
/// Source: RFC 8617 sections 4.1.1 and 7.2. A sealer's results are worth as much as the sealer is trusted;
/// that is for the judgement (arc_override.hpp). Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/auth/arc_set.hpp"
#include "common/auth/evidence.hpp"
#include "common/base/ip_address.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// Fills in authentication_results of each set, within the limits that stand there.
void keep_sealed_results(const mail::HeaderFields& header, const std::vector<ArcSet>& sets,
                         std::vector<ArcSetEvidence>& evidence);

/// What a sealer found out about one author domain.
enum class SealedVerdict { nothing, pass, fail };

/// A dmarc result with header.from of this very domain decides: any fail is a fail, and then any pass a pass;
/// none, temperror and permerror say nothing. Where there is no dmarc result for it at all, a pass of spf for
/// smtp.mailfrom, or of dkim for header.d or header.i, at this very domain is a pass: some sealers look at no
/// policy. Text that is no Authentication-Results value says nothing.
[[nodiscard]] SealedVerdict sealed_verdict(std::string_view results, std::string_view author_domain);

/// Where the message came from when the set was made: smtp.remote-ip of any result, or else policy.iprev
/// (RFC 8601 section 2.7.3).
[[nodiscard]] std::optional<IpAddress> sealed_remote_ip(std::string_view results);

}  // namespace defender::auth
