/// The verdict of one message as the content of its Authentication-Results field.
///
/// Source: RFC 8601 sections 2.2 and 2.7, RFC 6008 (header.b), RFC 7489 section 11.1, RFC 8617 section 6,
/// RFC 9989 section 9.1. In order:
///   - spf: the MAIL FROM identity only, smtp.mailfrom with the domain; of a null sender smtp.helo, the
///   identity that
///     was checked in its place (RFC 7208 section 2.4);
///   - dkim: one line for each signature that was verified, dkim=none where the message has no signature;
///   - arc: one line, smtp.remote-ip with the client's address and, where the chain passes,
///   header.oldest-pass;
///   - dmarc: one line, also for several author domains: the one that decides. A dmarc=pass for another
///   author beside
///     it would let a filter that looks for that text take a failed message for a good one. policy.dmarc is
///     what the record asks for (p, sp or np; with RFC 9989, whose section 9.1 defines it so, after t=y),
///     where there is a record. An author that cannot be used gives
///     permerror with the reason, and no header.from.
/// Methods not run are left out. For a message that was exempted there are no results at all, and no field is
/// to be added. Values are as they stand in the evidence; mail::encode() makes them safe. Thread-safety: a
/// pure function. Failure: none.
#pragma once

#include <string_view>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/mail/authentication_results.hpp"

namespace defender::auth {

[[nodiscard]] mail::AuthenticationResults verdict_header(const Evidence& evidence, const Judgement& judgement,
                                                         std::string_view authserv_id);

}  // namespace defender::auth
