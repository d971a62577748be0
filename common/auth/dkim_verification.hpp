/// DkimVerification: every DKIM signature of one message, each with a verdict of its own, by libopendkim; by
/// eai_signatures.hpp where its field is not ASCII, which libopendkim does not read.
///
/// Source: RFC 6376, 8301, 8463, 8616; results as RFC 8601 section 2.7.1. What a fault in the field itself
/// gives stands in dkim_signature.hpp, a fault of the key in dkim_key.hpp; both parsers have checked
/// everything before libopendkim sees any of it. Besides: a body or header hash that differs, or l= larger
/// than the body, is `fail`; octets in the signed part that libopendkim does not hash as RFC 6376 says are
/// `neutral`; a signature beyond the limit is `policy` with verified=false. A key is asked for as soon as its
/// signature's header field is known. Bounded: at most 100 refused signatures and 100 beyond the limit are
/// recorded; further ones leave no evidence. Order of calls: header()*, end_of_headers(), body()*,
/// when_keys_are_in(), finish(). Thread-safety: one message's calls come one after another, from any thread;
/// keys may arrive at any time on the resolver's thread. DkimLibrary is shared by all messages and
/// thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// libopendkim, set up once for a process.
class DkimLibrary {
  public:
    /// Throws std::runtime_error where libopendkim cannot be set up (a failure at start-up).
    DkimLibrary();
    ~DkimLibrary();
    DkimLibrary(const DkimLibrary&) = delete;
    DkimLibrary& operator=(const DkimLibrary&) = delete;

    struct Handle;
    [[nodiscard]] Handle& handle() const noexcept { return *handle_; }

  private:
    std::unique_ptr<Handle> handle_;
};

class DkimVerification {
  public:
    /// `aligned` says whether a signing domain could align with the author domain; such a signature is never
    /// the one left out where there are more signatures than settings.max_signatures.
    using Aligned = std::function<bool(const DomainName& signing_domain)>;

    DkimVerification(std::shared_ptr<const DkimLibrary> library, dns::Resolver& resolver,
                     const config::DkimSettings& settings, dns::Deadline deadline);
    ~DkimVerification();
    DkimVerification(const DkimVerification&) = delete;
    DkimVerification& operator=(const DkimVerification&) = delete;

    void header(const mail::HeaderField& field);
    void end_of_headers(const Aligned& aligned);
    /// False where no signature is to be verified. Where l= ends a signed part early the rest is still
    /// wanted, so that unsigned_octets is exact. Meaningful after end_of_headers().
    [[nodiscard]] bool wants_body() const noexcept;
    void body(std::span<const char> octets);
    /// Calls `handler` once, when no key is outstanding any more: perhaps at once, perhaps on the resolver's
    /// thread. Not called after the destructor, unless its call had begun.
    void when_keys_are_in(std::function<void()> handler);
    /// The verdicts in the order of the header fields. `now` is the time of receipt, for t= and x=.
    /// organizational_domain is left empty. libopendkim's own clock has no say. Call once, after
    /// when_keys_are_in's handler has run.
    [[nodiscard]] std::vector<DkimEvidence> finish(UtcSeconds now);

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace defender::auth
