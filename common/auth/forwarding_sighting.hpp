/// A forwarding sighting: one message by which its client looks like a forwarder.
///
/// A forwarder hands on the mail of others as it is: the envelope still names the author's domain, so that
/// SPF fails for the forwarder's address (RFC 7208 section 10.3), while the author's own signature still
/// holds. Who forges mail cannot sign it, and who sends it by right passes SPF. One such message may be a
/// mistake in an SPF record; a client seen with many unrelated domains is known as a forwarder
/// (known_forwarders.hpp). Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <optional>
#include <string>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/base/ip_prefix.hpp"
#include "common/base/utc_time.hpp"

namespace defender::auth {

/// What a sighting of this client counts for: an IPv4 address itself, the /64 that an IPv6 address is in, as
/// one host may use any address there. Its text is what is stored and shown.
[[nodiscard]] IpPrefix forwarder_network(const IpAddress& client);

struct ForwardingSighting {
    std::string network;  ///< the client's forwarder_network()
    std::string domain;   ///< the author's organizational domain: domains with different ones are unrelated
    UtcDay day;           ///< on which the message came
    bool operator==(const ForwardingSighting&) const = default;
};

/// Nothing unless, for an author domain of a message that was judged, the MAIL FROM identity is aligned and
/// its SPF result is fail or softfail, and an aligned signature authenticates. Aligned is meant in relaxed
/// mode, by the public suffix list, whatever the policy asks for and whether or not there is one. A rewritten
/// envelope is no sighting, since large senders look like that. Nothing where settings.indirect is not
/// enabled.
[[nodiscard]] std::optional<ForwardingSighting> forwarding_sighting(const Evidence& evidence,
                                                                    const JudgeSettings& settings);

}  // namespace defender::auth
