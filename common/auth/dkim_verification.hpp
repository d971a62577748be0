/// DkimVerification: every DKIM signature of one message, each with a verdict of its own.
///
/// Source: RFC 6376, 8301, 8463, 8616; results as RFC 8601 section 2.7.1. What a fault in the field itself
/// gives stands in dkim_signature.hpp, a fault of the key in dkim_key.hpp; for a signature whose field has a
/// fault nothing is hashed. Besides: a body or header hash that differs, or l= larger than the body, is
/// `fail`; octets in the signed part that verifiers do not hash alike are `neutral`; a signature beyond the
/// limit is `policy` with verified=false. Internationalized signatures are hashed as they stand (RFC 8616
/// section 5). A key is asked for as soon as its signature's header field is known. Bounded: at most 100
/// refused signatures and 100 beyond the limit are recorded; further ones leave no evidence. Order of
/// calls: field_added()*, end_of_headers(), the body added to the message, when_keys_are_in(), finish().
/// Thread-safety: one message's calls come one after another, from any thread; keys may arrive at any time on
/// the resolver's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/auth/signed_message.hpp"
#include "common/auth/verifying_keys.hpp"
#include "common/base/domain_name.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

class DkimVerification {
  public:
    /// `aligned` says whether a signing domain could align with the author domain; such a signature is never
    /// the one left out where there are more signatures than settings.max_signatures.
    using Aligned = std::function<bool(const DomainName& signing_domain)>;

    /// `message` and `keys` outlive it.
    DkimVerification(SignedMessage& message, VerifyingKeys& keys, dns::Resolver& resolver,
                     const config::DkimSettings& settings, dns::Deadline deadline);
    ~DkimVerification();
    DkimVerification(const DkimVerification&) = delete;
    DkimVerification& operator=(const DkimVerification&) = delete;

    /// The last field of the message's header is a new one.
    void field_added();
    /// Says what of the body is wanted. The message's header is not needed any more after this. Where l= ends
    /// a signed part early the rest is still wanted, so that unsigned_octets is exact.
    void end_of_headers(const Aligned& aligned);
    /// Calls `handler` once, when no key is outstanding any more: perhaps at once, perhaps on the resolver's
    /// thread. Not called after the destructor, unless its call had begun.
    void when_keys_are_in(std::function<void()> handler);
    /// The verdicts in the order of the header fields. `now` is the time of receipt, for t= and x=.
    /// organizational_domain is left empty. Call once, after the end of the body and when_keys_are_in's
    /// handler.
    [[nodiscard]] std::vector<DkimEvidence> finish(UtcSeconds now);

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace defender::auth
