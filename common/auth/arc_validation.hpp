/// ArcValidation: the Authenticated Received Chain of one message, and what sealing the message needs.
///
/// Source: RFC 8617 section 5.2. The newest ARC-Message-Signature and every ARC-Seal must verify; older
/// ARC-Message-Signatures are verified from the newest down until one does not, for oldest-pass. Keys are
/// judged as DKIM's are (dkim_key.hpp), among them RSA keys below dkim.min_rsa_bits, which never verify. An
/// l= that leaves body octets unsigned does not verify unless dkim.partial_body accepts that; an expired x=
/// does not. Where nothing failed for certain but a key could not be looked up, the result is temperror.
/// Keys are asked for all at once, at the end of the header, and only where the chain's structure is sound.
/// Order of calls, once the message's header is whole: end_of_headers(), the body added to the message,
/// when_keys_are_in(), finish(), take_message(). Thread-safety: one message's calls come one after another,
/// from any thread; keys may arrive at any time on the resolver's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/auth/arc_set.hpp"
#include "common/auth/evidence.hpp"
#include "common/auth/signed_message.hpp"
#include "common/auth/verifying_keys.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// What a sealer needs of a message.
struct ArcMessage {
    mail::HeaderFields header;
    ArcChain chain;
    ArcResult result = ArcResult::none;
    std::string body_hash;  ///< SHA-256 of the whole body in the relaxed form
};

class ArcValidation {
  public:
    /// `message` and `keys` outlive it.
    ArcValidation(SignedMessage& message, VerifyingKeys& keys, dns::Resolver& resolver,
                  const config::ArcSettings& arc, const config::DkimSettings& dkim, dns::Deadline deadline);
    ~ArcValidation();
    ArcValidation(const ArcValidation&) = delete;
    ArcValidation& operator=(const ArcValidation&) = delete;

    /// Says what of the body is wanted.
    void end_of_headers();
    /// Whether the message's header is needed until finish(), or take_message(). Meaningful after
    /// end_of_headers().
    [[nodiscard]] bool wants_header() const noexcept;
    /// Calls `handler` once, when no key is outstanding any more: perhaps at once, perhaps on the resolver's
    /// thread. Not called after the destructor, unless its call had begun.
    void when_keys_are_in(std::function<void()> handler);
    /// `now` is the time of receipt, for x=. Call once, after the end of the body and when_keys_are_in's
    /// handler.
    [[nodiscard]] ArcEvidence finish(UtcSeconds now);
    /// Whether the chain has more sets than arc.max_sets, and fails for it.
    [[nodiscard]] bool too_many_sets() const noexcept;
    /// After finish(), with the message's header; nothing where no sealing is configured.
    [[nodiscard]] std::optional<ArcMessage> take_message();

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace defender::auth
